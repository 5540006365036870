"""The event log on Kafka: any number of processes append to it and read it, in groups or alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import LATEST, Brokers, quiet
from backbone.distributed.kafka_live import Live
from backbone.distributed.kafka_lockstep import Lockstep
from backbone.distributed.kafka_topics import MAX_KEY_BYTES, lay_topics, max_value_bytes
from backbone.distributed.kafka_writer import Writer
from backbone.errors import BadInput
from backbone.partitioning import partition_of
from backbone.ports import Clock, Consumer, NewRecord, Partition, Record
from contracts.topics import Topic

PING_WITHIN_S = 3.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class KafkaLog:
    """`backbone.ports.EventLog` on Kafka. Records carry the broker's time, to the millisecond.

    Consumers fetch a bounded number of records ahead. Kafka drops what is older than a topic keeps, by whole files,
    so records may stay longer than that and the newest may go as well; `expire` has nothing to do.
    """

    def __init__(
        self, brokers: Brokers, writer: Writer, reading: Live | Lockstep, topics: Sequence[Topic], clock: Clock | None
    ) -> None:
        self._brokers = brokers
        self._writer = writer
        self._reading = reading
        self._clock = clock
        self._partitions = {topic.name: partitions_of(topic) for topic in topics}
        self._max_bytes = {topic.name: max_value_bytes(topic) for topic in topics}

    @classmethod
    async def open(cls, connection: Kafka, topics: Sequence[Topic], clock: Clock, *, lockstep: bool = False) -> Self:
        """Open the log, making the topics that are missing. Several processes may do so at once.

        `lockstep`, for a replay: records carry `clock`'s time, this process alone reads and appends, a poll without
        patience returns all that was acknowledged before it, and commits may come out as late as the close.
        Raises Unavailable, BadInput for a password, a certificate, or topics that would break a promise
        (``partitions_changed``, ``retention_too_short``, ``topic_setting``).
        """
        quiet()
        await lay_topics(connection, topics, lockstep)
        names = [topic.name for topic in topics]
        brokers = await Brokers.connect(connection, names)
        writer = Writer(connection, names)
        try:
            await writer.open()
            reading = (
                await Lockstep.open(brokers, {topic.name: partitions_of(topic) for topic in topics})
                if lockstep
                else Live(brokers, names)
            )
        except BaseException:
            await writer.close()
            await brokers.close()
            raise
        return cls(brokers, writer, reading, topics, clock if lockstep else None)

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        if not records:
            return ()
        places = [self._place(record) for record in records]
        stamp = (self._clock.now() - _EPOCH) // _MILLISECOND if self._clock else None
        stands = await self._writer.append(records, places, stamp)
        self._reading.appended(stands)
        return stands

    def _place(self, record: NewRecord) -> Partition:
        topic, key, value = record
        partitions = self._partitions.get(topic) or self._of_topic(topic)
        if len(value) > self._max_bytes[topic] or len(key) > MAX_KEY_BYTES:
            raise BadInput(
                f"A record for {topic} has {len(value)} bytes and a key of {len(key)} characters, more than"
                f" {self._max_bytes[topic]} and {MAX_KEY_BYTES}.",
                code="record_too_large",
                remedy="Send less text in one message.",
            )
        try:
            return partitions[partition_of(key, len(partitions))]
        except UnicodeEncodeError as error:
            raise BadInput(f"A key for {topic} cannot be written as UTF-8.", code="bad_key") from error

    async def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        for topic in topics:
            self._of_topic(topic)
        return await self._reading.consumer(group, topics)

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        self._of_topic(partition.topic)
        return await self._reading.read(partition, start, limit)

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        return await self._reading.ends(self._of_topic(topic))

    async def start_offsets(self, topic: str) -> Mapping[Partition, int]:
        return await self._reading.starts(self._of_topic(topic))

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        return await self._reading.group_offsets(group)

    async def expire(self, now: datetime) -> int:  # noqa: ARG002 - the brokers know what time it is
        return 0

    async def ping(self) -> None:
        every = [partition for partitions in self._partitions.values() for partition in partitions]
        await self._brokers.offsets(every, LATEST, PING_WITHIN_S)

    async def close(self) -> None:
        try:
            await self._writer.close()
            await self._reading.close()
        finally:
            await self._brokers.close()

    def _of_topic(self, topic: str) -> list[Partition]:
        try:
            return self._partitions[topic]
        except KeyError:
            raise BadInput(
                f"There is no topic {topic}.", code="unknown_topic", remedy="See contracts/topics.py."
            ) from None


def partitions_of(topic: Topic) -> list[Partition]:
    """All partitions of a topic."""
    return [Partition(topic.name, number) for number in range(topic.partitions)]
