"""The adapters that the event log's suite runs on, and what each of them does not promise."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from backbone.distributed import kafka_members
from backbone.distributed.connections import Kafka
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.ports import Consumer, EventLog, NewRecord, Partition, Record
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
    tick: timedelta | None
    """Records carry the clock's time, as precise as this; None: they carry the server's own."""
    joins_at_once: bool
    """Partitions have changed hands when `consumer` returns; otherwise soon afterwards."""


class Adapter(Protocol):
    """One place where a log keeps its data."""

    features: Features
    clock: ReplayClock

    async def open(self, topics: Sequence[Topic] = TOPICS) -> EventLog:
        """Open the log, or open it again with what it kept."""
        ...

    async def clear(self) -> None:
        """Leave nothing behind on a server."""
        ...


class SqliteAdapter:
    """The embedded log, in a folder of the test."""

    features = Features(
        max_value_bytes=1 << 20, exact_retention=True, tick=timedelta(microseconds=1), joins_at_once=True
    )

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.db"
        self.clock = ReplayClock(START)

    async def open(self, topics: Sequence[Topic] = TOPICS) -> SqliteLog:
        return await SqliteLog.open(self.path, topics, self.clock, "normal")

    async def clear(self) -> None:
        """It goes with its folder."""


class KafkaAdapter:
    """Topics of their own on a shared server."""

    def __init__(self, server: str, lockstep: bool = False) -> None:
        self.connection = Kafka(servers=(server,), prefix=f"test-{uuid.uuid4().hex[:12]}.")
        self.lockstep = lockstep
        self.clock = ReplayClock(START)
        self.features = Features(
            max_value_bytes=1 << 20,
            exact_retention=False,
            tick=timedelta(milliseconds=1) if lockstep else None,
            joins_at_once=lockstep,
        )

    async def open(self, topics: Sequence[Topic] = TOPICS) -> KafkaLog:
        return await KafkaLog.open(self.connection, topics, self.clock, lockstep=self.lockstep)

    async def clear(self) -> None:
        async with admin(self.connection) as client:
            there = [name for name in await client.list_topics() if name.startswith(self.connection.prefix)]
            await client.delete_topics(there)


@asynccontextmanager
async def admin(connection: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """Somebody who may do anything to the topics."""
    client = AIOKafkaAdminClient(bootstrap_servers=list(connection.servers))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


ADAPTERS = (
    pytest.param("sqlite"),
    pytest.param("kafka", marks=pytest.mark.servers),
    pytest.param("kafka-lockstep", marks=pytest.mark.servers),
)


def make_adapter(request: pytest.FixtureRequest, name: str, folder: Path) -> Adapter:
    """The adapter of that name; a server is asked for only where it is needed."""
    if name == "sqlite":
        return SqliteAdapter(folder)
    return KafkaAdapter(request.getfixturevalue("kafka_server"), lockstep=name == "kafka-lockstep")


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Members notice a rebalance at once, and no batch holds one up for long."""
    patch.setattr(kafka_members, "HEARTBEAT_S", 0.05)
    patch.setattr(kafka_members, "FINISH_WITHIN_S", 0.2)


async def shared(*members: Consumer) -> None:
    """Return when every partition of their topics is one member's, and the members' alone."""
    async with asyncio.timeout(20):
        while True:
            held = [partition for member in members for partition in member.assignment()]
            if held and len(held) == len(set(held)):
                return
            await asyncio.sleep(0.01)


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
