"""Ingest as a process of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends

from backbone.distributed.log import KafkaLog
from backbone.service import Service, Setup
from backbone.web.auth import require_actor
from contracts.topics import ALL_TOPICS
from services.ingest.domain.brands import IngestSettings
from services.ingest.gate import Gate
from services.ingest.http import ingest_router


@asynccontextmanager
async def ingest(setup: Setup, settings: IngestSettings) -> AsyncIterator[Service]:
    """The door: what it answers 202 to is in the log."""
    log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
    try:
        gate = Gate(log, setup.clock, settings, setup.metrics)
        yield Service(pings={"log": log.ping}, routers=_routers(gate))
    finally:
        await log.close()


def _routers(gate: Gate) -> Sequence[APIRouter]:
    router = APIRouter(dependencies=[Depends(require_actor)])
    router.include_router(ingest_router(gate))
    return (router,)
