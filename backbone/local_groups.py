"""Consumer groups whose members all live in one process: who reads what, and how far they are.

For logs that know their own extent: the embedded one, and any log that a replay steps through. What a member polled
and did not commit is polled again by whoever owns the partition after it left. The same log and the same steps give
the same batches, wherever the log is kept.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from backbone.errors import Conflict
from backbone.ports import Partition, Record

Plan = Sequence[tuple[Partition, int, int]]
"""What to read: partitions, each from an offset to before another."""

READ_BYTES = 16 << 20
"""One poll or read hands out about this much at most, whatever its limit (though a record of each partition)."""


class Source(Protocol):
    """What a consumer needs of its log."""

    def extent(self, partition: Partition) -> tuple[int, int]:
        """The first offset kept and the next offset."""
        ...

    async def read_many(self, plan: Plan) -> Sequence[Record]:
        """Records of several partitions, in the order of the plan; fewer where they are large."""
        ...

    async def commit(self, group: "Group", positions: Mapping[Partition, int]) -> None:
        """Store next offsets durably, and in `group.committed`."""
        ...


class Group:
    """The live members of one group, and what it committed."""

    def __init__(self, name: str, committed: dict[Partition, int]) -> None:
        self.name = name
        self.committed = committed
        self._members: list[LocalConsumer] = []

    def join(self, member: "LocalConsumer") -> None:
        """Give the new member its share of the partitions."""
        self._members.append(member)
        self._rebalance()

    def leave(self, member: "LocalConsumer") -> None:
        """Give the member's partitions to the others; leaving twice has no effect."""
        if member in self._members:
            self._members.remove(member)
            member.assign(())
            self._rebalance()

    def wake(self, topics: set[str]) -> None:
        """Tell members that read one of `topics` that something was appended."""
        for member in self._members:
            if not topics.isdisjoint(member.topics):
                member.wake()

    def _rebalance(self) -> None:
        wanted: dict[LocalConsumer, list[Partition]] = {member: [] for member in self._members}
        partitions = {partition for member in self._members for partition in member.topics_partitions()}
        for topic in sorted({partition.topic for partition in partitions}):
            members = [member for member in self._members if topic in member.topics]
            shares = _share(
                sorted(partition for partition in partitions if partition.topic == topic),
                [set(member.assignment()) for member in members],
            )
            for member, share in zip(members, shares, strict=True):
                wanted[member] += share
        for member, share in wanted.items():
            member.assign(share)


def _share(partitions: Sequence[Partition], owned: Sequence[set[Partition]]) -> list[list[Partition]]:
    """Even shares, in the order of the members, which keep what they own as far as that is even."""
    least, more = divmod(len(partitions), len(owned))
    quotas = [least + (n < more) for n in range(len(owned))]
    shares = [
        [partition for partition in partitions if partition in mine][:quota]
        for mine, quota in zip(owned, quotas, strict=True)
    ]
    kept = {partition for share in shares for partition in share}
    free = iter([partition for partition in partitions if partition not in kept])
    for share, quota in zip(shares, quotas, strict=True):
        share += [next(free) for _ in range(quota - len(share))]
    return shares


class LocalConsumer:
    """One member of a group (`backbone.ports.Consumer`). Waits in the event loop's time, not the clock's."""

    def __init__(self, source: Source, group: Group, partitions: Mapping[str, Sequence[Partition]]) -> None:
        self.topics = frozenset(partitions)
        self._partitions = partitions
        self._source = source
        self._group = group
        self._positions: dict[Partition, int] = {}
        self._generation = 0
        self._turn = 0
        self._woken = asyncio.Event()

    # what the group does to its member

    def topics_partitions(self) -> Iterable[Partition]:
        """All partitions of its topics."""
        return (partition for partitions in self._partitions.values() for partition in partitions)

    def assign(self, partitions: Sequence[Partition]) -> None:
        """It has these partitions now; those that are new to it start where the group committed."""
        if set(partitions) == set(self._positions):
            return
        self._positions = {
            partition: self._positions.get(partition, self._committed(partition)) for partition in sorted(partitions)
        }
        self._generation += 1
        self.wake()

    def wake(self) -> None:
        """There may be something to poll."""
        self._woken.set()

    # the port

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        self._woken.clear()
        records = await self._take(limit)
        if records or timeout_s <= 0:
            return records
        try:
            async with asyncio.timeout(timeout_s):
                while not records:
                    await self._woken.wait()
                    self._woken.clear()
                    records = await self._take(limit)
        except TimeoutError:
            return ()
        return records

    def assignment(self) -> Mapping[Partition, int]:
        return dict(self._positions)

    def generation(self) -> int:
        return self._generation

    async def committed(self) -> Mapping[Partition, int]:
        return {partition: self._committed(partition) for partition in self._positions}

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        self._check_owner(positions)
        moved = {
            partition: position
            for partition, position in positions.items()
            if self._group.committed.get(partition, 0) != position
        }
        if moved:
            await self._source.commit(self._group, moved)

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        self._check_owner(positions)
        self._positions.update(positions)
        self.wake()

    async def close(self) -> None:
        self._group.leave(self)

    def _committed(self, partition: Partition) -> int:
        first, _ = self._source.extent(partition)
        return max(self._group.committed.get(partition, 0), first)

    def _check_owner(self, positions: Iterable[Partition]) -> None:
        for partition in positions:
            if partition not in self._positions:
                raise Conflict(
                    f"{partition.topic}/{partition.number} is not this member's of group {self._group.name} any more.",
                    code="not_owner",
                    remedy="Drop the batch: the partition's new owner does it again.",
                )

    async def _take(self, limit: int) -> Sequence[Record]:
        generation = self._generation
        plan = self._plan(limit)
        if not plan:
            return ()
        records = await self._source.read_many(plan)
        if generation != self._generation:
            return ()
        for record in records:
            self._positions[Partition(record.topic, record.partition)] = record.offset + 1
        return records

    def _plan(self, limit: int) -> Plan:
        """A fair share of `limit` for each partition that has something; where it is scarce, each has its turn."""
        ready = self._ready()
        if limit >= len(ready):
            ready.sort(key=_backlog)
        elif ready:
            self._turn = (self._turn + 1) % len(ready)
            ready = ready[self._turn :] + ready[: self._turn]
        plan: list[tuple[Partition, int, int]] = []
        for left, (partition, start, end) in zip(range(len(ready), 0, -1), ready, strict=True):
            stop = min(end, start + -(-limit // left))
            limit -= stop - start
            if stop > start:
                plan.append((partition, start, stop))
        return plan

    def _ready(self) -> list[tuple[Partition, int, int]]:
        """The partitions that have something, from where to where; positions below the horizon move up to it."""
        ready: list[tuple[Partition, int, int]] = []
        for partition, position in self._positions.items():
            first, end = self._source.extent(partition)
            start = self._positions[partition] = max(position, first)
            if start < end:
                ready.append((partition, start, end))
        return ready


def _backlog(part: tuple[Partition, int, int]) -> int:
    _, start, end = part
    return end - start
