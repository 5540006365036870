"""The adapters that the event log's suite runs on, and what each of them does not promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.ports import EventLog, NewRecord, Partition, Record
from contracts.mentions import Mention
from contracts.topics import Topic
from contracts.work import DeadLetter

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

FOUR = Topic("four", Mention, "author", ("a",), ("b",), timedelta(days=30))
OTHER = Topic("other", Mention, "author", ("a",), ("b",), timedelta(days=30))
ONE = Topic("one", Mention, "author", ("a",), ("b",), timedelta(days=1), partitions=1)
DEAD = Topic("one.dead", DeadLetter, "author", ("b",), ("people",), timedelta(days=90), partitions=1)
TOPICS = (FOUR, OTHER, ONE, DEAD)


@dataclass(frozen=True)
class Features:
    """Declared differences between adapters."""

    max_value_bytes: int
    exact_retention: bool
    """`expire` drops exactly what is too old; otherwise it may keep some of it for longer."""


class Adapter(Protocol):
    """One place where a log keeps its data."""

    features: Features
    clock: ReplayClock

    async def open(self, topics: Sequence[Topic] = TOPICS) -> EventLog:
        """Open the log, or open it again with what it kept."""
        ...


class SqliteAdapter:
    """The embedded log, in a folder of the test."""

    features = Features(max_value_bytes=1 << 20, exact_retention=True)

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.db"
        self.clock = ReplayClock(START)

    async def open(self, topics: Sequence[Topic] = TOPICS) -> SqliteLog:
        return await SqliteLog.open(self.path, topics, self.clock, "normal")


ADAPTERS = {"sqlite": SqliteAdapter}


def new(topic: Topic, key: str, value: str) -> NewRecord:
    return NewRecord(topic.name, key, value.encode())


def numbered(topic: Topic, count: int, keys: int = 20) -> list[NewRecord]:
    """Records whose value is their number, spread over some keys."""
    return [new(topic, f"key-{n % keys}", str(n)) for n in range(count)]


def values(records: Sequence[Record]) -> list[str]:
    return [record.value.decode() for record in records]


async def everything(log: EventLog, topic: Topic) -> list[Record]:
    """All that is kept of a topic, by partition."""
    ends = await log.end_offsets(topic.name)
    return [record for partition in sorted(ends) for record in await log.read(partition, 0, ends[partition])]


def places(records: Sequence[Record]) -> list[tuple[Partition, int]]:
    return [(Partition(record.topic, record.partition), record.offset) for record in records]
