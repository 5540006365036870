"""Several routers on one desk in PostgreSQL: what is said at the same moment is one story, whoever is killed."""

import asyncio
import contextlib

import msgspec
import pytest
from router_world import START, settings
from story_messages import ORIGINALS, says

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk
from backbone.embedded.clock import ReplayClock
from backbone.errors import Unavailable
from backbone.handling import Delivered
from backbone.ports import Desk, Partition, Record
from contracts.mentions import ClassifiedMention, Origin
from contracts.topics import MENTIONS_CLASSIFIED
from services.router.domain.conservation import conservation
from services.router.handler import MentionHandler

pytestmark = pytest.mark.servers

ROUTERS, BATCHES, TEXTS = 3, 8, 6


def batch(router: int, number: int) -> list[Delivered[ClassifiedMention]]:
    """One repost of each text, by people of this router's partition; the same whenever it is asked for."""
    made = []
    for at, text in enumerate(ORIGINALS[:TEXTS]):
        offset = number * TEXTS + at
        said = says(router * 1_000 + offset, f"RT @een: {text}", "critical" if at == 0 else "normal", minute=number)
        origin = Origin(topic="mentions.raw", partition=router, offset=offset)
        event = msgspec.structs.replace(said, origin=origin)
        made.append(Delivered(Record(MENTIONS_CLASSIFIED.name, router, offset, "", b"", START), event))
    return made


async def route(desk: Desk, router: int) -> None:
    """Take all batches of a partition; now and then the process dies in the middle, and another takes over."""
    place = Partition(MENTIONS_CLASSIFIED.name, router)
    for number in range(BATCHES):
        for tries in range(20):
            handler = MentionHandler(desk, settings(), ReplayClock(START), lambda: None)
            await handler.assigned({place: 0})
            work = asyncio.ensure_future(handler.handle(batch(router, number), ()))
            if tries == 0 and (router + number) % 3 == 0:
                await asyncio.sleep(0.01 * number)
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Unavailable):
                await work
                break


async def test_what_several_routers_are_told_at_once_is_one_item_for_each_story(database: Postgres) -> None:
    desks = [await PostgresDesk.open(database) for _ in range(ROUTERS)]
    await asyncio.wait_for(asyncio.gather(*(route(desk, router) for router, desk in enumerate(desks))), 60)
    everybody = [each.event for router in range(ROUTERS) for n in range(BATCHES) for each in batch(router, n)]
    async with desks[0].reading() as tx:
        stored = await tx.mentions([each.mention.id for each in everybody])
        items = {
            item.id: item for item in (await tx.items_by_id([one.item_id or "" for one in stored.values()])).values()
        }
        incidents = await tx.incidents(None, None, 100)
    counts = await desks[0].counts()
    for desk in desks:
        await desk.close()
    assert len(stored) == len(everybody) == ROUTERS * BATCHES * TEXTS
    assert len({one.story for one in stored.values()}) == TEXTS
    assert sorted(item.people for item in items.values()) == [ROUTERS * BATCHES] * TEXTS
    assert sum(item.mentions for item in items.values()) == len(everybody)
    assert conservation(len(everybody), 0, len(everybody), counts).holds
    assert [incident.mentions for incident in incidents] == [ROUTERS * BATCHES]
