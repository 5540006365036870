"""What the runner's tests need: a small topic map, handlers that keep what they did, and crashes on demand."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.errors import Conflict
from backbone.handling import Delivered, Rejected
from backbone.metrics import Metrics
from backbone.ports import Consumer, NewRecord, Partition, Record
from backbone.runner import Runner
from backbone.standing import RunnerSettings
from contracts.base import Event
from contracts.topics import Topic, dead_letters_of
from contracts.work import DeadLetter

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Word(Event, frozen=True, kw_only=True):
    text: str
    mood: int = 0


IN = Topic("in", Word, "word", ("test",), ("test",), timedelta(days=30))
OUT = Topic("out", Word, "word", ("test",), (), timedelta(days=30))
DEAD = dead_letters_of(IN)
TOPICS = (IN, OUT, DEAD)
TYPES: dict[str, type[Event]] = {topic.name: topic.event for topic in TOPICS}


class Abort(BaseException):
    """The process dies here."""


class Crash:
    """Dies once, at the n-th time that a named point is passed."""

    def __init__(self, point: str = "", after: int = 1) -> None:
        self.point = point
        self.left = after

    def at(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                raise Abort(point)


class Echo:
    """Keeps each word by its place (so twice is once), and repeats it on ``out``."""

    group = "echo"
    topics = (IN.name,)
    owns_offsets = False

    def __init__(self, crash: Crash | None = None) -> None:
        self.crash = crash or Crash()
        self.kept: dict[tuple[int, int], str] = {}
        self.calls: list[list[str]] = []
        self.assigned_to: list[Mapping[Partition, int]] = []
        self.troubles: list[BaseException] = []
        """Raised one by one, before anything takes effect."""

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        self.assigned_to.append(committed)
        return committed

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        self.calls.append([item.event.text for item in batch])
        if self.troubles:
            raise self.troubles.pop(0)
        self.refuse(batch)
        self.kept |= {(item.record.partition, item.record.offset): item.event.text for item in batch}
        return [NewRecord(OUT.name, item.record.key, item.record.value) for item in batch]

    def refuse(self, batch: Sequence[Delivered[Word]]) -> None:
        """Raise for what cannot be handled; other handlers say what that is."""


class Ledger(Echo):
    """Owns its offsets: effects, dead letters and offsets change together, so each effect is there once."""

    group = "ledger"
    owns_offsets = True

    def __init__(self, crash: Crash | None = None) -> None:
        super().__init__(crash)
        self.effects: list[str] = []
        self.dead: list[tuple[str, str]] = []
        self.next: dict[Partition, int] = {}

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        self.assigned_to.append(committed)
        return {partition: self.next.get(partition, 0) for partition in committed}

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        self.calls.append([item.event.text for item in batch])
        if self.troubles:
            raise self.troubles.pop(0)
        self.refuse(batch)
        records = sorted([item.record for item in batch] + [item.record for item in rejected], key=_place)
        moved = dict(self.next)
        for record in records:
            if moved.get(Partition(record.topic, record.partition), 0) != record.offset:
                raise Conflict("Somebody else handled this.", code="offset_taken")
            moved[Partition(record.topic, record.partition)] = record.offset + 1
        self.next = moved
        self.effects += [item.event.text for item in batch]
        self.dead += [(item.record.value.decode("utf-8", "replace"), item.reason) for item in rejected]
        return ()


def _place(record: Record) -> tuple[int, int]:
    return record.partition, record.offset


class CrashingConsumer:
    """A consumer whose process may die before or after what it does."""

    def __init__(self, consumer: Consumer, crash: Crash) -> None:
        self._consumer = consumer
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        records = await self._consumer.poll(limit, timeout_s)
        if records:
            self._crash.at("polled")
        return records

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        self._crash.at("before commit")
        await self._consumer.commit(positions)
        self._crash.at("committed")


class CrashingLog:
    """A log whose process may die before or after what it does."""

    def __init__(self, log: SqliteLog, crash: Crash) -> None:
        self._log = log
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def consumer(self, group: str, topics: Sequence[str]) -> Any:
        return CrashingConsumer(await self._log.consumer(group, topics), self._crash)

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        what = "dead letters" if records[0].topic == DEAD.name else "outputs"
        self._crash.at(f"before {what}")
        stands = await self._log.append(records)
        self._crash.at(f"{what} appended")
        return stands


class House:
    """A log in a folder, a clock, and runners on them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.db"
        self.clock = ReplayClock(START)
        self.metrics = Metrics(CollectorRegistry())
        self.log: SqliteLog

    async def open(self) -> "House":
        self.log = await SqliteLog.open(self.path, TOPICS, self.clock, "normal", max_value_bytes=10_000)
        return self

    async def restart(self) -> None:
        await self.log.close()
        self.metrics = Metrics(CollectorRegistry())
        await self.open()

    def runner(self, handler: Any, crash: Crash | None = None, **settings: Any) -> Runner[Word]:
        log: Any = CrashingLog(self.log, crash) if crash else self.log
        chosen = RunnerSettings(**{"poll_timeout_s": 0.01, **settings})
        return Runner(log, handler, self.clock, self.metrics, chosen, TYPES, jitter=lambda least, most: most)

    async def say(self, *texts: str, key: str | None = None) -> None:
        await self.put(*(msgspec.json.encode(Word(text=text)) for text in texts), key=key)

    async def put(self, *values: bytes, key: str | None = None) -> None:
        await self.log.append(
            [NewRecord(IN.name, key or f"key-{n % 10}", value) for n, value in enumerate(values)] if values else []
        )

    async def wake(self) -> float:
        """Wait for somebody to sleep, and move the clock to when they wake; how many seconds that was."""
        async with asyncio.timeout(10):
            while (due := self.clock.next_wake()) is None:
                await asyncio.sleep(0.001)
        waited = due - self.clock.now()
        self.clock.advance(due)
        return waited.total_seconds()

    async def records(self, topic: Topic) -> list[Record]:
        ends = await self.log.end_offsets(topic.name)
        return [record for partition in sorted(ends) for record in await self.log.read(partition, 0, ends[partition])]

    async def said(self) -> Counter[str]:
        """What is on ``out``, each distinct word once: ids are made of their cause, so readers drop the second."""
        values = {record.value for record in await self.records(OUT)}
        return Counter(msgspec.json.decode(value, type=Word).text for value in values)

    async def letters(self) -> dict[tuple[int, int], DeadLetter]:
        """The dead letters by the place of the record that they are about."""
        letters = [msgspec.json.decode(record.value, type=DeadLetter) for record in await self.records(DEAD)]
        return {(letter.partition, letter.offset): letter for letter in letters}

    async def committed(self, group: str) -> int:
        return sum((await self.log.group_offsets(group)).values())

    def figure(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
