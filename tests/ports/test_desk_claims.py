"""One holder per item: claims, leases and fences (`backbone.ports.DeskTransaction`)."""

import asyncio

import msgspec
import pytest
from desk_suite import LEASE, Adapter, actions, at, cause, claimed, due_timers, events, item, kinds, opened, reply

from backbone.errors import Conflict, NotFound
from backbone.ports import Desk
from backbone.records import Item, Timer
from contracts.work import ReplyRequested


async def test_a_claim_gives_the_item_to_one_person_until_the_lease_ends(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    assert (held.state, held.holder, held.lease_until, held.fence, held.seq) == ("claimed", "ann", at(15), 1, 1)
    with pytest.raises(Conflict, match="held by ann until 2026-01-05 09:15:00 UTC") as refused:
        await claimed(desk, fresh, "bob", 14)
    assert refused.value.code == "held"
    assert msgspec.convert(refused.value.current, Item) == held
    async with desk.transaction() as tx:
        assert await due_timers(tx) == [("lease", fresh.id)]


async def test_of_a_thousand_racing_claims_one_wins(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    racers = (claimed(desk, fresh, f"p{n}") for n in range(1_000))
    results = await asyncio.gather(*racers, return_exceptions=True)
    won = [result for result in results if isinstance(result, Item)]
    lost = [result for result in results if isinstance(result, Conflict) and result.code == "held"]
    assert (len(won), len(lost)) == (1, 999)
    assert {refused.current["holder"] for refused in lost} == {won[0].holder}
    assert await actions(desk, fresh.id) == ["item.opened", "item.claimed"]


async def test_racing_claims_of_two_desks_on_one_database_have_one_winner(desk_factory: Adapter) -> None:
    first, second = await desk_factory.open(), await desk_factory.open()
    [fresh] = await opened(first, "c1")
    racers = [claimed(desk, fresh, f"p{n}") for n in range(20) for desk in (first, second)]
    results = await asyncio.gather(*racers, return_exceptions=True)
    assert sum(isinstance(result, Item) and result.fence == 1 for result in results) in (1, 2)  # same person twice
    assert len({result.holder for result in results if isinstance(result, Item)}) == 1
    await first.close()
    await second.close()


async def test_who_holds_an_item_renews_with_the_same_fence(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    first = await claimed(desk, fresh, "ann")
    renewed = await claimed(desk, fresh, "ann", 10)
    assert (renewed.fence, renewed.lease_until, renewed.seq) == (first.fence, at(25), first.seq + 1)
    assert await kinds(desk) == ["item.opened", "item.claimed", "item.renewed"]
    assert await desk.next_due() == at(25)


async def test_a_lease_that_ran_out_can_be_taken_over_and_the_old_fence_is_stale(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    old = await claimed(desk, fresh, "ann")
    taken = await claimed(desk, fresh, "bob", 15)
    assert (taken.holder, taken.fence) == ("bob", old.fence + 1)
    with pytest.raises(Conflict, match="it is held by bob until 2026-01-05 09:30:00 UTC") as refused:
        async with desk.transaction() as tx:
            await tx.reply(reply(fresh, "ann"), old.fence, at(31), cause(16, "ann"))
    assert (refused.value.code, refused.value.current["fence"]) == ("stale_fence", taken.fence)
    async with desk.reading() as tx:
        assert await tx.item_replies(fresh.id) == []


async def test_a_claim_after_the_own_lease_ran_out_is_a_new_one(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    await claimed(desk, fresh, "ann")
    assert (await claimed(desk, fresh, "ann", 20)).fence == 2


@pytest.mark.parametrize(("person", "fence", "minutes"), [("bob", 1, 1), ("ann", 0, 1), ("ann", 2, 1), ("ann", 1, 15)])
@pytest.mark.parametrize("command", ["release", "resolve", "reply"])
async def test_stale_holders_are_refused(desk: Desk, command: str, person: str, fence: int, minutes: int) -> None:
    """Another person, an older or newer fence, or a lease that ran out: nothing is changed."""
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    with pytest.raises(Conflict) as refused:
        await _command(desk, command, fresh, person, fence, minutes)
    assert refused.value.code == "stale_fence"
    async with desk.reading() as tx:
        assert await tx.item(fresh.id) == held
    assert await kinds(desk) == ["item.opened", "item.claimed"]


async def _command(desk: Desk, command: str, of: Item, person: str, fence: int, minutes: int) -> Item:
    async with desk.transaction() as tx:
        if command == "reply":
            return await tx.reply(reply(of, person), fence, at(minutes) + LEASE, cause(minutes, person))
        act = tx.release if command == "release" else tx.resolve
        return await act(of.id, person, fence, cause(minutes, person))


async def test_a_released_item_waits_again_for_anybody(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    back = await _command(desk, "release", fresh, "ann", held.fence, 1)
    assert (back.state, back.holder, back.lease_until, back.fence) == ("waiting", None, None, 1)
    assert await desk.next_due() is None
    assert (await claimed(desk, fresh, "bob", 2)).fence == 2


async def test_a_reply_renews_stops_the_clock_and_is_owed_to_the_platform(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        await tx.schedule(Timer(kind="deadline", subject=fresh.id, due_at=at(60)))
    answered = await _command(desk, "reply", fresh, "ann", held.fence, 5)
    assert (answered.first_reply_at, answered.lease_until, answered.fence) == (at(5), at(20), held.fence)
    async with desk.transaction() as tx:
        rows = [row for row in await tx.outbox(100) if row.topic == "reply.requested"]
        assert await due_timers(tx) == [("lease", fresh.id)]
        assert await tx.item_replies(fresh.id) == [reply(fresh, "ann")]
    request = msgspec.json.decode(rows[0].payload, type=ReplyRequested)
    assert (rows[0].key, request.item_id, request.author, request.channel) == (fresh.id, fresh.id, "ann", "x")
    assert request.text == reply(fresh, "ann").text


async def test_the_first_reply_is_the_first(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        await tx.reply(reply(fresh, "ann", "r1", 1), held.fence, at(16), cause(1, "ann"))
        second = await tx.reply(reply(fresh, "ann", "r2", 2), held.fence, at(17), cause(2, "ann"))
        assert second.first_reply_at == at(1)
        assert [one.at for one in await tx.item_replies(fresh.id)] == [at(1), at(2)]


async def test_the_same_reply_again_has_no_effect(desk: Desk) -> None:
    """Even from who no longer holds the item: it was taken the first time."""
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    first = await _command(desk, "reply", fresh, "ann", held.fence, 1)
    assert await _command(desk, "reply", fresh, "ann", held.fence, 2) == first
    taken = await claimed(desk, fresh, "bob", 60)
    assert await _command(desk, "reply", fresh, "ann", held.fence, 61) == taken
    async with desk.reading() as tx:
        assert len([row for row in await tx.outbox(100) if row.topic == "reply.requested"]) == 1
        assert len(await tx.item_replies(fresh.id)) == 1


async def test_a_resolved_item_is_done_for_everybody(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    held = await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        await tx.schedule(Timer(kind="deadline", subject=fresh.id, due_at=at(60)))
    done = await _command(desk, "resolve", fresh, "ann", held.fence, 5)
    assert (done.state, done.resolved_at, done.holder) == ("done", at(5), None)
    assert await desk.next_due() is None
    with pytest.raises(Conflict) as refused:
        await claimed(desk, fresh, "bob", 6)
    assert refused.value.code == "done"
    with pytest.raises(Conflict, match="done since 2026-01-05 09:05:00"):
        await _command(desk, "resolve", fresh, "ann", held.fence, 6)


async def test_an_expired_lease_goes_back_to_the_queue_once(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        assert await tx.expire_lease(fresh.id, cause(14)) is None
        back = await tx.expire_lease(fresh.id, cause(15, reason="lease_ran_out"))
        assert back is not None
        assert (back.state, back.holder) == ("waiting", None)
        assert await tx.expire_lease(fresh.id, cause(16)) is None
        assert await tx.expire_lease("itm_nowhere", cause(16)) is None
    assert (await events(desk))[-1].kind == "item.expired"


async def test_a_renewal_moves_the_timer_so_the_old_one_expires_nothing(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    await claimed(desk, fresh, "ann")
    await claimed(desk, fresh, "ann", 10)
    async with desk.transaction() as tx:
        assert await tx.take_timers(at(15), 10) == []
        assert await tx.expire_lease(fresh.id, cause(15)) is None


async def test_an_item_is_overdue_once_and_only_unanswered(desk: Desk) -> None:
    [late, answered] = await opened(desk, "c1", "c2")
    held = await claimed(desk, answered, "ann")
    await _command(desk, "reply", answered, "ann", held.fence, 1)
    async with desk.transaction() as tx:
        assert await tx.mark_overdue(late.id, cause(59)) is None
        marked = await tx.mark_overdue(late.id, cause(60))
        assert marked is not None
        assert marked.overdue
        assert await tx.mark_overdue(late.id, cause(61)) is None
        assert await tx.mark_overdue(answered.id, cause(61)) is None


async def test_an_unknown_item_is_not_found(desk: Desk) -> None:
    for command in ("release", "resolve", "reply"):
        with pytest.raises(NotFound):
            await _command(desk, command, item("nowhere"), "ann", 1, 1)
    with pytest.raises(NotFound):
        await claimed(desk, item("nowhere"), "ann")


async def test_a_refused_claim_waits_for_no_writer(desk: Desk) -> None:
    """While another transaction is open, who cannot win is told so at once."""
    [held, other] = await opened(desk, "c1", "c2")
    await claimed(desk, held, "ann")
    async with desk.transaction() as tx:
        await tx.release(held.id, "ann", 1, cause(1))
        with pytest.raises(Conflict, match="held by ann"):
            await claimed(desk, held, "bob", 2)
    assert (await claimed(desk, held, "bob", 2)).holder == "bob"
    assert (await claimed(desk, other, "bob", 2)).holder == "bob"
