"""What only the log on Kafka has: topics and their settings, producers that fail, time and retention of the brokers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from event_log_adapters import DEAD, FOUR, ONE, TOPICS, KafkaAdapter, admin, everything, hurry, new, numbered, values

from backbone.distributed import kafka_writer
from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_topics import max_value_bytes
from backbone.distributed.log import KafkaLog
from backbone.errors import Backpressure, BadInput, Unavailable
from backbone.ports import Partition
from contracts.topics import Topic

pytestmark = pytest.mark.servers


@pytest.fixture
async def adapter(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KafkaAdapter]:
    hurry(monkeypatch)
    adapter = KafkaAdapter(kafka_server)
    yield adapter
    await adapter.clear()


@pytest.fixture
async def log(adapter: KafkaAdapter) -> AsyncIterator[KafkaLog]:
    log = await adapter.open()
    yield log
    await log.close()


async def settings(client: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    ((_, _, _, _, entries),) = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def make(adapter: KafkaAdapter, topic: Topic, partitions: int, **given: str) -> None:
    """Make a topic as somebody might by hand."""
    chosen = {
        "retention.ms": "-1",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(4 << 20),
        **{name.replace("_", "."): value for name, value in given.items()},
    }
    async with admin(adapter.connection) as client:
        await client.create_topics(
            [NewTopic(adapter.connection.prefix + topic.name, partitions, 1, topic_configs=chosen)]
        )


# topics


async def test_topics_are_made_as_the_catalogue_says(adapter: KafkaAdapter, log: KafkaLog) -> None:
    async with admin(adapter.connection) as client:
        for topic in TOPICS:
            made = await settings(client, adapter.connection.prefix + topic.name)
            assert made["retention.ms"] == str(topic.retention // timedelta(milliseconds=1))
            assert int(made["max.message.bytes"]) > max_value_bytes(topic)
            assert made["min.insync.replicas"] == "1"
            assert made["message.timestamp.type"] == "LogAppendTime"
    assert max_value_bytes(DEAD) == 2 * max_value_bytes(ONE)


async def test_several_may_open_it_at_once(adapter: KafkaAdapter) -> None:
    logs = await asyncio.gather(*(adapter.open() for _ in range(3)))
    for n, log in enumerate(logs):
        await log.append([new(ONE, "k", str(n))])
    assert values(await everything(logs[0], ONE)) == ["0", "1", "2"]
    await asyncio.gather(*(log.close() for log in logs))


async def test_another_partition_count_is_refused(adapter: KafkaAdapter) -> None:
    await make(adapter, FOUR, 5)
    with pytest.raises(BadInput) as refused:
        await adapter.open()
    assert refused.value.code == "partitions_changed"
    assert adapter.connection.prefix + FOUR.name in str(refused.value)


async def test_a_topic_that_forgets_too_soon_is_refused(adapter: KafkaAdapter) -> None:
    await make(adapter, FOUR, 4, retention_ms=str(29 * 86_400_000))
    with pytest.raises(BadInput) as refused:
        await adapter.open()
    assert refused.value.code == "retention_too_short"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("cleanup.policy", "compact"), ("max.message.bytes", "1000000"), ("message.timestamp.type", "CreateTime")],
)
async def test_a_setting_that_would_break_a_promise_is_refused(adapter: KafkaAdapter, setting: str, value: str) -> None:
    await make(adapter, FOUR, 4, **{setting: value})
    with pytest.raises(BadInput) as refused:
        await adapter.open()
    assert refused.value.code == "topic_setting"
    assert f"{setting}={value}" in str(refused.value)


async def test_a_replays_topics_are_not_those_of_a_running_system(adapter: KafkaAdapter, log: KafkaLog) -> None:
    with pytest.raises(BadInput) as refused:
        await KafkaLog.open(adapter.connection, TOPICS, adapter.clock, lockstep=True)
    assert refused.value.code == "topic_setting"


async def test_records_of_a_replay_are_never_too_old(kafka_server: str) -> None:
    adapter = KafkaAdapter(kafka_server, lockstep=True)
    await (await adapter.open()).close()
    async with admin(adapter.connection) as client:
        assert (await settings(client, adapter.connection.prefix + ONE.name))["retention.ms"] == "-1"
    await adapter.clear()


# time and retention


async def test_records_carry_the_brokers_time(log: KafkaLog) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    await log.append(numbered(ONE, 1))
    await log.append(numbered(ONE, 1))
    first, second = [record.appended_at for record in await everything(log, ONE)]
    assert before <= first <= second <= datetime.now(UTC) + timedelta(seconds=5)


async def test_a_consumer_below_the_horizon_goes_on_at_the_earliest_record(
    adapter: KafkaAdapter, log: KafkaLog
) -> None:
    await log.append(numbered(ONE, 5))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.commit({Partition(ONE.name, 0): 1})
    async with admin(adapter.connection) as client:
        name = adapter.connection.prefix + ONE.name
        await client.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=3)})
    assert values(await consumer.poll(10, 0.0) or await consumer.poll(10, 10.0)) == ["3", "4"]
    assert await consumer.committed() == await log.start_offsets(ONE.name) == {Partition(ONE.name, 0): 3}
    assert values(await log.read(Partition(ONE.name, 0), 0, 1)) == ["3"]
    assert await log.expire(datetime.now(UTC)) == 0


async def test_a_reader_beyond_the_end_is_told_so(log: KafkaLog) -> None:
    await log.append(numbered(ONE, 5))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.seek({Partition(ONE.name, 0): 9})
    with pytest.raises(Unavailable) as refused:
        await consumer.poll(10, 0.0)
    assert refused.value.code == "log_shortened"


# appending


async def test_a_batch_out_of_sequence_is_refused_and_a_new_producer_goes_on(log: KafkaLog) -> None:
    await log.append([new(ONE, "k", "0")])
    channel: Any = log._writer._channel
    tp = log._brokers.named(Partition(ONE.name, 0))
    channel._producer._txn_manager._sequence_numbers[tp] += 7
    refused = await asyncio.gather(*(log.append([new(ONE, "k", "lost")]) for _ in range(3)), return_exceptions=True)
    assert {type(each) for each in refused} == {Unavailable}
    assert "WEBCARE_KAFKA" in str(refused[0])
    await log.append([new(ONE, "k", "1")])
    assert values(await everything(log, ONE)) == ["0", "1"]


async def test_a_producer_that_died_is_replaced(log: KafkaLog) -> None:
    channel: Any = log._writer._channel
    channel._producer._sender.sender_task.cancel()
    channel.fail(RuntimeError())
    await log.append([new(ONE, "k", "0")])
    assert values(await everything(log, ONE)) == ["0"]


async def test_an_append_that_is_not_acknowledged_in_time_is_refused_and_never_written(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel: Any = log._writer._channel
    channel._producer._sender._muted_partitions.add(log._brokers.named(Partition(ONE.name, 0)))
    monkeypatch.setattr(kafka_writer, "APPEND_WITHIN_S", 0.2)
    with pytest.raises(Unavailable) as refused:
        await log.append([new(ONE, "k", "late")])
    assert refused.value.code == "kafka_away"
    monkeypatch.undo()
    await log.append([new(ONE, "k", "now")])
    assert values(await everything(log, ONE)) == ["now"]


async def test_appends_that_the_brokers_cannot_keep_up_with_are_pushed_back(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_writer, "WAITING_BYTES", 1000)
    appends = [log.append([new(ONE, "k", "x" * 400)]) for _ in range(5)]
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list, list, Backpressure, Backpressure, Backpressure]
    await log.append([new(ONE, "k", "again")])
    assert len(await everything(log, ONE)) == 3


async def test_closing_finishes_the_appends_that_wait(adapter: KafkaAdapter) -> None:
    log = await adapter.open()
    appending = asyncio.gather(*(log.append(numbered(ONE, 10)) for _ in range(20)))
    await asyncio.sleep(0)
    await log.close()
    await appending
    again = await adapter.open()
    assert len(await everything(again, ONE)) == 200
    await again.close()


async def test_a_closed_log_says_so(adapter: KafkaAdapter) -> None:
    log = await adapter.open()
    await log.close()
    await log.close()
    with pytest.raises(Unavailable) as refused:
        await log.append(numbered(ONE, 1))
    assert refused.value.code == "closed"


async def test_where_no_broker_is_the_error_names_the_setting(adapter: KafkaAdapter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable) as refused:
        await KafkaLog.open(Kafka(servers=(f"127.0.0.1:{port}",)), TOPICS, adapter.clock)
    assert refused.value.code == "kafka_away"
    assert "WEBCARE_KAFKA" in str(refused.value)
    assert f"127.0.0.1:{port}" in str(refused.value)
