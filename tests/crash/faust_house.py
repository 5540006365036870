"""What the tests of spikes on Faust need: updates, processes that step them, and what came of it."""

import asyncio
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec

from backbone.distributed.connections import Kafka
from backbone.distributed.log import KafkaLog
from backbone.distributed.table_tail import TableTail
from backbone.embedded.clock import RealClock
from backbone.ports import EventLog, NewRecord, Record
from contracts.topics import SPIKE_EVENTS, VOLUME_BLOCKS, dead_letters_of
from contracts.volume import BlockCount, MinuteCount, SpikeEvent, VolumeUpdate
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings

GROUP = "spikes"
TOPICS = (VOLUME_BLOCKS, SPIKE_EVENTS, dead_letters_of(VOLUME_BLOCKS))
STEP = SpikeStep(SpikeSettings())
START = datetime(2040, 1, 2, tzinfo=UTC)
"""Ahead of every clock, so that no spike closes for want of time."""
SESSION_S = 6.0
"""The least that a broker allows."""
_CHILD = Path(__file__).with_name("faust_child.py")
_QUIET_HOURS = 48
_LOUD_MINUTES = 15
_WITHIN_S = 40.0


def connection(server: str, *, prefix: str = "", instance: str = "") -> Kafka:
    return Kafka(servers=(server,), prefix=prefix or f"t{uuid.uuid4().hex[:12]}.", replicas=1, instance=instance)


@asynccontextmanager
async def opened(kafka: Kafka) -> AsyncIterator[KafkaLog]:
    log = await KafkaLog.open(kafka, TOPICS, RealClock())
    try:
        yield log
    finally:
        await log.close()


def names(count: int) -> list[str]:
    return [f"Vlieland {number}" for number in range(count)]


def updates(series: Sequence[str], start: datetime = START) -> list[VolumeUpdate]:
    """Two quiet days, then a crisis, of each series; minutes of the crisis are told twice, and some once more."""
    found: list[VolumeUpdate] = []
    moments = [start + timedelta(hours=hour) for hour in range(_QUIET_HOURS)]
    loud = moments[-1] + timedelta(hours=1)
    for number, at in enumerate(moments):
        found += [_update(name, at, number, 1) for name in series]
    for number in range(_LOUD_MINUTES):
        at = loud + timedelta(minutes=number)
        for part in (9, 18):
            found += [_update(name, at, _QUIET_HOURS + number, part) for name in series]
        if number % 5 == 4:
            found += [_update(name, at, _QUIET_HOURS + number, 9) for name in series]
    return found


def _update(series: str, at: datetime, block: int, arrivals: int) -> VolumeUpdate:
    minute = int(at.timestamp()) // 60
    people = tuple(minute * 100 + person for person in range(arrivals))
    held = MinuteCount(minute=minute, arrivals=arrivals, people=people)
    counted = BlockCount(
        topic="mentions.raw", partition=0, block=block, upto=block * 64 + arrivals - 1, minutes=(held,)
    )
    return VolumeUpdate(series=series, brand="Vlieland", at=at, blocks=(counted,))


def records(told: Iterable[VolumeUpdate]) -> list[NewRecord]:
    return [NewRecord(VOLUME_BLOCKS.name, update.series, msgspec.json.encode(update)) for update in told]


def stepped(told: Iterable[VolumeUpdate]) -> tuple[dict[str, bytes], dict[str, list[bytes]]]:
    """What the pure step makes of the updates: each series' state, and its events in order."""
    states: dict[str, bytes] = {}
    events: dict[str, list[bytes]] = {}
    for update in told:
        held = states.get(update.series)
        after, outputs = STEP.step(STEP.decode(held) if held else None, update)
        states[update.series] = STEP.encode(after)
        events.setdefault(update.series, []).extend(record.value for record in outputs)
    return states, events


async def every(log: EventLog, topic: str) -> list[Record]:
    found: list[Record] = []
    for place, end in (await log.end_offsets(topic)).items():
        start = 0
        while start < end:
            part = await log.read(place, start, 1000)
            found += part
            start = part[-1].offset + 1
    return found


async def events_once(log: EventLog) -> dict[str, list[bytes]]:
    """The spike events of each series in order, the same event (to the byte) told again left out."""
    told: dict[str, dict[str, bytes]] = {}
    for record in await every(log, SPIKE_EVENTS.name):
        event = msgspec.json.decode(record.value, type=SpikeEvent)
        before = told.setdefault(event.series, {}).setdefault(event.id, record.value)
        assert before == record.value
    return {series: list(events.values()) for series, events in told.items()}


async def until_handled(log: EventLog) -> None:
    """All updates are committed."""
    async with asyncio.timeout(_WITHIN_S):
        while await left(log):
            await asyncio.sleep(0.1)


async def left(log: EventLog) -> int:
    """How many updates are not committed."""
    ends, done = await log.end_offsets(VOLUME_BLOCKS.name), await log.group_offsets(GROUP)
    return sum(end - done.get(place, 0) for place, end in ends.items())


async def kept(kafka: Kafka, series: Iterable[str]) -> dict[str, bytes | None]:
    """The states in the table's changelog."""
    tail = TableTail(kafka, GROUP)
    tail.start()
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not tail.caught_up:
                await asyncio.sleep(0.05)
        return {name: tail.get(name) for name in series}
    finally:
        await tail.close()


async def holds_what_was_told(kafka: Kafka, log: EventLog, told: Sequence[VolumeUpdate]) -> None:
    """States equal the clean run's to the byte, and each event is there."""
    states, events = stepped(told)
    assert all(events.values()), "every series has a spike"
    assert await events_once(log) == events
    assert await kept(kafka, states) == states


class Child:
    """A process that steps; it says which partitions it has."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: list[str] = []
        self._heard = asyncio.Condition()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, kafka: Kafka, folder: Path, instance: str = "") -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(_CHILD),
                kafka.servers[0],
                kafka.prefix,
                str(folder),
                instance,
                stdout=asyncio.subprocess.PIPE,
                cwd=Path(__file__).parents[2],
            )
        )

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._heard:
                self._lines.append(line.decode().strip())
                self._heard.notify_all()

    async def says(self, line: str) -> None:
        """Wait until it is the last that it said."""
        await self._until(lambda last: last == line)

    async def has_half(self) -> None:
        """Wait until it has two of the four partitions."""
        await self._until(lambda last: len(last.split()) == 2)

    async def _until(self, wanted: Callable[[str], bool]) -> None:
        async with asyncio.timeout(_WITHIN_S), self._heard:
            await self._heard.wait_for(lambda: bool(self._lines) and wanted(self._lines[-1]))

    async def kill(self) -> None:
        """With no chance to finish anything."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await self._listening

    async def stop(self) -> int | None:
        """As an orchestrator does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        finally:
            await self.kill()
        return self._process.returncode

    @property
    def last(self) -> str:
        return self._lines[-1]
