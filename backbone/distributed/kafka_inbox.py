"""What a member of a group fetched ahead of what it handed out."""

from collections import deque
from collections.abc import Iterable, Mapping

from backbone.distributed.kafka_reader import Chunk
from backbone.ports import Partition, Record

CHUNKS_AHEAD = 2
"""How many answers are held of each partition, so that one is on its way while another is handed out."""


class _Queue:
    """One partition: where its reader stands, and what lies ahead of it in the order of offsets."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.fetched = position
        self.chunks: deque[Chunk] = deque()
        self.taken = 0

    def ready(self) -> int:
        return sum(len(chunk.records) for chunk in self.chunks) - self.taken

    def put(self, chunk: Chunk) -> None:
        if chunk.start != self.fetched:
            return  # from before the reader went elsewhere
        self.fetched = chunk.stop
        if chunk.records:
            self.chunks.append(chunk)
        elif not self.chunks:
            self.position = chunk.stop

    def take(self, count: int) -> list[Record]:
        found: list[Record] = []
        while len(found) < count:
            records = self.chunks[0].records
            part = records[self.taken : self.taken + count - len(found)]
            found += part
            self.taken += len(part)
            if self.taken == len(records):
                self.position = self.chunks.popleft().stop
                self.taken = 0
            else:
                self.position = part[-1].offset + 1
        return found


class Inbox:
    """A bounded number of records of each partition, handed out in order and fairly."""

    def __init__(self) -> None:
        self._queues: dict[Partition, _Queue] = {}
        self._turn = 0

    def positions(self) -> dict[Partition, int]:
        """The next offset to hand out of each partition."""
        return {partition: queue.position for partition, queue in self._queues.items()}

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Have these partitions. One that stays where it was keeps what was fetched of it."""
        queues: dict[Partition, _Queue] = {}
        for partition, position in sorted(positions.items()):
            queue = self._queues.get(partition)
            queues[partition] = queue if queue is not None and queue.position == position else _Queue(position)
        self._queues = queues

    def move(self, positions: Mapping[Partition, int]) -> None:
        """Go on at these offsets."""
        self.assign(self.positions() | dict(positions))

    def wants(self) -> dict[Partition, int]:
        """From where to fetch more, for partitions that have little."""
        return {p: queue.fetched for p, queue in self._queues.items() if len(queue.chunks) < CHUNKS_AHEAD}

    def put(self, chunks: Iterable[Chunk]) -> None:
        """Take what was fetched; what nobody waits for any more is dropped."""
        for chunk in chunks:
            if chunk.partition in self._queues:
                self._queues[chunk.partition].put(chunk)

    def has_some(self) -> bool:
        """There is something to take."""
        return any(queue.chunks for queue in self._queues.values())

    def take(self, limit: int) -> list[Record]:
        """Up to `limit` records: a fair share of each partition that has some, taking turns who is first."""
        ready = [(queue.ready(), queue) for queue in self._queues.values() if queue.chunks]
        if not ready:
            return []
        if limit >= len(ready):
            ready.sort(key=lambda one: one[0])
        else:
            self._turn = (self._turn + 1) % len(ready)
            ready = ready[self._turn :] + ready[: self._turn]
        found: list[Record] = []
        for left, (count, queue) in zip(range(len(ready), 0, -1), ready, strict=True):
            share = min(count, -(-(limit - len(found)) // left))
            found += queue.take(share)
        return found
