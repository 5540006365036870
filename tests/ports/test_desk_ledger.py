"""The desk's offsets, counters, outbox and kept answers (`backbone.ports.DeskTransaction`), on every adapter."""

import asyncio

import msgspec
import pytest
from desk_suite import START, actions, cause, claimed, events, incident, item, kinds, mention, opened, page

from backbone.errors import Conflict
from backbone.ids import derive
from backbone.ports import Desk, Partition
from backbone.records import Timer

PART = Partition("mentions.classified", 2)


async def test_an_offset_moves_only_from_where_it_stands(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.advance("router", PART, 0, 7)
    with pytest.raises(Conflict) as refused:
        async with desk.transaction() as tx:
            await tx.advance("router", PART, 0, 9)
    assert (refused.value.code, refused.value.current) == ("offset_taken", {"next": 7})
    assert await desk.offsets("router") == {PART: 7}
    assert await desk.offsets("pager") == {}


async def test_an_offset_nobody_moved_counts_as_zero(desk: Desk) -> None:
    with pytest.raises(Conflict, match="stands at 0, not at 4"):
        async with desk.transaction() as tx:
            await tx.advance("router", PART, 4, 7)


async def test_of_two_owners_of_a_partition_one_batch_takes_effect(desk: Desk) -> None:
    async def batch(name: str) -> None:
        async with desk.transaction() as tx:
            await tx.count({("accepted", ""): 5})
            await tx.add_items([item(name)], cause())
            await tx.advance("router", PART, 0, 5)

    results = await asyncio.gather(*(batch(f"c{n}") for n in range(20)), return_exceptions=True)
    assert [getattr(result, "code", "won") for result in results].count("won") == 1
    assert await desk.counts() == {("accepted", ""): 5}
    assert await kinds(desk) == ["item.opened"]


async def test_counters_add_up_over_transactions_and_within_one(desk: Desk) -> None:
    for _ in range(2):
        async with desk.transaction() as tx:
            await tx.count({("opened", "complaints"): 2, ("filtered", "spam"): 1})
            await tx.count({("opened", "complaints"): 3})
    assert await desk.counts() == {("opened", "complaints"): 10, ("filtered", "spam"): 2}


async def test_what_fails_leaves_nothing(desk: Desk) -> None:
    """Rows, audit, outbox, counters, timers, offsets and answers are rolled back together."""
    with pytest.raises(LookupError):
        await _everything_and_then_fail(desk)
    assert (await desk.offsets("router"), await desk.counts(), await desk.next_due()) == ({}, {}, None)
    assert (await events(desk), await actions(desk)) == ([], [])
    async with desk.reading() as tx:
        assert await tx.mentions([mention("c1").id]) == {}
        assert await tx.recall("key", "ann") is None


async def _everything_and_then_fail(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.advance("router", PART, 0, 5)
        await tx.add_items([item("c1")], cause())
        await tx.put_mentions([mention("c1")])
        await tx.open_incident(incident("fire"), cause())
        await tx.plan_pages([page("p1")], cause())
        await tx.schedule(Timer(kind="deadline", subject="c1", due_at=START))
        await tx.count({("accepted", ""): 1})
        await tx.publish("work.events", "k", b"{}")
        await tx.remember("key", "ann", b"answer", START)
        assert len(await tx.audit()) == 3
        raise LookupError


async def test_the_outbox_is_handed_out_oldest_first_until_the_log_has_it(desk: Desk) -> None:
    async with desk.transaction() as tx:
        for n in range(5):
            await tx.publish("work.events", f"k{n}", b"%d" % n)
    async with desk.transaction() as tx:
        rows = await tx.outbox(3)
        assert [row.payload for row in rows] == [b"0", b"1", b"2"]
        await tx.published(rows)
    async with desk.transaction() as tx:
        await tx.publish("work.events", "k5", b"5")
        assert [row.key for row in await tx.outbox(10)] == ["k3", "k4", "k5"]
        await tx.published([])


async def test_outbox_numbers_are_never_given_twice(desk: Desk) -> None:
    numbers = []
    for _ in range(3):
        async with desk.transaction() as tx:
            await tx.publish("work.events", "k", b"{}")
            rows = await tx.outbox(10)
            numbers += [row.number for row in rows]
            await tx.published(rows)
    assert numbers == sorted(set(numbers))


async def test_work_events_carry_the_subject_as_it_is_after_the_change(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    [event] = await events(desk)
    assert (event.kind, event.subject, event.brand, event.actor, event.reason) == (
        "item.opened",
        fresh.id,
        "bakker",
        "router",
        "test",
    )
    assert msgspec.convert(event.data, type(fresh)) == fresh


async def test_the_id_of_an_event_follows_from_what_changed(desk: Desk) -> None:
    """Two runs of the same history owe the same events."""
    [fresh] = await opened(desk, "c1")
    await claimed(desk, fresh, "ann")
    await claimed(desk, fresh, "ann", 1)
    history = [("item.opened", 0), ("item.claimed", 1), ("item.renewed", 2)]
    expected = [derive("evt", fresh.id, action, seq) for action, seq in history]
    assert [event.id for event in await events(desk)] == expected


async def test_the_audit_trail_tells_what_changed_and_never_the_text(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    async with desk.transaction() as tx:
        changed = msgspec.structs.replace(fresh, urgency="high", mentions=2, excerpt="geheim")
        await tx.update_items([changed], cause(), "item.folded")
    async with desk.reading() as tx:
        first, second = await tx.audit(subject=fresh.id)
        assert await tx.audit(after=first.number) == [second]
    assert (second.actor, second.method, second.action, second.at) == ("router", "system", "item.folded", START)
    assert second.data == {"urgency": ["normal", "high"], "mentions": [1, 2]}
    assert "brood" not in str(first.data)
    assert "Ans" not in str(first.data)


async def test_an_answer_is_kept_for_the_person_who_asked(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.remember("key", "ann", b"answer", START)
    async with desk.reading() as tx:
        assert await tx.recall("key", "ann") == b"answer"
        assert await tx.recall("key", "bob") is None
    with pytest.raises(Conflict, match="at the same moment"):
        await _answer_again(desk)
    assert await desk.counts() == {}


async def _answer_again(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.count({("again", ""): 1})
        await tx.remember("key", "ann", b"other", START)


async def test_a_reading_transaction_refuses_to_write(desk: Desk) -> None:
    async with desk.reading() as tx:
        with pytest.raises(RuntimeError, match="only reads"):
            await tx.count({("accepted", ""): 1})
        with pytest.raises(RuntimeError, match="only reads"):
            await tx.put_mentions([mention("c1")])
