"""aiokafka alone: read, decode, encode, write, commit every 5,000. passing.py BROKERS FROM TO"""

import asyncio
import sys
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.mentions import Mention

COMMIT_EVERY = 5_000


async def main(brokers: str, source: str, target: str) -> None:
    consumer: Any = AIOKafkaConsumer(
        source,
        bootstrap_servers=brokers,
        group_id=f"{target}.group",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=COMMIT_EVERY,
    )
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=brokers, acks="all", enable_idempotence=True, max_batch_size=1 << 19
    )
    await consumer.start()
    await producer.start()
    passed = 0
    while True:
        for place, records in (await consumer.getmany(timeout_ms=500)).items():
            await _pass(producer, target, place.partition, records)
            passed += len(records)
        if passed >= COMMIT_EVERY:
            passed = 0
            await consumer.commit()


async def _pass(producer: Any, target: str, partition: int, records: list[Any]) -> None:
    decode, encode = msgspec.json.Decoder(Mention).decode, msgspec.json.Encoder().encode
    sent = []
    batch = producer.create_batch()
    for record in records:
        value = encode(decode(record.value))
        if batch.append(key=record.key, value=value, timestamp=None) is None:
            sent.append(await producer.send_batch(batch, target, partition=partition))
            batch = producer.create_batch()
            batch.append(key=record.key, value=value, timestamp=None)
    sent.append(await producer.send_batch(batch, target, partition=partition))
    await asyncio.gather(*sent)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
