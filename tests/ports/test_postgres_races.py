"""What holds when several processes use the desk in PostgreSQL at the same time."""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import desk_child
import msgspec
import pytest
from desk_suite import at, cause, claimed, events, incident, item, kinds, mention, opened, page, triggered
from postgres_databases import Databases

from backbone.distributed import postgres
from backbone.distributed.connections import Postgres
from backbone.distributed.desk import WRITERS, PostgresDesk
from backbone.errors import Conflict, Unavailable
from backbone.ports import Desk, ItemFilter, Partition
from backbone.records import Item, OutboxRow, Story, Timer

pytestmark = pytest.mark.servers

PART = Partition("mentions.classified", 0)
Open = Callable[[], Awaitable[PostgresDesk]]


@pytest.fixture
async def database(databases: Databases) -> Postgres:
    return await databases.copy()


@pytest.fixture
async def another(database: Postgres) -> AsyncIterator[Open]:
    """Opens the same desk again, as another process does."""
    desks: list[PostgresDesk] = []

    async def open_one() -> PostgresDesk:
        desks.append(await PostgresDesk.open(database))
        return desks[-1]

    yield open_one
    for desk in desks:
        await desk.close()


async def test_of_a_thousand_claims_over_eight_desks_one_wins(another: Open) -> None:
    """Also of those that are past the first look, and wait for the item itself."""
    desks = [await another() for _ in range(8)]
    [fresh] = await opened(desks[0], "c1")

    async def race(n: int) -> Item:
        async with desks[n % 8].transaction() as tx:
            if n % 5 == 0:
                await tx.recall("key", f"p{n}")
            return await tx.claim(fresh.id, f"p{n}", at(15), cause(0, f"p{n}"))

    results = await asyncio.gather(*map(race, range(1_000)), return_exceptions=True)
    won = [result for result in results if isinstance(result, Item)]
    lost = [result for result in results if isinstance(result, Conflict) and result.code == "held"]
    assert (len(won), len(lost), won[0].fence) == (1, 999, 1)
    assert await kinds(desks[0]) == ["item.opened", "item.claimed"]


