"""The log as a replay steps through it: one process, which knows all that was appended because it appended it.

Its groups are this process's own (`backbone.local_groups`), so the same steps give the same batches as in embedded
mode. A poll asks the brokers only where something new was appended; what one group fetched the next one has.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import structlog

from backbone.distributed.kafka_client import EARLIEST, LATEST, Brokers
from backbone.distributed.kafka_reader import Chunk, fetch, read_range, within
from backbone.errors import Unavailable
from backbone.local_groups import READ_BYTES, Group, LocalConsumer, Plan
from backbone.ports import Partition, Record

COMMIT_EVERY_S = 0.2
"""A broker answers one question after the other, and a commit takes it longer than all that a step asks."""
_LOG = structlog.get_logger("webcare.kafka")


class Lockstep:
    """Reading for one process that owns every partition of every group.

    Commits go out behind the steps and are done when the log is closed: a replay that was killed does its last steps
    again, as after any crash between a step and its commit.
    """

    def __init__(self, brokers: Brokers, partitions: Mapping[str, Sequence[Partition]]) -> None:
        self._brokers = brokers
        self._partitions = partitions
        self._extents: dict[Partition, tuple[int, int]] = {}
        self._chunks: dict[Partition, Chunk] = {}
        self._groups: dict[str, Group] = {}
        self._dirty: dict[str, dict[Partition, int]] = {}
        self._committing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, brokers: Brokers, partitions: Mapping[str, Sequence[Partition]]) -> Self:
        """Learn what is there."""
        lockstep = cls(brokers, partitions)
        every = [partition for some in partitions.values() for partition in some]
        starts, ends = await brokers.offsets(every, EARLIEST), await brokers.offsets(every, LATEST)
        lockstep._extents = {partition: (starts[partition], ends[partition]) for partition in every}
        return lockstep

    def appended(self, places: Iterable[tuple[Partition, int]]) -> None:
        """These were acknowledged: there is something to poll."""
        for partition, offset in places:
            start, end = self._extents[partition]
            self._extents[partition] = (start, max(end, offset + 1))
        topics = {partition.topic for partition, _ in places}
        for group in self._groups.values():
            group.wake(topics)

    async def consumer(self, group: str, topics: Sequence[str]) -> LocalConsumer:
        of_group = await self._group(group)
        member = LocalConsumer(self, of_group, {topic: self._partitions[topic] for topic in topics})
        of_group.join(member)
        return member

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        first, end = self._extents[partition]
        start = max(start, first)
        return await self.read_many([(partition, start, min(end, start + limit))])

    async def ends(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: self._extents[partition][1] for partition in partitions}

    async def starts(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: self._extents[partition][0] for partition in partitions}

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        return dict((await self._group(group)).committed)

    async def close(self) -> None:
        """Bring the commits out."""
        if self._committing is not None:
            self._committing.cancel()
            await asyncio.gather(self._committing, return_exceptions=True)
        await self._bring_out()

    # what the groups need

    def extent(self, partition: Partition) -> tuple[int, int]:
        return self._extents[partition]

    async def read_many(self, plan: Plan) -> Sequence[Record]:
        await self._fetch(plan)
        share = READ_BYTES // max(1, len(plan))
        found: list[Record] = []
        for partition, start, stop in plan:
            found += await self._read(partition, start, stop, share)
        return found

    async def commit(self, group: Group, positions: Mapping[Partition, int]) -> None:
        group.committed.update(positions)
        self._dirty.setdefault(group.name, {}).update(positions)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_behind())

    # reading

    async def _fetch(self, plan: Plan) -> None:
        """Ask for all that is missing at once; what moved meanwhile is asked for one by one."""
        missing = {
            partition: start for partition, start, stop in plan if start < stop and not self._has(partition, start)
        }
        by_node = self._brokers.leaders(missing)
        for answer in await asyncio.gather(
            *(
                fetch(self._brokers, node, {partition: missing[partition] for partition in some}, 0.0)
                for node, some in by_node.items()
            ),
            return_exceptions=True,
        ):
            if not isinstance(answer, BaseException):
                self._chunks.update({chunk.partition: chunk for chunk in answer.chunks})

    def _has(self, partition: Partition, offset: int) -> bool:
        chunk = self._chunks.get(partition)
        return chunk is not None and chunk.start <= offset < chunk.stop

    async def _read(self, partition: Partition, start: int, stop: int, max_bytes: int) -> list[Record]:
        found: list[Record] = []
        size = 0
        while start < stop and size < max_bytes:
            if not self._has(partition, start):
                self._chunks[partition] = await read_range(self._brokers, partition, start, stop)
            chunk = self._chunks[partition]
            part = within(_from(chunk.records, start), stop, max_bytes - size)
            found += part
            size += sum(len(record.value) for record in part)
            start = part[-1].offset + 1 if part and part[-1] is not chunk.records[-1] else chunk.stop
        return found

    # groups

    async def _group(self, name: str) -> Group:
        if name not in self._groups:
            self._groups[name] = Group(name, await self._brokers.committed(name))
        return self._groups[name]

    async def _commit_behind(self) -> None:
        try:
            while self._dirty:
                await asyncio.sleep(COMMIT_EVERY_S)
                await self._bring_out()
        except Unavailable as error:
            # They stay with what is to be brought out: with the next commit, at the latest at the end.
            _LOG.warning("commit_delayed", reason=error.code, words=str(error))
        finally:
            self._committing = None

    async def _bring_out(self) -> None:
        dirty, self._dirty = self._dirty, {}
        try:
            for group in list(dirty):
                await self._brokers.commit(group, dirty[group])
                del dirty[group]
        finally:
            for group, positions in dirty.items():
                self._dirty[group] = positions | self._dirty.get(group, {})


def _from(records: Sequence[Record], start: int) -> Sequence[Record]:
    """The records from offset `start` on: offsets have no gaps, so where it stands is known."""
    return records[max(0, start - records[0].offset) :] if records else records
