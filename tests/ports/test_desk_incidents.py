"""One open incident per key, acknowledged as a lease, resolved for good (`backbone.ports.DeskTransaction`)."""

import asyncio
from datetime import datetime

import msgspec
import pytest
from desk_suite import START, Adapter, actions, at, cause, due_timers, incident, kinds, page, triggered

from backbone.errors import Conflict, NotFound
from backbone.ports import Desk
from backbone.records import Incident, Run, Timer


async def _open(desk: Desk, new: Incident, minutes: float = 0) -> tuple[Incident, bool]:
    async with desk.transaction() as tx:
        return await tx.open_incident(new, cause(minutes))


async def _acknowledge(
    desk: Desk, of: Incident, person: str, minutes: float = 0, until: datetime | None = None, seq: int | None = None
) -> Incident:
    async with desk.transaction() as tx:
        return await tx.acknowledge(of.id, person, until, seq, cause(minutes, person))


async def _resolve(desk: Desk, of: Incident, minutes: float = 0) -> Incident:
    async with desk.transaction() as tx:
        return await tx.resolve_incident(of.id, cause(minutes, "ann"))


async def test_a_second_mention_of_an_open_key_is_counted_not_opened(desk: Desk) -> None:
    """It has its row in the timeline, but no event, and does not make anybody's command stale."""
    first, new = await _open(desk, incident("fire", id="inc_1"))
    again, newer = await _open(desk, incident("fire", id="inc_2"))
    assert (new, newer) == (True, False)
    assert again == msgspec.structs.replace(first, mentions=2)
    assert await kinds(desk) == ["incident.opened"]
    assert await actions(desk, first.id) == ["incident.opened", "incident.mention_added"]
    assert (await _acknowledge(desk, first, "ann", seq=first.seq)).acked_by == "ann"


async def test_a_storm_on_one_key_opens_one_incident(desk_factory: Adapter) -> None:
    desks = [await desk_factory.open() for _ in range(2)]
    storm = [_open(desks[n % 2], incident("fire", id=f"inc_{n}")) for n in range(60)]
    results = await asyncio.gather(*storm)
    assert sum(new for _, new in results) == 1
    async with desks[0].reading() as tx:
        [only] = await tx.incidents(None, None, 10)
    assert only.mentions == 60
    for desk in desks:
        await desk.close()


async def test_a_resolved_incident_stays_so_and_the_key_opens_a_new_one(desk: Desk) -> None:
    old = await triggered(desk)
    closed = await _resolve(desk, old, 5)
    assert (closed.state, closed.resolved_by, closed.resolved_at) == ("resolved", "ann", at(5))
    assert await _resolve(desk, old, 6) == closed
    newer, new = await _open(desk, incident("fire", id="inc_newer"), 7)
    assert new
    assert newer.state == "triggered"
    async with desk.reading() as tx:
        assert await tx.incident(old.id) == closed


async def test_an_incident_that_was_opened_and_resolved_is_not_opened_by_its_own_id(desk: Desk) -> None:
    """A mention that is handled again after its incident was resolved has no effect."""
    old = await triggered(desk)
    closed = await _resolve(desk, old)
    before = await actions(desk)
    assert await _open(desk, incident("fire")) == (closed, False)
    assert await actions(desk) == before


