"""What the embedded desk does when the machine does not do its part."""

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import desk_child
import pytest
from desk_suite import at, cause, claimed, events, item, kinds, mention, opened

from backbone.embedded.desk import READERS, SqliteDesk
from backbone.errors import Unavailable
from backbone.ports import Desk


@pytest.fixture
def path(tmp_path: Path, empty_desk: Path) -> Path:
    return Path(shutil.copyfile(empty_desk, tmp_path / "desk.db"))


@pytest.fixture
async def desk(path: Path) -> AsyncIterator[Desk]:
    desk = await SqliteDesk.open(path)
    yield desk
    await desk.close()


async def test_a_process_killed_in_a_transaction_leaves_all_or_nothing_of_it(path: Path) -> None:
    """What was committed is there, with its offset, counter, audit rows and events; nothing is there by halves."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, desk_child.__file__, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(4):
        committed = int(await child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()

    desk = await SqliteDesk.open(path)
    stands = (await desk.offsets("router"))[desk_child.PARTITION]
    assert stands >= committed
    assert await desk.counts() == {("accepted", ""): stands}
    assert len(await events(desk)) == stands
    names = [f"{n // desk_child.BATCH}-{n % desk_child.BATCH}" for n in range(stands + desk_child.BATCH)]
    async with desk.reading() as tx:
        assert len(await tx.mentions([mention(name).id for name in names])) == stands
        assert len(await tx.latest_items(names)) == stands
    await desk.close()


async def test_a_reader_sees_one_snapshot_and_waits_for_no_writer(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    async with desk.transaction() as writer:
        held = await writer.claim(fresh.id, "ann", at(15), cause())
        async with desk.reading() as before:
            assert await before.item(fresh.id) == fresh
            await asyncio.wait_for(_more(desk), 5)
    async with desk.reading() as after:
        assert await after.item(fresh.id) == held
        await claimed(desk, fresh, "ann", 1)
        assert await after.item(fresh.id) == held


async def _more(desk: Desk) -> None:
    assert await kinds(desk) == ["item.opened"]
    assert await desk.next_due() is None


async def test_more_readers_than_connections_take_turns(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")

    async def read() -> None:
        async with desk.reading() as tx:
            assert await tx.item(fresh.id) == fresh

    await asyncio.gather(*(read() for _ in range(READERS * 5)))


async def test_writers_take_turns_in_the_order_in_which_they_came(desk: Desk) -> None:
    order: list[int] = []

    async def write(n: int) -> None:
        async with desk.transaction() as tx:
            await tx.put_mentions([mention(f"m{n}")])
            order.append(n)

    await asyncio.gather(*(write(n) for n in range(20)))
    assert order == list(range(20))


async def test_a_cancelled_transaction_leaves_nothing_and_the_next_one_goes_on(desk: Desk) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        async with desk.transaction() as tx:
            await tx.add_items([item("c1")], cause())
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await begun.wait()
    waiting = asyncio.create_task(opened(desk, "c2"))
    await asyncio.sleep(0)
    task.cancel()
    await waiting
    assert [event.subject for event in await events(desk)] == [item("c2").id]


async def test_transactions_cancelled_anywhere_keep_all_or_nothing(desk: Desk) -> None:
    """Cancelled while it waits its turn, in a statement or in the commit: the desk stays whole and goes on."""
    tasks = [asyncio.create_task(opened(desk, f"a{n}", f"b{n}")) for n in range(40)]
    for n, task in enumerate(tasks):
        for _ in range(n % 7):
            await asyncio.sleep(0)
        if n % 2:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    told = {event.subject for event in await events(desk)}
    for n, result in enumerate(results):
        both = {item(f"a{n}").id, item(f"b{n}").id}
        assert told & both in ([both] if isinstance(result, list) else [both, set()])
    assert len(await opened(desk, "after")) == 1


async def test_a_full_disk_is_unavailable_and_keeps_nothing_by_halves(path: Path) -> None:
    """The message names the file; when there is room again the same desk goes on."""
    desk = await SqliteDesk.open(path)
    await opened(desk, "c1")
    await _limit_pages(desk, path, spare=2)
    with pytest.raises(Unavailable, match=r"desk\.db: the disk is full") as refused:
        await opened(desk, *(f"big{n}" for n in range(200)), excerpt="x" * 1_000)
    assert refused.value.code == "disk_full"
    assert await kinds(desk) == ["item.opened"]
    await desk.ping()
    await _limit_pages(desk, path, spare=1_000_000)
    await opened(desk, "c2")
    assert await kinds(desk) == ["item.opened"] * 2
    await desk.close()


async def test_who_catches_a_full_disk_in_a_transaction_cannot_commit_the_rest(path: Path) -> None:
    desk = await SqliteDesk.open(path)
    await _limit_pages(desk, path, spare=2)
    with pytest.raises(Unavailable, match="the disk is full"):
        await _catch_and_go_on(desk)
    await _limit_pages(desk, path, spare=1_000_000)
    assert (await kinds(desk), await desk.counts()) == ([], {})
    await desk.close()


async def _catch_and_go_on(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.count({("accepted", ""): 1})
        with contextlib.suppress(Unavailable):
            await tx.add_items([item(f"big{n}", excerpt="x" * 1_000) for n in range(200)], cause())


async def _limit_pages(desk: SqliteDesk, path: Path, spare: int) -> None:
    """Let the file grow by no more than `spare` pages: what a full disk is to SQLite."""

    def limit(work: object) -> None:
        connection = work._connection  # type: ignore[attr-defined]
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {used + spare}")

    async with desk.transaction() as tx:
        await tx._write(limit)  # type: ignore[attr-defined]


async def test_a_file_that_another_process_has_locked_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backbone.embedded.sqlite.BUSY_TIMEOUT_S", 0.05)
    desk = await SqliteDesk.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match=r"desk\.db: another process is writing") as refused:
        await opened(desk, "c1")
    assert refused.value.code == "file_locked"
    await desk.ping()
    other.execute("ROLLBACK")
    other.close()
    await opened(desk, "c1")
    assert await kinds(desk) == ["item.opened"]
    await desk.close()


async def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_text("not a database, though long enough to look at " * 40)
    with pytest.raises(Unavailable, match=r"desk\.db: the file is damaged or is not a database"):
        await SqliteDesk.open(path)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nowhere/desk\.db"):
        await SqliteDesk.open(tmp_path / "nowhere" / "desk.db")


async def test_a_closed_desk_says_so(path: Path) -> None:
    desk = await SqliteDesk.open(path)
    await desk.close()
    await desk.close()
    with pytest.raises(Unavailable, match="is closed"):
        await desk.ping()
    with pytest.raises(Unavailable, match="is closed"):
        await opened(desk, "c1")
