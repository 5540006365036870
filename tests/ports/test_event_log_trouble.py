"""The embedded log in trouble: killed, without space, locked, damaged. Nothing acknowledged is lost."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from event_log_adapters import FOUR, ONE, SqliteAdapter, everything, new, numbered, values

from backbone.embedded import log as log_module
from backbone.embedded import sqlite
from backbone.embedded.sqlite import claim_folder
from backbone.errors import Backpressure, BadInput, Conflict, Unavailable
from contracts.topics import Topic

CHILD = Path(__file__).with_name("log_child.py")
BATCH = 7


@pytest.fixture
def adapter(tmp_path: Path) -> SqliteAdapter:
    return SqliteAdapter(tmp_path)


def child(path: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, CHILD, path, what], stdout=subprocess.PIPE, text=True)


async def batches(adapter: SqliteAdapter) -> Counter[str]:
    """How many records of each batch the log has."""
    log = await adapter.open()
    found = Counter(value.split()[0] for value in values(await everything(log, FOUR)))
    await log.close()
    return found


async def test_after_kill_9_everything_acknowledged_is_there_and_nothing_half(adapter: SqliteAdapter) -> None:
    with child(adapter.path, "forever") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(100)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = {*lines, *process.stdout.read().split()}
    found = await batches(adapter)
    assert acknowledged <= set(found)
    assert set(found.values()) == {BATCH}


async def test_without_space_appends_are_refused_and_go_on_when_there_is_some(adapter: SqliteAdapter) -> None:
    with child(adapter.path, "file-limit") as process:
        assert process.stdout is not None
        *acknowledged, refused, last = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert refused in ("refused disk_full", "refused disk_error")
    assert acknowledged
    assert await batches(adapter) == dict.fromkeys([*acknowledged, last], BATCH)


async def test_a_full_file_refuses_the_whole_append(adapter: SqliteAdapter) -> None:
    log = await adapter.open()
    await log.append(numbered(ONE, 3))
    await log._file.write(lambda connection: connection.execute("PRAGMA max_page_count = 20"))
    with pytest.raises(Unavailable) as refused:
        await log.append([new(ONE, "k", "x" * 1000) for _ in range(200)])
    assert refused.value.code == "disk_full"
    assert str(adapter.path) in str(refused.value)
    assert "space" in refused.value.remedy
    await log._file.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000"))
    await log.append([new(ONE, "k", "3")])
    assert values(await everything(log, ONE)) == ["0", "1", "2", "3"]
    await log.close()


async def test_a_locked_file_is_unavailable_until_it_is_free(
    adapter: SqliteAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    log = await adapter.open()
    with closing(sqlite3.connect(adapter.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for refused in (log.append(numbered(ONE, 3)), log.ping()):
            with pytest.raises(Unavailable) as error:
                await refused
            assert error.value.code == "file_locked"
        other.execute("ROLLBACK")
    await log.append([new(ONE, "k", "now")])
    assert values(await everything(log, ONE)) == ["now"]
    await log.close()


async def test_a_commit_that_fails_leaves_the_group_where_it_was(
    adapter: SqliteAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    log = await adapter.open()
    await log.append(numbered(ONE, 3))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.poll(3, 0.0)
    with closing(sqlite3.connect(adapter.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await consumer.commit(consumer.assignment())
    assert await log.group_offsets("g") == {}
    await log.close()


async def test_a_file_that_is_no_database_is_refused_with_its_name(adapter: SqliteAdapter) -> None:
    adapter.path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Unavailable) as refused:
        await adapter.open()
    assert refused.value.code == "corrupt"
    assert str(adapter.path) in str(refused.value)


async def test_a_folder_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        await SqliteAdapter(tmp_path / "nowhere").open()
    assert refused.value.code == "cannot_open"


async def test_another_partition_count_than_the_file_has_is_refused(adapter: SqliteAdapter) -> None:
    await (await adapter.open([FOUR])).close()
    five = Topic(FOUR.name, FOUR.event, FOUR.key, FOUR.written_by, FOUR.read_by, FOUR.retention, partitions=5)
    with pytest.raises(BadInput) as refused:
        await adapter.open([five])
    assert refused.value.code == "partitions_changed"


async def test_appends_that_the_disk_cannot_keep_up_with_are_pushed_back(
    adapter: SqliteAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "WAITING_BYTES", 1000)
    log = await adapter.open()
    appends = [log.append([new(ONE, "k", "x" * 400)]) for _ in range(5)]
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list, list, Backpressure, Backpressure, Backpressure]
    await log.append([new(ONE, "k", "again")])
    assert len(await everything(log, ONE)) == 3
    await log.close()


async def test_a_closed_log_says_so(adapter: SqliteAdapter) -> None:
    log = await adapter.open()
    await log.close()
    await log.close()
    with pytest.raises(Unavailable) as refused:
        await log.append(numbered(ONE, 1))
    assert refused.value.code == "closed"


async def test_closing_finishes_the_appends_that_wait(adapter: SqliteAdapter) -> None:
    log = await adapter.open()
    appending = asyncio.gather(*(log.append(numbered(ONE, 10)) for _ in range(20)))
    await asyncio.sleep(0)
    await log.close()
    await appending
    again = await adapter.open()
    assert len(await everything(again, ONE)) == 200
    await again.close()


async def test_one_poll_hands_out_a_bounded_number_of_bytes(
    adapter: SqliteAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "READ_BYTES", 1000)
    log = await adapter.open()
    await log.append([new(ONE, "k", "x" * 400) for _ in range(10)])
    consumer = await log.consumer("g", [ONE.name])
    assert [len(await consumer.poll(10, 0.0)) for _ in range(5)] == [3, 3, 3, 1, 0]
    await log.close()


async def test_many_small_appends_share_transactions(adapter: SqliteAdapter) -> None:
    log = await adapter.open()
    begun: list[str] = []
    await log._file.write(lambda connection: connection.set_trace_callback(begun.append))
    await asyncio.gather(*(log.append(numbered(ONE, 1)) for _ in range(500)))
    assert begun.count("COMMIT") <= 4
    await log.close()


def test_a_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    claim = claim_folder(tmp_path / "data")
    script = "import sys, pathlib; from backbone.embedded import sqlite; sqlite.claim_folder(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert f"in use by process {os.getpid()}" in refused.stderr
    claim.release()
    claim.release()
    assert subprocess.run(command, check=False).returncode == 0


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    claim = claim_folder(tmp_path)
    with pytest.raises(Conflict) as refused:
        claim_folder(tmp_path)
    assert refused.value.code == "folder_taken"
    assert refused.value.current["pid"] == str(os.getpid())
    claim.release()
