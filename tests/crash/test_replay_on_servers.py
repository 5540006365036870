"""A replay of our own messages, with people who act, on real servers: killed, resumed, and the same to the byte."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backbone.distributed.connections import Connections
from tests.rooms import Servers, environment, room
from webcare.rehearsal.script import rehearsal, write_replay

END = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
LEAST_LINES = 450
KILLED_AFTER_S = (4.0, 6.0)

pytestmark = [pytest.mark.slow, pytest.mark.servers]


def start(
    file: Path, report: Path, *options: str, variables: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    webcare = [sys.executable, "-c", "from webcare.cli import main; main()", "replay", str(file)]
    return subprocess.Popen(
        [*webcare, "--report-json", str(report), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(variables or {})},
    )


def finish(process: "subprocess.Popen[bytes]", report: Path) -> bytes:
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    return report.read_bytes()


def killed(process: "subprocess.Popen[bytes]", after_s: float) -> bool:
    """Kill it; False if it was done before."""
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


def on_servers(file: Path, folder: Path, connections: Connections, name: str) -> "subprocess.Popen[bytes]":
    report = folder / f"{name}.json"
    return start(file, report, "--servers", "--data", str(folder / name), variables=environment(connections))


def test_a_replay_on_servers_says_the_same_as_in_a_folder_also_after_kills(tmp_path: Path, servers: Servers) -> None:
    file = tmp_path / "rehearsal.ndjson"
    write_replay(rehearsal(3, END, 1), file)
    assert len(file.read_text().splitlines()) >= LEAST_LINES
    embedded = finish(start(file, tmp_path / "folder.json"), tmp_path / "folder.json")
    with room(servers) as connections:
        assert finish(on_servers(file, tmp_path, connections, "whole"), tmp_path / "whole.json") == embedded
    with room(servers) as connections:
        kills = sum(killed(on_servers(file, tmp_path, connections, "broken"), after) for after in KILLED_AFTER_S)
        assert kills
        assert finish(on_servers(file, tmp_path, connections, "broken"), tmp_path / "broken.json") == embedded
