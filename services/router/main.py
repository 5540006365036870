"""The router as a process of its own, with the loops over the desk or without, or the loops alone."""

import os
import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from backbone.distributed.desk import PostgresDesk
from backbone.distributed.log import KafkaLog
from backbone.ports import Notifier
from backbone.runner import Runner
from backbone.service import Service, Setup
from contracts.topics import ALL_TOPICS
from services.router.build import Router, build_router
from services.router.domain.settings import RouterSettings


@asynccontextmanager
async def router(
    setup: Setup, settings: RouterSettings, notifiers: Mapping[str, Notifier], *, handlers: bool, loops: bool
) -> AsyncIterator[Service]:
    """`handlers` puts mentions and spikes on the desk; `loops` watches deadlines, pages, and tells the log."""
    async with AsyncExitStack() as stack:
        log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
        stack.push_async_callback(log.close)
        desk = await PostgresDesk.open(setup.connections.postgres)
        stack.push_async_callback(desk.close)
        built = build_router(
            desk, log, notifiers, settings, setup.clock, _owner(), random.SystemRandom().random, setup.metrics
        )
        yield Service(
            lines=_lines(built, log, setup) if handlers else (),
            chores={loop.name: loop.run for loop in built.loops} if loops else {},
            pings={"log": log.ping, "desk": desk.ping},
        )


def _lines(built: Router, log: KafkaLog, setup: Setup) -> tuple[Runner[Any], ...]:
    return (
        Runner(log, built.mentions, setup.clock, setup.metrics, setup.runner),
        Runner(log, built.spikes, setup.clock, setup.metrics, setup.runner),
    )


def _owner() -> str:
    """Names this pager in leases. A container that starts anew has its old name, and takes up its pages at once."""
    return f"{socket.gethostname()}:{os.getpid()}"
