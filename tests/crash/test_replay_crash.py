"""kill -9 at random moments of a replay, again and again: the same report, to the byte."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from webcare.rehearsal.script import rehearsal, write_replay

END = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
KILLS = 10
START_S = 1.5
"""What a start takes before it goes on with the work."""
SHARED = Path(__file__).parents[3] / "shared" / "data" / "airline" / "replay.csv"

pytestmark = pytest.mark.slow


def command(file: Path, data: Path, report: Path) -> list[str]:
    webcare = [sys.executable, "-c", "from webcare.cli import main; main()"]
    return [*webcare, "replay", str(file), "--data", str(data), "--report-json", str(report)]


def run(file: Path, data: Path, report: Path) -> bytes:
    done = subprocess.run(command(file, data, report), capture_output=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return report.read_bytes()


def kill_after(file: Path, data: Path, report: Path, seconds: float) -> bool:
    """Start it and kill it; False if it was done before."""
    process = subprocess.Popen(
        command(file, data, report), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def killed_again_and_again(file: Path, data: Path, report: Path, whole_s: float) -> tuple[bytes, int]:
    dice = random.Random(7)
    kills = 0
    while kills < KILLS and kill_after(file, data, report, START_S + dice.uniform(0.02, 0.13) * whole_s):
        kills += 1
    return run(file, data, report), kills


def compare(file: Path, tmp_path: Path) -> int:
    began = time.monotonic()
    whole = run(file, tmp_path / "whole", tmp_path / "whole.json")
    took = time.monotonic() - began
    broken, kills = killed_again_and_again(file, tmp_path / "broken", tmp_path / "broken.json", took)
    assert broken == whole
    return kills


def test_a_replay_killed_at_ten_moments_ends_with_the_same_report(tmp_path: Path) -> None:
    """Own messages with people who act: the same items, incidents and pages, nothing lost, nothing twice."""
    file = tmp_path / "rehearsal.ndjson"
    write_replay(rehearsal(3, END, 1), file)
    assert compare(file, tmp_path) >= 5


@pytest.mark.skipif(not SHARED.exists(), reason=f"left out: the airline replay is not here ({SHARED.name})")
@pytest.mark.skipif("WEBCARE_LONG_TESTS" not in os.environ, reason="left out: set WEBCARE_LONG_TESTS=1 (15 min)")
def test_the_airline_replay_killed_at_ten_moments_ends_with_the_same_report(tmp_path: Path) -> None:
    """14,640 real messages."""
    assert compare(SHARED, tmp_path) == KILLS
