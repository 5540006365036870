"""Spikes on the desk: those that bear upon a new one, of one incident, of one kind of part."""

import asyncio
from typing import Any

from desk_suite import at, cause, incident
from msgspec.structs import replace

from backbone.ports import Desk
from backbone.records import Spike


def spike(name: str, opened: float = 0, **changes: Any) -> Spike:
    fresh = Spike(
        id=name,
        series="bakker",
        brand="bakker",
        opened_at=at(opened),
        closed_at=None,
        evidence={"seen": 9},
        incident_id=None,
    )
    return replace(fresh, **changes)


async def keep(desk: Desk, *spikes: Spike) -> None:
    async with desk.transaction() as tx:
        for one in spikes:
            await tx.put_spike(one)


async def test_a_spike_comes_back_as_it_was(desk: Desk) -> None:
    plain = spike("plain")
    full = spike(
        "full", 1, direction="down", phase="peaked", told_at=at(3), closed_at=at(4), incident_id="i", drill=True
    )
    await keep(desk, plain, full)
    async with desk.reading() as tx:
        assert await tx.spikes(None, False, 9) == [full, plain]


async def test_spikes_of_an_incident_and_of_a_kind_of_part_are_listed_apart(desk: Desk) -> None:
    whole = spike("whole", 1, incident_id="i1")
    on_x = spike("on_x", 2, series="bakker|channel=x", incident_id="i1")
    odd = spike("odd", 3, series="bakker|source=channel=x", incident_id="i2")
    angry = spike("angry", 4, series="bakker%7C|kind=negative")
    await keep(desk, whole, on_x, odd, angry)
    async with desk.reading() as tx:
        assert await tx.spikes(None, False, 9, incident_id="i1") == [on_x, whole]
        assert await tx.spikes(None, False, 9, part="whole") == [whole]
        assert await tx.spikes(None, False, 9, part="channel") == [on_x]
        assert await tx.spikes(None, False, 9, part="source") == [odd]
        assert await tx.spikes(["bakker"], True, 9, part="kind") == [angry]
        assert await tx.spikes(None, False, 9, part="kind", incident_id="i1") == []


async def test_spikes_that_bear_upon_a_new_one(desk: Desk) -> None:
    """Open ones, those that were not over before, those of an open incident, and the ones asked for."""
    fire, calm = incident("fire"), incident("calm")
    async with desk.transaction() as tx:
        for one in (fire, calm):
            await tx.open_incident(one, cause())
        await tx.resolve_incident(calm.id, cause(9))
    kept = [
        spike("open", 0),
        spike("just_over", 1, closed_at=at(10), incident_id=calm.id),
        spike("of_an_open_incident", 2, closed_at=at(3), incident_id=fire.id),
        spike("asked_for", 3, closed_at=at(4)),
    ]
    await keep(
        desk,
        *kept,
        spike("long_over", 4, closed_at=at(9), incident_id=calm.id),
        spike("of_another_brand", 5, brand="slager"),
    )
    async with desk.transaction() as tx:
        assert await tx.spikes_going_on(["bakker"], ["asked_for", "of_another_brand"], at(10)) == kept
        assert await tx.spikes_going_on(["kapper"], ["asked_for"], at(0)) == []


async def test_who_asks_for_a_brands_spikes_decides_alone(desk: Desk) -> None:
    """Two that would each open an incident unless there is one: one of them sees the other's."""

    async def decide(name: str) -> int:
        async with desk.transaction() as tx:
            known = await tx.spikes_going_on(["slager", "bakker"], [], at(0))
            await asyncio.sleep(0.02)
            await tx.put_spike(spike(name))
            return len(known)

    assert sorted(await asyncio.gather(*(decide(f"s{n}") for n in range(4)))) == [0, 1, 2, 3]
