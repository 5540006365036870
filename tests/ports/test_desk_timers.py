"""Timers, spikes and the audit trail (`backbone.ports.DeskTransaction`)."""

import asyncio

from desk_suite import START, at, cause, item, opened, page, triggered
from msgspec.structs import replace

from backbone.ports import Desk
from backbone.records import Spike, Timer


def _timer(kind: str, subject: str, minutes: float, **data: object) -> Timer:
    return Timer(kind=kind, subject=subject, due_at=at(minutes), data=data)


async def test_timers_are_taken_once_in_order_of_time_kind_and_subject(desk: Desk) -> None:
    expected = [
        _timer("z", "s9", 1, step=1),
        _timer("a", "s2", 2),
        _timer("b", "s1", 2, note="één"),
        _timer("b", "s2", 2),
    ]
    async with desk.transaction() as tx:
        for timer in [*expected[::-1], _timer("a", "s1", 9)]:
            await tx.schedule(timer)
    async with desk.transaction() as tx:
        assert await tx.take_timers(at(2), 3) == expected[:3]
    async with desk.transaction() as tx:
        assert await tx.take_timers(at(2), 3) == expected[3:]
    assert await desk.next_due() == at(9)


async def test_scheduling_again_moves_a_timer_and_cancelling_drops_it(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.schedule(_timer("lease", "i1", 5))
        await tx.schedule(_timer("lease", "i1", 7, round=2))
        await tx.schedule(_timer("lease", "i2", 6))
        await tx.cancel("lease", "i3")
    assert await desk.next_due() == at(6)
    async with desk.transaction() as tx:
        await tx.cancel("lease", "i2")
        await tx.schedule(_timer("lease", "i1", 8))
        assert await tx.take_timers(at(7), 10) == []
        assert await tx.take_timers(at(8), 10) == [_timer("lease", "i1", 8)]
    assert await desk.next_due() is None


async def test_a_timer_set_while_it_is_taken_stays(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.schedule(_timer("escalate", "i1", 1))
    async with desk.transaction() as tx:
        await tx.take_timers(at(1), 10)
        await tx.schedule(_timer("escalate", "i1", 4))
    assert await desk.next_due() == at(4)


async def test_timers_come_back_when_their_handling_fails(desk: Desk) -> None:
    async with desk.transaction() as tx:
        await tx.schedule(_timer("escalate", "i1", 1))
    try:
        async with desk.transaction() as tx:
            assert len(await tx.take_timers(at(1), 10)) == 1
            raise LookupError
    except LookupError:
        assert await desk.next_due() == at(1)


async def test_each_timer_goes_to_one_taker(desk: Desk) -> None:
    async with desk.transaction() as tx:
        for n in range(40):
            await tx.schedule(_timer("deadline", f"i{n}", 1))

    async def take() -> list[str]:
        async with desk.transaction() as tx:
            return [timer.subject for timer in await tx.take_timers(at(1), 9)]

    shares = await asyncio.gather(*(take() for _ in range(6)))
    assert sorted(subject for share in shares for subject in share) == sorted(f"i{n}" for n in range(40))


async def test_the_next_due_is_the_first_of_timers_and_pages(desk: Desk) -> None:
    assert await desk.next_due() is None
    async with desk.transaction() as tx:
        await tx.plan_pages([page("p1", due_at=at(3))], cause())
        await tx.schedule(_timer("lease", "i1", 5))
    assert await desk.next_due() == at(3)


async def test_spikes_are_replaced_and_listed_newest_first(desk: Desk) -> None:
    many = [
        Spike(id=f"spk_{n}", series="s", brand="bakker" if n else "slager", opened_at=at(n), closed_at=None,
              evidence={"seen": n, "expected": 0.5}, incident_id=None)
        for n in range(4)
    ]  # fmt: skip
    closed = replace(many[2], closed_at=at(60), incident_id="inc_1", drill=True)
    async with desk.transaction() as tx:
        for spike in (*many, closed):
            await tx.put_spike(spike)
    async with desk.reading() as tx:
        assert await tx.spikes(None, False, 10) == [many[3], closed, many[1], many[0]]
        assert await tx.spikes(None, True, 2) == [many[3], many[1]]
        assert await tx.spikes(["slager"], False, 10) == [many[0]]


async def test_an_incidents_timeline_has_what_happened_to_it_to_its_pages_and_to_its_item(desk: Desk) -> None:
    fire = await triggered(desk, "fire", page("p1"))
    [linked] = await opened(desk, "c1", incident_id=fire.id)
    await opened(desk, "c2")
    async with desk.transaction() as tx:
        await tx.claim(linked.id, "ann", at(15), cause(1, "ann"))
        await tx.acknowledge(fire.id, "ann", at(31), None, cause(1, "ann"))
    async with desk.reading() as tx:
        timeline = await tx.audit(incident_id=fire.id)
        assert [entry.action for entry in timeline] == [
            "incident.opened",
            "page.planned",
            "item.opened",
            "item.claimed",
            "page.superseded",
            "incident.acknowledged",
        ]
        assert timeline == sorted(timeline, key=lambda entry: entry.number)
        assert await tx.audit(incident_id=fire.id, after=timeline[1].number, limit=2) == timeline[2:4]
        assert [entry.subject for entry in await tx.audit(subject=item("c2").id)] == [item("c2").id]
    assert timeline[3].data == {
        "state": ["waiting", "claimed"],
        "holder": [None, "ann"],
        "lease_until": [None, "2026-01-05T09:15:00Z"],
        "fence": [0, 1],
    }
    assert timeline[0].at == START
