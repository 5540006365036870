"""The event log: durable, partitioned, append-only topics."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class Partition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    number: int


class NewRecord(NamedTuple):
    """What is appended; records with the same key keep their order."""

    topic: str
    key: str
    value: bytes


class Record(NamedTuple):
    """What was appended, and where it stands."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: datetime
    """By the log's own clock, which may be its server's."""


class Consumer(Protocol):
    """One member of a group. Each partition of its topics belongs to exactly one live member."""

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        """Up to `limit` records from this member's partitions, in order per partition, moving its positions.

        Returns early with what there is; empty after `timeout_s` of real time. Buffers a bounded number ahead at most.
        Fair over partitions. Records below the retention horizon are skipped; the position says where it stands.
        """
        ...

    def assignment(self) -> Mapping[Partition, int]:
        """The partitions this member has now, each with its position: the next offset that `poll` would return."""
        ...

    def generation(self) -> int:
        """Rises each time the assignment changed; compare it before and after a poll."""
        ...

    async def committed(self) -> Mapping[Partition, int]:
        """The group's committed next offsets of the assigned partitions; 0 (or the earliest kept) where none."""
        ...

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Remember `positions` (next offsets) for the group, durably; Conflict for a partition no longer owned."""
        ...

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        """The next `poll` continues at `positions`."""
        ...

    async def close(self) -> None:
        """Leave the group; its partitions go to the others, which continue at the committed offsets."""
        ...


class EventLog(Protocol):
    """Durable, partitioned, append-only topics. At least once: what was not committed is delivered again."""

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        """Append all of `records` in order, durably, or raise (Unavailable, Backpressure) with none acknowledged.

        Returns where each stands. The partition is a pure function of topic and key, the same for topics of the
        same partition count. BadInput ``record_too_large``, ``unknown_topic``, ``bad_key``.
        """
        ...

    async def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """Join `group`. Starts at the committed offsets, else at the earliest record kept."""
        ...

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        """Up to `limit` records of one partition from offset `start`, outside any group."""
        ...

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        """The next offset of each partition of `topic`."""
        ...

    async def start_offsets(self, topic: str) -> Mapping[Partition, int]:
        """The earliest kept offset of each partition of `topic`."""
        ...

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        """What `group` committed, over all its partitions: for lag figures."""
        ...

    async def expire(self, now: datetime) -> int:
        """Drop records older than their topic's retention; returns how many. Never the newest of a partition's end."""
        ...

    async def ping(self) -> None:
        """Return if the log can take an append now, else raise Unavailable."""
        ...

    async def close(self) -> None:
        """Finish what was acknowledged and let go of all resources."""
        ...
