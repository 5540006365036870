"""The spike step as a process of its own, on Faust."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backbone.distributed.faust_runner import FaustRunner
from backbone.distributed.log import KafkaLog
from backbone.service import Service, Setup
from contracts.topics import ALL_TOPICS, VOLUME_BLOCKS
from services.classify.spikes.handler import SpikesHandler
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings


@asynccontextmanager
async def spikes(setup: Setup, settings: SpikeSettings) -> AsyncIterator[Service]:
    """Spikes, for the series of the partitions that this instance gets."""
    setup.folder.mkdir(parents=True, exist_ok=True)
    log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
    try:
        runner = FaustRunner(
            setup.connections.kafka,
            log,
            VOLUME_BLOCKS.name,
            SpikesHandler.group,
            SpikeStep(settings),
            setup.clock,
            setup.metrics,
            setup.runner,
            setup.folder,
        )
        yield Service(lines=(runner,), pings={"log": log.ping})
    finally:
        await log.close()
