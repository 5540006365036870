"""Processes by pid and start time."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.errors import ServerTrouble
from servers.process import Identity, Process, identify, write_json

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = ["sh", "-c", "sleep 600 & sleep 600"]
DEAF = ["sh", "-c", "trap '' TERM; echo listening; while :; do sleep 1; done"]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path / "server.process")
    yield made
    made.kill()


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def pids(folder: Path) -> list[int]:
    return [found[0] for found in Process(folder / "server.process")._read()[0]]


def test_another_process_can_stop_it_by_its_record(process: Process, tmp_path: Path) -> None:
    process.launch(SLEEPER, os.environ)
    other = Process(tmp_path / "server.process")
    assert other.alive()
    other.stop()
    assert not process.alive()


def test_a_stranger_with_the_same_pid_is_left_alone(process: Process, tmp_path: Path) -> None:
    process.launch(SLEEPER, os.environ)
    (pid,) = pids(tmp_path)
    record = tmp_path / "old.process"
    write_json(record, {"processes": [[pid, "earlier"]], "stop": signal.SIGTERM})
    old = Process(record)
    assert not old.alive()
    old.stop()
    old.kill()
    assert process.alive()


def test_kill_takes_the_children_too(process: Process, tmp_path: Path) -> None:
    process.launch(PARENT, os.environ)
    (parent,) = pids(tmp_path)
    process.await_ready(lambda: len(process._family()) == 3, 20)
    family = process._family()
    os.kill(parent, signal.SIGKILL)
    assert process.alive(), "the children live on and are known"
    process.kill()
    assert not any(each.alive() for each in family)


def test_who_does_not_listen_is_killed(process: Process) -> None:
    process.launch(DEAF, os.environ)
    process.await_ready(lambda: "listening" in process.log.read_text(), 20)
    process.stop(0.2)
    assert not process.alive()


def test_a_paused_server_hangs_and_goes_on(process: Process, tmp_path: Path) -> None:
    process.launch(SLEEPER, os.environ)
    (pid,) = pids(tmp_path)
    process.pause()
    assert state(pid) == "T"
    assert process.alive()
    process.resume()
    assert state(pid) != "T"


def test_who_dies_at_the_start_is_reported_with_its_log(process: Process) -> None:
    process.launch(["sh", "-c", "echo the port is taken; exit 1"], os.environ)
    with pytest.raises(ServerTrouble, match=r"server died.\s+The end of its log:\s+the port is taken"):
        process.await_ready(lambda: False, 20)


def test_what_runs_is_not_started_twice(process: Process) -> None:
    process.launch(SLEEPER, os.environ)
    with pytest.raises(ServerTrouble, match="runs already"):
        process.launch(SLEEPER, os.environ)


def test_nobody_is_identified_where_nobody_runs() -> None:
    me = identify(os.getpid())
    assert me
    assert me.alive()
    assert identify(2**22 + 1) is None
    assert not Identity(os.getpid(), "earlier").alive()
