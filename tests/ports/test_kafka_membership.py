"""A member that the library gave up on, at a time when it has no partitions, enters the group again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError
from event_log_adapters import FOUR, KafkaAdapter, hurry, new

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_members import KafkaConsumer
from backbone.distributed.log import KafkaLog
from backbone.errors import Unavailable

pytestmark = pytest.mark.servers


@pytest.fixture
async def log(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KafkaLog]:
    hurry(monkeypatch)
    adapter = KafkaAdapter(kafka_server)
    log = await adapter.open()
    yield log
    await log.close()
    await adapter.clear()


async def between_assignments(log: KafkaLog) -> KafkaConsumer:
    """A member whose partitions were just taken away."""
    consumer = await log.consumer("g", [FOUR.name])
    assert isinstance(consumer, KafkaConsumer)
    await consumer.on_partitions_revoked(set())
    return consumer


async def reads_on(log: KafkaLog, consumer: KafkaConsumer) -> bool:
    await log.append([new(FOUR, "a", "1")])
    async with asyncio.timeout(30):
        while True:
            try:
                if await consumer.poll(10, 0.5):
                    return True
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_an_error_of_the_library_is_heard_between_two_assignments(log: KafkaLog) -> None:
    consumer = await between_assignments(log)
    name = consumer._member._coordinator.member_id
    # What the library does when a broker answers with something that it does not know: it waits until that is heard.
    waiting = asyncio.ensure_future(consumer._member._coordinator._push_error_to_user(KafkaError("SyncGroup")))
    await asyncio.sleep(0)
    assert await reads_on(log, consumer)
    assert consumer._member._coordinator.member_id == name, "for another one the group would wait"
    await waiting


async def test_a_member_that_died_enters_anew_however_often_it_is_refused(log: KafkaLog) -> None:
    consumer = await between_assignments(log)
    coordinator, connection = consumer._member._coordinator, consumer._brokers.connection
    coordinator._coordination_task.cancel()
    await asyncio.wait({coordinator._coordination_task})
    coordinator._coordination_task = asyncio.get_running_loop().create_future()
    coordinator._coordination_task.set_exception(KafkaError("Unexpected error during coordination"))
    consumer._brokers.connection = Kafka(servers=("127.0.0.1:1",), prefix=connection.prefix)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await consumer.poll(10, 0.5)
    consumer._brokers.connection = connection
    assert await reads_on(log, consumer)
