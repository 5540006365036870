"""Reading records from the brokers that lead their partitions, and turning them into ours."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from backbone.distributed.kafka_client import EARLIEST, LATEST, Brokers
from backbone.errors import Unavailable
from backbone.ports import Partition, Record

FETCH_BYTES = 16 << 20
"""What one answer holds at most, though at least one batch."""
PARTITION_BYTES = 1 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Chunk(NamedTuple):
    """Records of one partition that lie together: from offset `start` to before `stop`."""

    partition: Partition
    start: int
    records: list[Record]
    stop: int


class Fetched(NamedTuple):
    """What a broker answered; `trouble` is what is the matter with the partitions that are missing."""

    chunks: list[Chunk]
    trouble: KafkaError | None


async def fetch(brokers: Brokers, node: int, starts: Mapping[Partition, int], wait_s: float) -> Fetched:
    """What `node` has of these partitions from these offsets on, waiting until there is something."""
    topics = brokers.by_topic({p: (p.number, start, PARTITION_BYTES) for p, start in starts.items()})
    answer = await brokers.ask(node, FetchRequest(int(wait_s * 1000), 1, FETCH_BYTES, 0, topics))
    chunks: list[Chunk] = []
    trouble: KafkaError | None = None
    for topic, partitions in answer.topics:
        for number, code, *_, data in partitions:
            partition = brokers.unnamed(topic, number)
            if code:
                trouble = for_code(code)()
            elif data:
                chunks.append(chunk(partition, starts[partition], data))
    return Fetched(chunks, trouble)


def chunk(partition: Partition, start: int, data: bytes) -> Chunk:
    """The records in a broker's answer from offset `start` on."""
    topic, number = partition
    memory = MemoryRecords(data)
    records: list[Record] = []
    stop, stamp, at = start, -1, _EPOCH
    new = tuple.__new__
    while memory.has_next():
        batch = memory.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"{topic}/{number} from {stop}")
        stop = max(stop, batch.next_offset)
        if batch.is_control_batch:
            continue
        for one in batch:
            offset = one.offset
            if offset < start:
                continue
            if one.timestamp != stamp:
                stamp = one.timestamp
                at = _EPOCH + timedelta(milliseconds=stamp)
            key = one.key
            # What `Record(...)` does, at half its price: this line runs for every record that is read.
            records.append(
                new(
                    Record,
                    (topic, number, offset, key.decode("utf-8", "replace") if key else "", one.value or b"", at),
                )
            )
    return Chunk(partition, start, records, stop)


async def past_the_horizon(brokers: Brokers, positions: Mapping[Partition, int]) -> dict[Partition, int]:
    """Of `positions`, those below what is kept, moved up to it. Unavailable for one beyond the end."""
    starts = await brokers.offsets(positions, EARLIEST)
    ends = await brokers.offsets(positions, LATEST)
    for partition, position in positions.items():
        if position > ends[partition]:
            raise Unavailable(
                f"{partition.topic}/{partition.number} ends at {ends[partition]}, before where its reader stands"
                f" ({position}).",
                code="log_shortened",
                remedy="The topic lost records or was made anew: start with another WEBCARE_KAFKA_PREFIX.",
            )
    return {partition: starts[partition] for partition, at in positions.items() if at < starts[partition]}


async def read_range(brokers: Brokers, partition: Partition, start: int, stop: int) -> Chunk:
    """One answer from `start` on, where records are known to be up to `stop`; asks again while leaders move."""

    async def attempt() -> Chunk:
        for node in brokers.leaders([partition]):
            chunks, trouble = await fetch(brokers, node, {partition: start}, 0.0)
            if isinstance(trouble, OffsetOutOfRangeError):
                moved = await past_the_horizon(brokers, {partition: start})
                return Chunk(partition, start, [], moved.get(partition, start))
            if trouble is not None:
                raise trouble
            if chunks and chunks[0].stop > start:
                return chunks[0]
        raise NotLeaderForPartitionError

    if start >= stop:
        return Chunk(partition, start, [], start)
    return await brokers.patiently(attempt)


def within(records: Iterable[Record], stop: int, max_bytes: int) -> list[Record]:
    """The first of `records` before offset `stop`; fewer, though at least one, once they exceed `max_bytes`."""
    found: list[Record] = []
    size = 0
    for record in records:
        if record.offset >= stop or size >= max_bytes:
            break
        found.append(record)
        size += len(record.value)
    return found
