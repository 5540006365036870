"""Classify as a process of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace

from backbone.campaigns import Campaign
from backbone.distributed.log import KafkaLog
from backbone.runner import Runner
from backbone.service import Service, Setup
from contracts.topics import ALL_TOPICS
from services.classify.build import judging
from services.classify.campaigns import Campaigns
from services.classify.handler import ClassifyHandler
from services.classify.settings import ModelSettings

BATCH = 4_000
"""What a batch costs beside its records (a count of every block it touched, waiting for the brokers) is shared by as
many; judging them takes a quarter of a second."""


@asynccontextmanager
async def classify(
    setup: Setup, models: ModelSettings, campaigns: Sequence[Campaign] = (), sources: Sequence[str] = ()
) -> AsyncIterator[Service]:
    """Verdicts and volume, for the partitions that this instance gets.

    `campaigns` are those of the configuration, `sources` those that are watched apart.
    """
    judges, shadow = judging(models, setup.metrics)
    log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
    try:
        handler = ClassifyHandler(log, judges, setup.clock, shadow, Campaigns(log, campaigns), sources)
        runner = Runner(log, handler, setup.clock, setup.metrics, replace(setup.runner, batch_size=BATCH))
        yield Service(lines=(runner,), pings={"log": log.ping})
    finally:
        await log.close()
