"""Classify as a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backbone.distributed.log import KafkaLog
from backbone.runner import Runner
from backbone.service import Service, Setup
from contracts.topics import ALL_TOPICS
from services.classify.domain.verdict import Classifier
from services.classify.handler import ClassifyHandler


@asynccontextmanager
async def classify(setup: Setup) -> AsyncIterator[Service]:
    """Verdicts and volume, for the partitions that this instance gets."""
    log = await KafkaLog.open(setup.connections.kafka, ALL_TOPICS, setup.clock)
    try:
        handler = ClassifyHandler(log, Classifier.load(), setup.clock)
        runner = Runner(log, handler, setup.clock, setup.metrics, setup.runner)
        yield Service(lines=(runner,), pings={"log": log.ping})
    finally:
        await log.close()
