"""The archive, made anew from the log: after a loss, or for a version that keeps it in another way."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from backbone.decoding import decode
from backbone.distributed.archive import ElasticArchive
from backbone.distributed.connections import Connections
from backbone.distributed.log import KafkaLog
from backbone.embedded.archive import SqliteArchive
from backbone.embedded.clock import RealClock
from backbone.errors import BadInput
from backbone.ports import Archive, EventLog, Partition
from contracts.mentions import ClassifiedMention
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED
from services.api.projector import version_of
from webcare.dead import stopped_log

_BATCH = 1000
Seen = Callable[[int], None]


class Rebuilt(NamedTuple):
    """What became of the records that the log keeps."""

    indexed: int
    left_out: int
    """Records that cannot be read, and mentions that the archive cannot take: the projector has told of them."""


async def rebuild(log: EventLog, archive: Archive, seen: Seen) -> Rebuilt:
    """Index all of mentions.classified that the log keeps, as the projector does; `seen` is told of each batch.

    On Elasticsearch into fresh indices: the old ones are searched and written until one step puts the new ones in their
    place, and what projectors wrote to the old ones meanwhile is read from the log again. Any other archive is filled
    as it is. Done again after a break it does no harm.
    """
    reader = _Reader(log, seen)
    if not isinstance(archive, ElasticArchive):
        return await reader.index_into(archive)
    fresh = await archive.fresh()
    first = await reader.index_into(fresh)
    await fresh.take_over()
    rest = await reader.index_into(archive)
    return Rebuilt(first.indexed + rest.indexed, first.left_out + rest.left_out)


class _Reader:
    """Reads on, each time it is asked, to where the log ends at that moment."""

    def __init__(self, log: EventLog, seen: Seen) -> None:
        self._log = log
        self._seen = seen
        self._next: dict[Partition, int] = {}

    async def index_into(self, archive: Archive) -> Rebuilt:
        starts = await self._log.start_offsets(MENTIONS_CLASSIFIED.name)
        done = left_out = 0
        for partition, end in (await self._log.end_offsets(MENTIONS_CLASSIFIED.name)).items():
            async for good, bad in self._batches(partition, starts[partition], end):
                taken = await _index(archive, good)
                done, left_out = done + taken, left_out + len(good) - taken + bad
                self._seen(len(good) + bad)
        return Rebuilt(done, left_out)

    async def _batches(
        self, partition: Partition, start: int, end: int
    ) -> AsyncIterator[tuple[list[tuple[ClassifiedMention, int]], int]]:
        """The mentions of a partition up to `end` with their versions, and how many records could not be read."""
        at = max(start, self._next.get(partition, 0))
        while at < end and (records := await self._log.read(partition, at, _BATCH)):
            delivered, rejected = decode(records)
            at = self._next[partition] = records[-1].offset + 1
            events = [(one.event, version_of(one.event.mention.revision, one.record.offset)) for one in delivered]
            yield events, len(rejected)


async def _index(archive: Archive, events: Sequence[tuple[ClassifiedMention, int]]) -> int:
    """Index `events`, those that can be; returns how many."""
    try:
        await archive.index(events)
    except BadInput:
        if len(events) == 1:
            return 0
        return sum([await _index(archive, [event]) for event in events])
    return len(events)


async def waiting(log: EventLog) -> int:
    """How many records a rebuild has to read."""
    starts = await log.start_offsets(MENTIONS_CLASSIFIED.name)
    ends = await log.end_offsets(MENTIONS_CLASSIFIED.name)
    return sum(max(0, end - starts[partition]) for partition, end in ends.items())


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[tuple[EventLog, Archive]]:
    """The log of a stopped system, and a new archive that takes the old one's place at the end."""
    async with stopped_log(folder) as log, replaced(folder / "archive.db") as archive:
        yield log, archive


@asynccontextmanager
async def on_servers(connections: Connections) -> AsyncIterator[tuple[EventLog, Archive]]:
    """The log and the archive of a system that may run."""
    async with AsyncExitStack() as stack:
        log = await KafkaLog.open(connections.kafka, ALL_TOPICS, RealClock())
        stack.push_async_callback(log.close)
        archive = await ElasticArchive.open(connections.elastic, any_format=True)
        stack.push_async_callback(archive.close)
        yield log, archive


@asynccontextmanager
async def replaced(path: Path) -> AsyncIterator[SqliteArchive]:
    """A new embedded archive that takes the place of the file `path` at the end, unless something was raised.

    For a system that is stopped. The old file may be damaged or of another version: it is not opened.
    """
    beside = path.with_name(f"{path.name}.new")
    _remove(beside)
    archive = await SqliteArchive.open(beside)
    try:
        yield archive
    except BaseException:
        await archive.close()
        _remove(beside)
        raise
    await archive.close()
    _remove(path)
    beside.replace(path)


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