async def test_incidents_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    many = [incident(f"k{n}", opened_at=at(n // 2), brand="slager" if n == 4 else "bakker") for n in range(7)]
    for one in many:
        await _open(desk, one)
    await _resolve(desk, many[0])
    expected = [one.id for one in sorted(many, key=lambda one: (one.opened_at, one.id), reverse=True)]
    async with desk.reading() as tx:
        seen: list[str] = []
        while part := await tx.incidents(None, None, 3, seen[-1] if seen else None):
            seen += [one.id for one in part]
        assert seen == expected
        assert [one.id for one in await tx.incidents(["slager"], None, 9)] == [many[4].id]
        assert [one.id for one in await tx.incidents(None, ["resolved"], 9)] == [many[0].id]
        assert len(await tx.incidents(None, ["triggered", "acknowledged"], 9)) == 6
        assert await tx.incidents([], None, 9) == []


async def test_evidence_is_replaced_while_it_is_open(desk: Desk) -> None:
    old = await triggered(desk)
    async with desk.transaction() as tx:
        changed = await tx.update_evidence(old.id, {"seen": 40, "expected": 2.5}, cause(1))
    assert (changed.evidence, changed.seq) == ({"seen": 40, "expected": 2.5}, old.seq + 1)
    await _resolve(desk, old)
    with pytest.raises(Conflict, match="resolved"):
        async with desk.transaction() as tx:
            await tx.update_evidence(old.id, {}, cause(2))
    assert (await kinds(desk))[-2:] == ["incident.updated", "incident.resolved"]


async def test_acknowledging_stops_everything_that_would_page_somebody_else(desk: Desk) -> None:
    """The run is over, pages not yet sending are superseded, the escalation timer is gone; the lease has one."""
    soon, later, sending = page("soon"), page("later", due_at=at(30)), page("now", due_at=at(-1))
    old = await triggered(desk, "fire", soon, later, sending)
    async with desk.transaction() as tx:
        await tx.put_run(Run(incident_id=old.id, epoch=0, policy={"steps": []}))
        await tx.schedule(Timer(kind="escalate", subject=old.id, due_at=at(5)))
        [taken] = await tx.take_pages("p1", at(-1), at(1), 10)
    acked = await _acknowledge(desk, old, "ann", 1, until=at(31))
    assert (acked.state, acked.acked_by, acked.acked_at, acked.ack_expires_at) == ("acknowledged", "ann", at(1), at(31))
    async with desk.transaction() as tx:
        run = await tx.run(old.id, 0)
        assert run is not None
        assert run.done
        states = {one.id: one.state for one in await tx.pages(incident_id=old.id)}
        assert states == {soon.id: "superseded", later.id: "superseded", taken.id: "sending"}
        assert await due_timers(tx) == [("ack", old.id)]
        assert await tx.take_pages("p2", at(0), at(1), 10) == []
    assert (await kinds(desk)).count("page.superseded") == 2


async def test_an_acknowledgement_without_end_has_no_timer(desk: Desk) -> None:
    old = await triggered(desk)
    await _acknowledge(desk, old, "ann", until=at(30))
    await _acknowledge(desk, old, "ann", 1)
    async with desk.transaction() as tx:
        assert await due_timers(tx) == []
        assert await tx.unacknowledge(old.id, cause(10_000)) is None


async def test_who_acknowledged_it_renews(desk: Desk) -> None:
    old = await triggered(desk)
    first = await _acknowledge(desk, old, "ann", 1, until=at(31))
    renewed = await _acknowledge(desk, old, "ann", 20, until=at(50), seq=first.seq)
    assert (renewed.acked_at, renewed.ack_expires_at, renewed.seq) == (at(1), at(50), first.seq + 1)
    assert await kinds(desk) == ["incident.opened", "incident.acknowledged", "incident.ack_renewed"]


async def test_commands_on_what_somebody_else_changed_are_refused_and_change_nothing(desk: Desk) -> None:
    old = await triggered(desk)
    with pytest.raises(Conflict) as stale:
        await _acknowledge(desk, old, "ann", seq=7)
    held = await _acknowledge(desk, old, "ann", until=at(30))
    with pytest.raises(Conflict, match="acknowledged by ann") as taken:
        await _acknowledge(desk, old, "bob", 1, until=at(31), seq=old.seq)
    closed = await _resolve(desk, old, 2)
    with pytest.raises(Conflict) as late:
        await _acknowledge(desk, old, "bob", 3)
    assert [error.value.code for error in (stale, taken, late)] == ["stale", "acknowledged", "resolved"]
    assert msgspec.convert(taken.value.current, Incident) == held
    assert msgspec.convert(late.value.current, Incident) == closed


async def test_of_many_who_acknowledge_at_once_one_has_it(desk: Desk) -> None:
    old = await triggered(desk)
    people = (_acknowledge(desk, old, f"p{n}", until=at(30), seq=old.seq) for n in range(50))
    results = await asyncio.gather(*people, return_exceptions=True)
    assert sum(isinstance(result, Incident) for result in results) == 1


async def test_an_acknowledgement_that_ran_out_starts_the_escalation_anew(desk: Desk) -> None:
    old = await triggered(desk)
    await _acknowledge(desk, old, "ann", until=at(30))
    async with desk.transaction() as tx:
        assert await tx.unacknowledge(old.id, cause(29)) is None
        back = await tx.unacknowledge(old.id, cause(30))
        assert back is not None
        assert (back.state, back.epoch, back.acked_by, back.ack_expires_at) == ("triggered", 1, None, None)
        assert await tx.unacknowledge(old.id, cause(31)) is None
        assert await tx.unacknowledge("inc_nowhere", cause(31)) is None
        assert await due_timers(tx) == []


async def test_somebody_else_can_take_over_an_acknowledgement_that_ran_out(desk: Desk) -> None:
    old = await triggered(desk)
    await _acknowledge(desk, old, "ann", until=at(30))
    assert (await _acknowledge(desk, old, "bob", 30, until=at(60))).acked_by == "bob"


async def test_resolving_supersedes_pages_and_drops_the_timers(desk: Desk) -> None:
    old = await triggered(desk, "fire", page("soon"))
    async with desk.transaction() as tx:
        await tx.put_run(Run(incident_id=old.id, epoch=0, policy={}))
        for kind in ("ack", "escalate", "other"):
            await tx.schedule(Timer(kind=kind, subject=old.id, due_at=START))
    await _resolve(desk, old, 1)
    async with desk.transaction() as tx:
        [left] = await tx.pages(incident_id=old.id)
        run = await tx.run(old.id, 0)
        assert (left.state, run and run.done, await due_timers(tx)) == ("superseded", True, [("other", old.id)])


async def test_a_run_is_kept_per_epoch(desk: Desk) -> None:
    old = await triggered(desk)
    first, second = (Run(incident_id=old.id, epoch=epoch, policy={"repeat": epoch}, step=epoch) for epoch in (0, 1))
    async with desk.transaction() as tx:
        await tx.put_run(msgspec.structs.replace(first, step=9))
        await tx.put_run(first)
        await tx.put_run(second)
        assert [await tx.run(old.id, epoch) for epoch in (0, 1, 2)] == [first, second, None]


async def test_an_unknown_incident_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="inc_nowhere"):
        await _acknowledge(desk, incident("x", id="inc_nowhere"), "ann")
    with pytest.raises(NotFound):
        await _resolve(desk, incident("x", id="inc_nowhere"))
