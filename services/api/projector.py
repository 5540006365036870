"""Puts classified mentions into the archive."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from backbone.handling import Delivered, Rejected
from backbone.ports import Archive, Clock, EventLog, NewRecord, Partition
from contracts.mentions import ClassifiedMention
from contracts.topics import MENTIONS_CLASSIFIED

DESK_GROUP = "router"
"""Who puts mentions on the desk: a group of the log, not a part of this service."""
BEHIND = 2_000
GIVES_WAY_S = 1.0
_MOST_REVISIONS = 2**31 - 1
_MOST_OFFSETS = 2**32 - 1


def version_of(revision: int, offset: int) -> int:
    """Rises with the revision, then with the place on `mentions.classified`; fits 63 bits.

    A mention's records share a partition, so their offsets compare. An edit that arrives before what it edits stays;
    of one revision the verdict that was written last wins. Revisions over 2**31 (milliseconds, for one) count as
    equal: then the order of arrival decides.
    """
    return min(max(revision, 0), _MOST_REVISIONS) << 32 | min(offset, _MOST_OFFSETS)


async def queue_first(log: EventLog, clock: Clock) -> None:
    """Wait a moment while the router is more than `BEHIND` mentions behind: the archive may lag, the queue may not.

    So a batch in `GIVES_WAY_S` is indexed at least, however long that lasts.
    """
    done = await log.group_offsets(DESK_GROUP)
    ends = await log.end_offsets(MENTIONS_CLASSIFIED.name)
    if sum(end - done.get(partition, 0) for partition, end in ends.items()) > BEHIND:
        await clock.sleep(GIVES_WAY_S)


class Projector:
    """A handler (see `backbone.handling.Handler`). Doing a batch twice is doing it once: writes are upserts."""

    group = "projector"
    topics: Sequence[str] = (MENTIONS_CLASSIFIED.name,)
    owns_offsets = False

    def __init__(self, archive: Archive, give_way: Callable[[], Awaitable[None]] | None = None) -> None:
        """`give_way` is awaited before each batch is indexed: what is more urgent may go first."""
        self._archive = archive
        self._give_way = give_way

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Nothing is kept between batches: it goes on where it was."""
        return committed

    async def handle(
        self,
        batch: Sequence[Delivered[ClassifiedMention]],
        rejected: Sequence[Rejected],  # noqa: ARG002 - the runner writes their dead letters
    ) -> Sequence[NewRecord]:
        """Index the newest version of each mention of the batch."""
        newest: dict[str, tuple[ClassifiedMention, int]] = {}
        for record, event in ((one.record, one.event) for one in batch):
            version = version_of(event.mention.revision, record.offset)
            known = newest.get(event.mention.id)
            if known is None or known[1] < version:
                newest[event.mention.id] = (event, version)
        if newest:
            if self._give_way:
                await self._give_way()
            await self._archive.index(list(newest.values()))
        return ()