async def test_of_two_routers_on_one_partition_one_batch_takes_effect(another: Open) -> None:
    """Also the first time, when no offset stands there yet; the other is told where the partition stands."""
    desks = [await another(), await another()]

    async def batch(desk: Desk, name: str, start: int) -> None:
        async with desk.transaction() as tx:
            await tx.advance("router", PART, start, start + 10)
            await tx.add_items([item(f"{name}{start}")], cause())
            await tx.count({("accepted", ""): 10})

    for start in (0, 10, 20):
        tries = [batch(desk, name, start) for name, desk in zip("ab", desks, strict=True)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        [refused] = [result for result in results if isinstance(result, Exception)]
        assert isinstance(refused, Conflict)
        assert (refused.code, refused.current) == ("offset_taken", {"next": start + 10})
    assert await desks[0].counts() == {("accepted", ""): 30}
    assert await kinds(desks[0]) == ["item.opened"] * 3


async def test_while_one_relay_has_rows_the_others_get_none(another: Open) -> None:
    first, second = await another(), await another()
    await opened(first, "c1", "c2")
    async with first.transaction() as tx:
        rows = await tx.outbox(10)
        assert await _owed(second) == []
        await tx.published(rows)
        await opened(second, "c3")
    assert [row.key for row in await _owed(second)] == [item("c3").id]


async def _owed(desk: Desk) -> list[OutboxRow]:
    async with desk.transaction() as tx:
        return list(await tx.outbox(10))


async def test_relays_of_several_processes_pass_each_subject_on_in_order(another: Open) -> None:
    """While others write: nothing is left out, nothing comes twice, and each item's events keep their order."""
    desks = [await another() for _ in range(3)]
    names = [f"c{n}" for n in range(10)]
    await opened(desks[0], *names)
    told: list[OutboxRow] = []

    async def relay(desk: Desk) -> None:
        while len(told) < 60:
            async with desk.transaction() as tx:
                rows = await tx.outbox(7)
                await tx.published(rows)
            told.extend(rows)

    async def work(desk: Desk, name: str) -> None:
        for n in range(5):
            await claimed(desk, item(name), "ann", n)

    workers = [work(desks[n % 3], name) for n, name in enumerate(names)]
    await asyncio.wait_for(asyncio.gather(*(relay(desk) for desk in desks), *workers), 60)
    assert len({row.number for row in told}) == len(told) == 60
    for name in names:
        mine = [row.number for row in told if row.key == item(name).id]
        assert (len(mine), mine) == (6, sorted(mine))


async def test_incidents_of_one_key_that_are_opened_at_once_are_one(another: Open) -> None:
    desks = [await another() for _ in range(4)]

    async def open_one(n: int) -> bool:
        async with desks[n % 4].transaction() as tx:
            _, new = await tx.open_incident(incident("fire", id=f"inc_{n}"), cause())
        return new

    assert Counter(await asyncio.gather(*map(open_one, range(40)))) == {True: 1, False: 39}
    async with desks[0].reading() as tx:
        [only] = await tx.incidents(None, None, 10)
    assert only.mentions == 40


async def test_who_looks_for_a_brands_stories_looks_alone(another: Open) -> None:
    """Two copies of one text at the same moment: the second finds the story of the first, and no other brand waits."""
    desks = [await another(), await another()]
    text = Story(
        id="",
        brand="bakker",
        drill=False,
        sketch=b"text",
        keys=struct.pack(">q", 5),
        mention_id="men",
        item_id=None,
        first_at=at(0),
        last_at=at(0),
        expires_at=at(60),
    )

    async def tell(desk: Desk, name: str, brand: str) -> str:
        async with desk.transaction() as tx:
            known = await tx.stories([brand], [5])
            await asyncio.sleep(0.05)
            if not known:
                await tx.put_stories([msgspec.structs.replace(text, id=f"story_{name}", brand=brand)], ())
        return known[0].id if known else f"story_{name}"

    tries = [tell(desks[n % 2], f"{n:04x}", brand) for n, brand in enumerate(["bakker"] * 6 + ["slager"])]
    *same, other = await asyncio.wait_for(asyncio.gather(*tries), 30)
    assert len(set(same)) == 1
    assert other == "story_0006"


async def test_who_looks_at_a_brands_incidents_before_opening_one_looks_alone(another: Open) -> None:
    """Two copies of one story at the same moment: the second sees the incident of the first."""
    desks = [await another(), await another()]

    async def once(desk: Desk, name: str) -> None:
        async with desk.transaction() as tx:
            if not await tx.incidents(["bakker"], ("triggered",), 10):
                await tx.open_incident(incident(name), cause())

    await asyncio.gather(*(once(desk, name) for name, desk in zip("ab", desks, strict=True)))
    async with desks[0].reading() as tx:
        assert len(await tx.incidents(["bakker"], None, 10)) == 1


async def test_who_counts_a_persons_pages_before_planning_one_counts_alone(another: Open) -> None:
    desks = [await another(), await another()]

    async def once(desk: Desk, name: str) -> None:
        async with desk.transaction() as tx:
            if not await tx.pages(person="ann"):
                await tx.plan_pages([page(name)], cause())

    await asyncio.gather(*(once(desk, name) for name, desk in zip("ab", desks, strict=True)))
    async with desks[0].reading() as tx:
        assert len(await tx.pages(person="ann")) == 1


async def test_pages_that_come_too_late_for_a_digest_go_by_themselves(another: Open) -> None:
    """Another pager is sending the digest already, with the text of what was in it."""
    first, second = await another(), await another()
    digest = page("digest", kind="digest", due_at=at(5))
    await triggered(first, "fire", page("early", due_at=at(9)), page("late", due_at=at(9)))
    async with first.transaction() as tx:
        early, late = sorted(await tx.pages(), key=lambda each: each.id != page("early").id)
        await tx.bundle_pages([early], digest, cause())
    async with second.transaction() as tx:
        assert [one.id for one in await tx.take_pages("p2", at(5), at(6), 10)] == [digest.id]
    async with first.transaction() as tx:
        await tx.bundle_pages([late], digest, cause())
        assert [one.id for one in await tx.digest_pages(digest.id)] == [early.id]
    async with second.transaction() as tx:
        assert [one.id for one in await tx.take_pages("p2", at(9), at(10), 10)][-1] == late.id


async def test_a_timer_whose_item_somebody_changes_waits_for_the_next_time(another: Open) -> None:
    """Neither waits for the other, in whichever order they come."""
    first, second = await another(), await another()
    [mine, other] = await opened(first, "c1", "c2")
    await claimed(first, mine, "ann")
    await claimed(first, other, "ann")
    async with first.transaction() as agent:
        await agent.release(mine.id, "ann", 1, cause(1, "ann"))
        async with second.transaction() as timers:
            assert [timer.subject for timer in await timers.take_timers(at(15), 10)] == [other.id]
            assert await timers.expire_lease(other.id, cause(15)) is not None
    assert await first.next_due() is None


async def test_what_an_agent_rests_a_command_on_stays_as_it_saw_it(another: Open) -> None:
    """An item read in a transaction that writes is locked: its `seq` is the one that holds at the command."""
    first, second = await another(), await another()
    [fresh] = await opened(first, "c1")
    async with first.transaction() as tx:
        seen = await tx.item(fresh.id)
        waiting = asyncio.create_task(claimed(second, fresh, "bob"))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        held = await tx.claim(fresh.id, "ann", at(15), cause())
        assert held.seq == seen.seq + 1
    with pytest.raises(Conflict, match="held by ann"):
        await waiting


async def test_two_that_wait_for_each_other_are_told_to_try_again(another: Open) -> None:
    """Nothing of the one that gives way is kept; the other goes on."""
    desks = [await another(), await another()]
    names = await opened(desks[0], "c1", "c2")
    both = asyncio.Barrier(2)

    async def cross(desk: Desk, order: list[Item]) -> None:
        async with desk.transaction() as tx:
            await tx.claim(order[0].id, "ann", at(15), cause())
            await both.wait()
            await tx.claim(order[1].id, "ann", at(15), cause())

    tries = [cross(desks[0], names), cross(desks[1], names[::-1])]
    [gave_way] = [error for error in await asyncio.gather(*tries, return_exceptions=True) if error is not None]
    assert isinstance(gave_way, Unavailable)
    assert gave_way.code == "desk_busy"
    assert (await kinds(desks[0])).count("item.claimed") == 2


async def test_who_waits_too_long_for_another_is_told_so(
    database: Postgres, another: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.SESSION, "lock_timeout", "50ms")
    first, second = await another(), await another()
    [fresh] = await opened(first, "c1")
    async with first.transaction() as tx:
        await tx.item(fresh.id)
        with pytest.raises(Unavailable, match="for too long") as refused:
            await claimed(second, fresh, "bob")
    assert refused.value.code == "desk_busy"
    assert (await claimed(second, fresh, "bob")).holder == "bob"


async def test_with_all_writers_busy_looks_and_readers_go_on(another: Open) -> None:
    desk = await another()
    [fresh] = await opened(desk, "c1")
    inside, leave = asyncio.Barrier(WRITERS + 1), asyncio.Event()

    async def hold(n: int) -> None:
        async with desk.transaction() as tx:
            await tx.put_mentions([mention(f"m{n}")])
            await inside.wait()
            assert await desk.next_due() is None
            await leave.wait()

    holders = [asyncio.create_task(hold(n)) for n in range(WRITERS)]
    await asyncio.wait_for(inside.wait(), 30)
    await desk.ping()
    async with desk.reading() as tx:
        assert await tx.item(fresh.id) == fresh
        assert await tx.items(ItemFilter()) is not None
    leave.set()
    await asyncio.gather(*holders)


async def test_a_transaction_takes_a_connection_with_its_first_step(another: Open, database: Postgres) -> None:
    desk = await another()
    before = await _sessions(database)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(WRITERS * 3):
            await stack.enter_async_context(desk.transaction())
        assert await _sessions(database) == before
        await asyncio.wait_for(opened(desk, "c1"), 30)


async def _sessions(database: Postgres) -> int:
    connection = await asyncpg.connect(database.url)
    try:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def test_timers_of_many_processes_fire_once_each(another: Open) -> None:
    desks = [await another() for _ in range(3)]
    items = await opened(desks[0], *(f"c{n}" for n in range(30)))
    async with desks[0].transaction() as tx:
        for one in items:
            await tx.schedule(Timer(kind="deadline", subject=one.id, due_at=at(60)))

    async def fire(desk: Desk) -> None:
        while await desk.next_due() is not None:
            async with desk.transaction() as tx:
                for timer in await tx.take_timers(at(60), 4):
                    await tx.mark_overdue(timer.subject, cause(60))

    await asyncio.wait_for(asyncio.gather(*map(fire, desks)), 60)
    assert Counter(event.subject for event in await events(desks[0]) if event.kind == "item.overdue") == {
        one.id: 1 for one in items
    }


async def test_a_process_killed_in_a_transaction_leaves_all_or_nothing_of_it(database: Postgres, another: Open) -> None:
    """And none of its locks: the next one goes on from where it stands."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, desk_child.__file__, database.url, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(4):
        committed = int(await child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    desk = await another()
    async with desk.transaction() as tx:
        stands = (await desk.offsets("router"))[desk_child.PARTITION]
        await tx.advance("router", desk_child.PARTITION, stands, stands)
    assert stands >= committed
    assert await desk.counts() == {("accepted", ""): stands}
    assert len(await events(desk)) == stands
