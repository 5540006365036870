"""What an installation's log keeps of its mentions, with the verdicts that were given then."""

from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from backbone.decoding import decode
from backbone.distributed.connections import Connections
from backbone.embedded.clock import RealClock
from backbone.embedded.log import SqliteLog
from backbone.errors import BadInput
from backbone.handling import Delivered
from backbone.ports import EventLog, Partition, Record
from contracts.campaigns import CampaignTold
from contracts.mentions import ClassifiedMention
from contracts.topics import ALL_TOPICS, CAMPAIGNS, MENTIONS_CLASSIFIED, Topic
from webcare.backtesting.material import Heard

_BATCH = 1000


@asynccontextmanager
async def log_in_folder(folder: Path) -> AsyncIterator[EventLog]:
    """The log of a system that may run, to be read."""
    if not (folder / "log.db").exists():
        raise BadInput(f"{folder}: there is no log here.", code="no_log", remedy="Name the folder with --data.")
    log = await SqliteLog.open(folder / "log.db", ALL_TOPICS, RealClock())
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def log_on_servers(connections: Connections) -> AsyncIterator[EventLog]:
    """The log of an installation on servers."""
    # Here, not above: a folder needs no Kafka client.
    from backbone.distributed.log import KafkaLog

    log = await KafkaLog.open(connections.kafka, ALL_TOPICS, RealClock())
    try:
        yield log
    finally:
        await log.close()


class KeptMaterial:
    """All of `mentions.classified` that the log kept when this was made; it may grow meanwhile.

    Partitions are merged by arrival, with a batch of each in memory. What came twice after a crash counts once.
    """

    def __init__(self, lanes: Sequence["_Lane"], brands: Sequence[str], campaigns: Sequence[CampaignTold]) -> None:
        self._lanes = lanes
        self.campaigns: Sequence[CampaignTold] = campaigns
        self.total = sum(lane.waiting for lane in lanes)
        self.brands: Sequence[str] = brands

    @classmethod
    async def of(cls, log: EventLog) -> "KeptMaterial":
        """Reads the log once for the names of its brands: a budget of false pages is shared among them."""
        return cls(await _lanes(log, MENTIONS_CLASSIFIED), await _brands(log), await _campaigns(log))

    @property
    def refused(self) -> Mapping[str, int]:
        """See `Material.refused`."""
        return dict(sorted(sum((lane.refused for lane in self._lanes), Counter[str]()).items()))

    async def heard(self) -> AsyncIterator[Sequence[Heard]]:
        """See `Material.heard`."""
        batch: list[Heard] = []
        while lane := await self._earliest():
            batch.append(lane.take())
            if len(batch) == _BATCH:
                yield batch
                batch = []
        yield batch

    async def _earliest(self) -> "_Lane | None":
        """The partition whose next mention came first."""
        for lane in self._lanes:
            await lane.fill()
        return min((lane for lane in self._lanes if lane.ahead), key=lambda lane: lane.ahead[0].at, default=None)


class _Lane:
    """One partition, read in order up to where it ended at first."""

    def __init__(self, log: EventLog, partition: Partition, start: int, end: int) -> None:
        self._log = log
        self._partition = partition
        self._next = start
        self._end = end
        self._taken: dict[tuple[str, int], int] = {}
        self.ahead: deque[Heard] = deque()
        self.refused: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many records are still to be read."""
        return max(0, self._end - self._next)

    async def read(self) -> Sequence[Record]:
        """The next records; empty at the end."""
        while self._next < self._end:
            records = await self._log.read(self._partition, self._next, min(_BATCH, self._end - self._next))
            self._next = records[-1].offset + 1 if records else self._next + _BATCH
            if records:  # else they were dropped meanwhile: their time was up
                return records
        return ()

    async def fill(self) -> None:
        """See to it that the next mention lies ahead, if there is one."""
        while not self.ahead and (records := await self.read()):
            delivered, rejected = decode(records)
            self.refused.update(each.reason for each in rejected)
            self.ahead.extend(self._heard(one) for one in delivered if self._is_new(one.event))

    def take(self) -> Heard:
        """The next mention."""
        return self.ahead.popleft()

    def _is_new(self, event: ClassifiedMention) -> bool:
        """Not a rehearsal, and not delivered before: origins rise."""
        origin = event.origin
        place = (origin.topic, origin.partition)
        if event.mention.drill or origin.offset <= self._taken.get(place, -1):
            return False
        self._taken[place] = origin.offset
        return True

    @staticmethod
    def _heard(one: Delivered[ClassifiedMention]) -> Heard:
        return Heard(one.event.mention.received_at, one.event.mention, one.event.verdict)


async def _lanes(log: EventLog, topic: Topic) -> list[_Lane]:
    starts = await log.start_offsets(topic.name)
    ends = await log.end_offsets(topic.name)
    return [_Lane(log, partition, starts[partition], end) for partition, end in sorted(ends.items())]


async def _campaigns(log: EventLog) -> list[CampaignTold]:
    found: list[CampaignTold] = []
    for lane in await _lanes(log, CAMPAIGNS):
        while records := await lane.read():
            delivered, _ = decode(records)
            found += [each.event for each in delivered]
    return found


class _Named(msgspec.Struct):
    brand: str
    drill: bool = False


class _OfBrand(msgspec.Struct):
    mention: _Named


async def _brands(log: EventLog) -> list[str]:
    decoder = msgspec.json.Decoder(_OfBrand)
    found: set[str] = set()
    for lane in await _lanes(log, MENTIONS_CLASSIFIED):
        while records := await lane.read():
            found.update(name for record in records if (name := _brand(decoder, record.value)) is not None)
    return sorted(found)


def _brand(decoder: "msgspec.json.Decoder[_OfBrand]", value: bytes) -> str | None:
    try:
        mention = decoder.decode(value).mention
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # counted when it is read in earnest
    return None if mention.drill else mention.brand
