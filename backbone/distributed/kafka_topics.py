"""The topics as Kafka has them: made where they are missing, refused where they would break a promise."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import RETRY_S, away, client_options, explain
from backbone.errors import BadInput
from contracts.topics import Topic
from contracts.work import DeadLetter

MAX_VALUE_BYTES = 1 << 20
MAX_KEY_BYTES = 1 << 15
_ROOM = 1 << 16
"""What a message has besides its value: the key, and the frame around it."""
_VISIBLE_WITHIN_S = 20.0
_MOST = str(2**63 - 1)


def max_value_bytes(topic: Topic) -> int:
    """The largest value that `topic` takes. A dead letter holds a whole record, in base64."""
    return MAX_VALUE_BYTES * 2 if topic.event is DeadLetter else MAX_VALUE_BYTES


async def lay_topics(connection: Kafka, topics: Sequence[Topic], lockstep: bool) -> None:
    """Make the topics that are missing, and check the others; several processes may do so at once.

    In `lockstep` records carry the replayed clock's time, so the brokers must not drop them for being old.
    Raises BadInput ``partitions_changed``, ``retention_too_short``, ``topic_setting``.
    """
    admin = AIOKafkaAdminClient(**client_options(connection))
    try:
        await admin.start()
        await _lay(admin, connection, topics, lockstep)
    except KafkaError as error:
        raise await explain(connection, error) from error
    except (OSError, TimeoutError) as error:
        raise away(connection, error) from error
    finally:
        await admin.close()


async def _lay(admin: Any, connection: Kafka, topics: Sequence[Topic], lockstep: bool) -> None:
    there = set(await admin.list_topics())
    missing = [topic for topic in topics if connection.prefix + topic.name not in there]
    if missing:
        brokers = len((await admin.describe_cluster())["brokers"])
        replicas = min(connection.replicas, brokers)
        await _make(admin, [_new(topic, connection.prefix, replicas, lockstep) for topic in missing])
    async with asyncio.timeout(_VISIBLE_WITHIN_S):
        counts = await _partitions(admin, [connection.prefix + topic.name for topic in topics])
    settings = await _settings(admin, list(counts))
    for topic in topics:
        name = connection.prefix + topic.name
        _check_partitions(name, topic, counts[name])
        _check_settings(name, topic, settings[name], lockstep)


def _new(topic: Topic, prefix: str, replicas: int, lockstep: bool) -> NewTopic:
    kept = timedelta(milliseconds=-1) if lockstep else topic.retention
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(kept // timedelta(milliseconds=1)),
        "max.message.bytes": str(max_value_bytes(topic) + _ROOM),
        "min.insync.replicas": "2" if replicas >= 3 else "1",
        "message.timestamp.type": _timestamps(lockstep),
        "message.timestamp.before.max.ms": _MOST,
        "message.timestamp.after.max.ms": _MOST,
    }
    return NewTopic(prefix + topic.name, topic.partitions, replicas, topic_configs=settings)


async def _make(admin: Any, topics: Sequence[NewTopic]) -> None:
    answer = await admin.create_topics(topics)
    for name, code, words in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise BadInput(
                f"Topic {name} cannot be made ({for_code(code).__name__}: {words}).",
                code="topic_refused",
                remedy="Make it by hand, or let the user of WEBCARE_KAFKA make topics.",
            )


async def _partitions(admin: Any, names: Sequence[str]) -> dict[str, int]:
    """How many partitions each topic has, once all brokers know of it."""
    while True:
        found = await admin.describe_topics(list(names))
        codes = [topic["error_code"] for topic in found]
        codes += [partition["error_code"] for topic in found for partition in topic["partitions"]]
        if not any(codes):
            return {topic["topic"]: len(topic["partitions"]) for topic in found}
        for code in codes:
            if code and not for_code(code).retriable and code != UnknownTopicOrPartitionError.errno:
                raise for_code(code)()
        await asyncio.sleep(RETRY_S)


async def _settings(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for code, _, _, name, entries in answer.resources:
            if code:
                raise for_code(code)()
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _check_partitions(name: str, topic: Topic, partitions: int) -> None:
    if partitions != topic.partitions:
        raise BadInput(
            f"Topic {name} has {partitions} partitions in this cluster, and {topic.partitions} in the catalogue.",
            code="partitions_changed",
            remedy="Use another WEBCARE_KAFKA_PREFIX, or set the catalogue back: records would lose their order.",
        )


def _check_settings(name: str, topic: Topic, settings: dict[str, str], lockstep: bool) -> None:
    kept = int(settings["retention.ms"])
    if 0 <= kept < topic.retention // timedelta(milliseconds=1):
        raise BadInput(
            f"Topic {name} keeps its records for {timedelta(milliseconds=kept)}, and {topic.retention} are needed.",
            code="retention_too_short",
            remedy="Raise retention.ms of the topic: what is counted again after a crash must still be there.",
        )
    largest = max_value_bytes(topic) + _ROOM
    wanted: dict[str, tuple[Callable[[str], bool], str]] = {
        "cleanup.policy": (lambda policy: policy == "delete", "delete"),
        "max.message.bytes": (lambda size: int(size) >= largest, f"{largest} or more"),
        "message.timestamp.type": (lambda kind: kind == _timestamps(lockstep), _timestamps(lockstep)),
    }
    for setting, (fits, need) in wanted.items():
        if not fits(settings[setting]):
            raise BadInput(
                f"Topic {name} has {setting}={settings[setting]}, and {need} is needed.",
                code="topic_setting",
                remedy="Set it so, or use another WEBCARE_KAFKA_PREFIX and let the topics be made.",
            )


def _timestamps(lockstep: bool) -> str:
    """Whose time a record carries: the replay's, or the broker's."""
    return "CreateTime" if lockstep else "LogAppendTime"
