"""The event log in one SQLite file: durable, partitioned, append-only."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from backbone.embedded import log_store as store
from backbone.embedded.sqlite import Durability, SqliteFile, check_space
from backbone.errors import Backpressure, BadInput
from backbone.local_groups import READ_BYTES, Group, LocalConsumer, Plan
from backbone.partitioning import partition_of
from backbone.ports import Clock, NewRecord, Partition, Record
from contracts.topics import Topic
from contracts.work import DeadLetter

MAX_VALUE_BYTES = 1 << 20
WAITING_BYTES = 64 << 20
"""Appends that wait for the disk; beyond it they are refused with Backpressure."""
DROP_AT_ONCE = 5_000


class SqliteLog:
    """`backbone.ports.EventLog` for one process. Every append is one transaction, or part of one.

    The space of expired records is used again; the file does not become smaller.
    """

    def __init__(
        self,
        file: SqliteFile,
        topics: Sequence[Topic],
        clock: Clock,
        slots: dict[Partition, int],
        max_value_bytes: int,
    ) -> None:
        self._file = file
        self._clock = clock
        self._slots = slots
        self._topics = {topic.name: topic for topic in topics}
        self._partitions = {topic.name: [Partition(topic.name, n) for n in range(topic.partitions)] for topic in topics}
        # A dead letter holds a whole record, in base64.
        self._max_bytes = {
            topic.name: max_value_bytes * 2 if topic.event is DeadLetter else max_value_bytes for topic in topics
        }
        self._extents: dict[Partition, store.Extent] = dict.fromkeys(slots, (0, 0))
        self._groups: dict[str, Group] = {}
        self._waiting_bytes = 0

    @classmethod
    async def open(
        cls,
        path: Path,
        topics: Sequence[Topic],
        clock: Clock,
        durability: Durability = "full",
        max_value_bytes: int = MAX_VALUE_BYTES,
        inline: bool = False,
    ) -> Self:
        """Open the log at `path`, made if it is not there; its topics may become more, their partitions not.

        Raises Unavailable for what is wrong with the file, BadInput ``partitions_changed``.
        """
        file = await asyncio.to_thread(SqliteFile, path, durability, store.SCHEMA, inline)
        try:
            slots = await file.write(lambda connection: store.lay_topics(connection, topics))
            log = cls(file, topics, clock, slots, max_value_bytes)
            await log._recall()
        except BaseException:
            await file.close()
            raise
        return log

    async def _recall(self) -> None:
        partitions = {slot: partition for partition, slot in self._slots.items()}
        extents = await self._file.read(lambda connection: store.extents(connection, partitions))
        self._extents = {partitions[slot]: extent for slot, extent in extents.items()}
        for group, slot, position in await self._file.read(store.committed):
            if slot in partitions:
                self._group(group).committed[partitions[slot]] = position

    # append

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        if not records:
            return ()
        places = [self._place(record) for record in records]
        size = sum(len(record.value) for record in records)
        if self._waiting_bytes + size > WAITING_BYTES and self._waiting_bytes:
            raise Backpressure("The log cannot keep up with what is appended.", retry_after_s=1.0)
        self._waiting_bytes += size
        slots = [self._slots[place] for place in places]
        at = self._clock.now()

        def insert(connection: sqlite3.Connection) -> list[tuple[Partition, int]]:
            offsets = store.append(connection, slots, records, at)
            return list(zip(places, offsets, strict=True))

        try:
            return await self._file.write(insert, self._appended)
        finally:
            self._waiting_bytes -= size

    def _place(self, record: NewRecord) -> Partition:
        partitions = self._of_topic(record.topic)
        size, most = len(record.value), self._max_bytes[record.topic]
        if size > most:
            raise BadInput(
                f"A record for {record.topic} has {size} bytes, more than {most}.",
                code="record_too_large",
                remedy="Send less text in one message.",
            )
        try:
            return partitions[partition_of(record.key, len(partitions))]
        except UnicodeEncodeError as error:
            raise BadInput(f"A key for {record.topic} cannot be written as UTF-8.", code="bad_key") from error

    def _appended(self, places: Sequence[tuple[Partition, int]]) -> None:
        for partition, offset in places:
            self._extents[partition] = (self._extents[partition][0], offset + 1)
        topics = {partition.topic for partition, _ in places}
        for group in self._groups.values():
            group.wake(topics)

    # read

    async def consumer(self, group: str, topics: Sequence[str]) -> LocalConsumer:
        of_group = self._group(group)
        member = LocalConsumer(self, of_group, {topic: self._of_topic(topic) for topic in topics})
        of_group.join(member)
        return member

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        self._of_topic(partition.topic)
        first, end = self._extents[partition]
        start = max(start, first)
        return await self.read_many([(partition, start, min(end, start + limit))])

    def extent(self, partition: Partition) -> tuple[int, int]:
        return self._extents[partition]

    async def read_many(self, plan: Plan) -> Sequence[Record]:
        share = READ_BYTES // max(1, len(plan))
        slots = self._slots

        def select(connection: sqlite3.Connection) -> list[Record]:
            return [
                record
                for partition, start, stop in plan
                for record in store.read(connection, partition, slots[partition], start, stop, share)
            ]

        return await self._file.read(select)

    # offsets

    async def commit(self, group: Group, positions: Mapping[Partition, int]) -> None:
        by_slot = {self._slots[partition]: position for partition, position in positions.items()}
        await self._file.write(
            lambda connection: store.commit(connection, group.name, by_slot),
            lambda _: group.committed.update(positions),
        )

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        return {partition: self._extents[partition][1] for partition in self._of_topic(topic)}

    async def start_offsets(self, topic: str) -> Mapping[Partition, int]:
        return {partition: self._extents[partition][0] for partition in self._of_topic(topic)}

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        return dict(self._groups[group].committed) if group in self._groups else {}

    # keeping

    async def expire(self, now: datetime) -> int:
        dropped = 0
        for partition, (first, _) in list(self._extents.items()):
            stop = await self._first_kept(partition, now - self._topics[partition.topic].retention)
            for start in range(first, stop, DROP_AT_ONCE):
                dropped += await self._drop(partition, start, min(stop, start + DROP_AT_ONCE))
        return dropped

    async def _first_kept(self, partition: Partition, since: datetime) -> int:
        slot, extent = self._slots[partition], self._extents[partition]
        return await self._file.read(lambda connection: store.first_kept(connection, slot, extent, since))

    async def _drop(self, partition: Partition, start: int, stop: int) -> int:
        def dropped(_: int) -> None:
            self._extents[partition] = (stop, self._extents[partition][1])

        slot = self._slots[partition]
        return await self._file.write(lambda connection: store.drop(connection, slot, start, stop), dropped)

    async def ping(self) -> None:
        check_space(self._file.path)
        await self._file.write(store.ping)

    async def close(self) -> None:
        await self._file.close()

    def _of_topic(self, topic: str) -> list[Partition]:
        try:
            return self._partitions[topic]
        except KeyError:
            raise BadInput(
                f"There is no topic {topic}.", code="unknown_topic", remedy="See contracts/topics.py."
            ) from None

    def _group(self, name: str) -> Group:
        return self._groups.setdefault(name, Group(name, {}))
