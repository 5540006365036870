"""Runs: who answers for them, what is cleared, what is shared."""

import os
import sys
from pathlib import Path

import pytest

from servers import run as runs
from servers import shared
from servers.errors import ServerTrouble
from servers.fetch import cached
from servers.process import Identity, Process, identify
from servers.run import CACHE, Run, cache_folder
from servers.shared import Kind

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
GONE = Identity(os.getpid(), "earlier")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for runs that no other test sees."""
    monkeypatch.setattr(runs, "runs_folder", lambda: tmp_path / "runs")
    monkeypatch.setattr(shared, "runs_folder", lambda: tmp_path / "runs")
    return tmp_path / "runs"


def me() -> Identity:
    found = identify(os.getpid())
    assert found
    return found


def server_in(run: Run) -> Process:
    process = Process(run.new_folder("sleeper") / "sleeper.process")
    process.launch(SLEEPER, os.environ)
    return process


def test_the_next_run_clears_what_a_killed_one_left(folder: Path) -> None:
    killed = Run.named(folder / "killed", GONE)
    left = server_in(killed)
    assert left.alive()
    Run.named(folder / "next", me())
    assert not left.alive()
    assert not killed.folder.exists()


def test_a_run_whose_owner_lives_and_a_kept_one_stay(folder: Path) -> None:
    mine, kept = Run.named(folder / "mine", me()), Run.named(folder / "kept", me())
    kept.keep()
    servers = [server_in(mine), server_in(kept)]
    Run.named(folder / "next", me())
    assert all(each.alive() for each in servers)
    mine.stop()
    kept.stop()
    assert not any(each.alive() for each in servers)
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == ["next"]


def test_an_earlier_run_of_the_same_pid_is_not_taken_for_ours(folder: Path) -> None:
    left = server_in(Run.named(folder / "run-1", GONE))
    Run.named(folder / "run-1", me())
    assert not left.alive()
    assert not Run(folder / "run-1").abandoned()


def test_stopping_twice_is_harmless(folder: Path) -> None:
    run = Run.named(folder / "run", me())
    server_in(run)
    run.stop()
    run.stop()
    assert not run.folder.exists()


def test_what_one_started_is_there_for_all(folder: Path) -> None:
    begun: list[str] = []

    def start() -> str:
        begun.append("started")
        return "127.0.0.1:1"

    assert [shared.once("kafka", start), shared.once("kafka", start)] == ["127.0.0.1:1", "127.0.0.1:1"]
    assert begun == ["started"]


def test_a_failure_is_everybodys_and_is_not_tried_again(folder: Path) -> None:
    tried: list[str] = []

    def start() -> str:
        tried.append("tried")
        raise ServerTrouble("The port is taken.")

    for _ in range(2):
        with pytest.raises(ServerTrouble, match="The port is taken"):
            shared.once("kafka", start)
    assert tried == ["tried"]


def test_an_address_from_the_environment_wins_and_nothing_is_started(folder: Path) -> None:
    given = {kind.variable: f"{kind} of the house" for kind in Kind}
    assert [shared.address_of(kind, given) for kind in Kind] == list(given.values())
    assert list(shared.start_set(given).values()) == list(given.values())
    assert not [each for each in folder.iterdir() if each.is_dir()]


def test_stopping_when_nothing_runs_says_so(folder: Path) -> None:
    assert shared.stop_set() is False


def test_the_cache_is_where_the_environment_says() -> None:
    assert cache_folder({CACHE: "/srv/servers"}) == Path("/srv/servers")
    assert cache_folder({}).parts[-3:] == (".cache", "webcare", "servers")


def test_a_cut_download_is_never_taken_for_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path))
    (tmp_path / ".kafka-cut").mkdir()

    def cut(target: Path, scratch: Path) -> None:
        (target / "half").touch()
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        cached("kafka", cut)
    assert [each.name for each in tmp_path.iterdir()] == ["kafka.lock"]


def test_what_was_downloaded_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path))
    fetched: list[Path] = []

    def fetch(target: Path, scratch: Path) -> None:
        fetched.append(target)
        (target / "whole").touch()
        (scratch / "archive").touch()

    assert cached("kafka", fetch) == cached("kafka", fetch) == tmp_path / "kafka"
    assert len(fetched) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kafka", "kafka.lock"]
    assert [each.name for each in (tmp_path / "kafka").iterdir()] == ["whole"]
