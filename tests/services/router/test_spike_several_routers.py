"""Several routers on one desk in PostgreSQL: a brand's series lie in several partitions, and a crisis is still one."""

import asyncio
import contextlib

import msgspec
import pytest
from router_world import START, settings
from spike_stories import FIGURES, life

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk
from backbone.embedded.clock import ReplayClock
from backbone.errors import Unavailable
from backbone.handling import Delivered
from backbone.ports import Desk, Partition, Record
from contracts.topics import SPIKE_EVENTS
from contracts.volume import SpikeEvent
from services.router.domain.conservation import incident_conservation
from services.router.spike_handler import SpikeHandler

pytestmark = pytest.mark.servers

BRANDS = ("acme", "other", "third")
PARTS = ("", *(name.removeprefix("acme") for name in FIGURES if name != "acme"))


def events_of(router: int) -> list[SpikeEvent]:
    """One part of every brand, in another order of brands for each router: openings, growth, then the ends."""
    brands = BRANDS[router % 3 :] + BRANDS[: router % 3]
    lives = [life(f"{brand}{PARTS[router]}", router, 90 + router) for brand in brands]
    return [life[step] for step in range(4) for life in lives]


async def route(desk: Desk, router: int, first: int, last: int) -> None:
    """Take a partition's events in batches of two; now and then the process dies in the middle."""
    place = Partition(SPIKE_EVENTS.name, router)
    events = events_of(router)
    for start in range(first, last, 2):
        batch = [
            Delivered(
                Record(place.topic, router, offset, "", msgspec.json.encode(events[offset]), START), events[offset]
            )
            for offset in (start, start + 1)
        ]
        for tries in range(20):
            handler = SpikeHandler(desk, settings(), ReplayClock(START), lambda: None)
            await handler.assigned({place: 0})
            work = asyncio.ensure_future(handler.handle(batch, ()))
            if tries == 0 and (router + start) % 3 == 0:
                await asyncio.sleep(0.005 * start)
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Unavailable):
                await work
                break


async def test_what_several_routers_hear_of_one_brand_is_one_incident(database: Postgres) -> None:
    desks = [await PostgresDesk.open(database) for _ in PARTS]
    first = asyncio.gather(*(route(desk, router, 0, 6) for router, desk in enumerate(desks)))
    await asyncio.wait_for(first, 60)
    async with desks[0].reading() as tx:
        opened = await tx.incidents(None, None, 100)
    rest = asyncio.gather(*(route(desk, router, 6, 12) for router, desk in enumerate(desks)))
    await asyncio.wait_for(rest, 60)
    async with desks[0].reading() as tx:
        incidents = await tx.incidents(None, None, 100)
        spikes = await tx.spikes(None, False, 100)
    counts = await desks[0].counts()
    for desk in desks:
        await desk.close()
    assert sorted(incident.brand for incident in opened) == sorted(BRANDS)
    assert [incident.state for incident in incidents] == ["resolved"] * 3
    assert {spike.incident_id for spike in spikes} == {incident.id for incident in incidents}
    assert len(spikes) == len(PARTS) * len(BRANDS)
    assert incident_conservation(3, counts).holds
