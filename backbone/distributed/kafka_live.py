"""The log as running services read it: members of groups in any number of processes."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from backbone.distributed.kafka_client import EARLIEST, LATEST, Brokers
from backbone.distributed.kafka_members import KafkaConsumer
from backbone.distributed.kafka_reader import read_range, within
from backbone.local_groups import READ_BYTES
from backbone.ports import Partition, Record


class Live:
    """Reading where others append and read as well: the brokers are asked each time."""

    def __init__(self, brokers: Brokers, topics: Sequence[str]) -> None:
        self._brokers = brokers
        self._topics = topics
        self._consumers: list[KafkaConsumer] = []

    def appended(self, places: Iterable[tuple[Partition, int]]) -> None:
        """Nothing to remember: consumers are told by the brokers."""

    async def consumer(self, group: str, topics: Sequence[str]) -> KafkaConsumer:
        # Connections of its own: a broker answers one after the other, and a consumer's question may wait long.
        brokers = await Brokers.connect(self._brokers.connection, self._topics)
        consumer = await KafkaConsumer.join(brokers, group, topics)
        self._consumers.append(consumer)
        return consumer

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        starts, ends = await self.starts([partition]), await self.ends([partition])
        start = max(start, starts[partition])
        stop = min(ends[partition], start + limit)
        found: list[Record] = []
        size = 0
        while start < stop and size < READ_BYTES:
            chunk = await read_range(self._brokers, partition, start, stop)
            part = within(chunk.records, stop, READ_BYTES - size)
            found += part
            size += sum(len(record.value) for record in part)
            start = chunk.stop
        return found

    async def ends(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._brokers.offsets(partitions, LATEST)

    async def starts(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._brokers.offsets(partitions, EARLIEST)

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        return await self._brokers.committed(group)

    async def close(self) -> None:
        """All members leave."""
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
