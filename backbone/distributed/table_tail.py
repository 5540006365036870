"""A step's table as its changelog tells it: where it stands, and a reader beside its owner."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import away, client_options, explain, quiet
from backbone.errors import BadInput

TABLE = "series"

_LOG = structlog.get_logger("webcare.table")
_AWAY = (KafkaError, OSError, TimeoutError)
_TRY_AGAIN_S = 1.0
_SEGMENT_S = 3600
_POLL_MS = 500
_LOOK_AGAIN_S = 0.05


def changelog_name(group: str) -> str:
    """The changelog of a group's table, without the installation's prefix."""
    return f"{group}-{TABLE}-changelog"


def changelog_topic(connection: Kafka, group: str) -> str:
    """The topic that holds the newest state of every key of a group's table."""
    return connection.prefix + changelog_name(group)


async def lay_changelog(connection: Kafka, group: str, partitions: int) -> None:
    """Make the changelog where it is missing; BadInput ``changelog_changed`` if its partitions are others."""
    admin = AIOKafkaAdminClient(**client_options(connection))
    try:
        await admin.start()
        await _lay(admin, connection, changelog_topic(connection, group), partitions)
    except KafkaError as error:
        raise await explain(connection, error) from error
    except (OSError, TimeoutError) as error:
        raise away(connection, error) from error
    finally:
        await admin.close()


async def _lay(admin: Any, connection: Kafka, name: str, partitions: int) -> None:
    replicas = min(connection.replicas, len((await admin.describe_cluster())["brokers"]))
    settings = {
        "cleanup.policy": "compact",
        "min.insync.replicas": "2" if replicas >= 3 else "1",
        # What is not compacted yet is read again by whoever takes over.
        "segment.ms": str(_SEGMENT_S * 1000),
    }
    answer = await admin.create_topics([NewTopic(name, partitions, replicas, topic_configs=settings)])
    for _, code, *_ in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)()
    while True:
        (found,) = await admin.describe_topics([name])
        if not found["error_code"] and found["partitions"]:
            break
        await asyncio.sleep(_LOOK_AGAIN_S)
    if len(found["partitions"]) != partitions:
        raise BadInput(
            f"{name} has {len(found['partitions'])} partitions and its source {partitions}.",
            code="changelog_changed",
            remedy="States stand beside their events: give the topics their partitions back, or take another "
            "WEBCARE_KAFKA_PREFIX.",
        )


class TableTail:
    """Keeps the newest state of some keys in memory. Behind the table by what it takes to hear of a change."""

    def __init__(self, connection: Kafka, group: str, wanted: Callable[[str], bool] = lambda _: True) -> None:
        self._connection = connection
        self._topic = changelog_topic(connection, group)
        self._wanted = wanted
        self._records: dict[str, bytes] = {}
        self._task: asyncio.Task[None] | None = None
        self._caught_up = False

    def get(self, key: str) -> bytes | None:
        """The newest state heard of."""
        return self._records.get(key)

    @property
    def caught_up(self) -> bool:
        """All that was there when it began has been read."""
        return self._caught_up

    def start(self) -> None:
        """Begin to read; brokers or a topic that are not there are waited for."""
        quiet()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                **client_options(self._connection), enable_auto_commit=False, auto_offset_reset="earliest"
            )
            try:
                await consumer.start()
                # Asking for a topic makes it where brokers do so by themselves, and not as a table needs it.
                if self._topic in await consumer.topics():
                    consumer.subscribe([self._topic])
                    await self._follow(consumer)
            except _AWAY as error:
                _LOG.warning("table_unread", topic=self._topic, error=type(error).__name__)
            finally:
                await consumer.stop()
            await asyncio.sleep(_TRY_AGAIN_S)

    async def _follow(self, consumer: Any) -> None:
        ends: dict[Any, int] = {}
        while True:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                self._take_in(records)
            if not self._caught_up and (places := consumer.assignment()):
                ends = ends or await consumer.end_offsets(places)
                self._caught_up = all([await consumer.position(place) >= ends[place] for place in places])

    def _take_in(self, records: list[Any]) -> None:
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            if not self._wanted(key):
                continue
            if record.value is None:
                self._records.pop(key, None)
            else:
                self._records[key] = record.value
