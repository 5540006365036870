"""The api as a process of its own, with the projector that keeps the archive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from backbone.distributed.archive import ElasticArchive
from backbone.distributed.desk import PostgresDesk
from backbone.distributed.log import KafkaLog
from backbone.ports import Archive, Clock, Desk, EventLog
from backbone.runner import Runner
from backbone.service import Service, Setup
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED
from services.api.app import build_api
from services.api.figures import Figures
from services.api.ports import ApiPorts
from services.api.projector import Projector, queue_first
from services.api.settings import ApiSettings

_TIDY_EVERY_S = 3600.0
CAN_MISS = frozenset({"archive", Projector.group, Figures.group, "retention"})
"""While the archive is away people still claim and answer."""


@asynccontextmanager
async def api(
    setup: Setup, settings: ApiSettings, ports_of: Callable[[EventLog, Desk, Archive], ApiPorts]
) -> AsyncIterator[Service]:
    """What people and programs see of the system; `ports_of` adds what only the composition can know."""
    async with AsyncExitStack() as stack:
        log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
        stack.push_async_callback(log.close)
        desk = await PostgresDesk.open(setup.connections.postgres)
        stack.push_async_callback(desk.close)
        archive = await ElasticArchive.open(setup.connections.elastic, late=True)
        stack.push_async_callback(archive.close)
        app = build_api(ports_of(log, desk, archive), settings)
        projector = Projector(archive, partial(queue_first, log, setup.clock))
        yield Service(
            lines=(
                Runner(log, projector, setup.clock, setup.metrics, setup.runner),
                Runner(log, Figures(setup.metrics), setup.clock, setup.metrics, setup.runner),
            ),
            chores={"retention": partial(_forget, archive, setup.clock)},
            app=app,
            stop_streams=app.state.live.stop,
        )


async def _forget(archive: Archive, clock: Clock, stop: asyncio.Event) -> None:
    """What is past its retention, once an hour; any number of instances may do so."""
    while not stop.is_set():
        await archive.expire(clock.now() - MENTIONS_CLASSIFIED.retention)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TIDY_EVERY_S)
