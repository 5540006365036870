"""Spikes on Faust under kill -9 and changing hands: counts exact, each event once."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from backbone.distributed.connections import Kafka
from backbone.ports import EventLog
from contracts.volume import VolumeUpdate
from tests.crash.faust_house import (
    Child,
    connection,
    holds_what_was_told,
    left,
    names,
    opened,
    records,
    until_handled,
    updates,
)

pytestmark = pytest.mark.servers

KILLS = 3
_ALL = "0 1 2 3"


async def feed(log: EventLog, told: Sequence[VolumeUpdate], size: int = 40, pause_s: float = 0.1) -> None:
    """Traffic that goes on meanwhile."""
    new = records(told)
    for start in range(0, len(new), size):
        await log.append(new[start : start + size])
        await asyncio.sleep(pause_s)


async def more_is_handled(log: EventLog, than: int) -> int:
    """Wait until it has committed something since; how much is left."""
    async with asyncio.timeout(30):
        while (now := await left(log)) >= than:
            await asyncio.sleep(0.02)
    return now


async def killed_in_traffic(kafka: Kafka, log: EventLog, folder: Path, told: Sequence[VolumeUpdate]) -> None:
    dice = random.Random(11)
    share = len(told) // (KILLS + 1)
    for number in range(KILLS):
        await log.append(records(told[number * share : (number + 1) * share]))
        child = await Child.start(kafka, folder, instance="one")
        try:
            await more_is_handled(log, await left(log))
            await asyncio.sleep(dice.uniform(0.0, 0.06))
        finally:
            await child.kill()
    await log.append(records(told[KILLS * share :]))


async def test_counts_are_exact_and_events_there_once_over_kills_in_traffic(kafka_server: str, tmp_path: Path) -> None:
    """Killed again and again while it steps; the last one finishes, and is told to stop."""
    kafka = connection(kafka_server)
    told = updates(names(20))
    async with opened(kafka) as log:
        await killed_in_traffic(kafka, log, tmp_path, told)
        assert await left(log) > len(told) // (KILLS + 1), "the kills fell into the middle of it"
        child = await Child.start(kafka, tmp_path, instance="one")
        try:
            await until_handled(log)
            assert await child.stop() == 0
        finally:
            await child.kill()
        assert child.last == "stopped:asked"
        await holds_what_was_told(kafka, log, told)


async def test_counts_are_exact_while_partitions_change_hands(kafka_server: str, tmp_path: Path) -> None:
    """One process, then two, then the first is killed and the second has it all."""
    kafka = connection(kafka_server)
    told = updates(names(20))
    async with opened(kafka) as log:
        feeding = asyncio.create_task(feed(log, told))
        first = await Child.start(kafka, tmp_path / "first")
        second = None
        try:
            await first.says(_ALL)
            second = await Child.start(kafka, tmp_path / "second")
            await asyncio.gather(*(one.has_half() for one in (first, second)))
            await first.kill()
            await second.says(_ALL)
            await feeding
            await until_handled(log)
            assert await second.stop() == 0
        finally:
            feeding.cancel()
            for one in (first, second):
                if one is not None:
                    await one.kill()
        await holds_what_was_told(kafka, log, told)
