"""What each block of the log holds, so that counts survive a crash exactly.

A block is (topic, partition, offset // 64). The counter tells after each batch the whole content of the blocks that the
batch touched; readers keep the highest `upto` per block, so that telling it twice is telling it once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from backbone.ids import hash32
from contracts.mentions import Mention, Verdict
from contracts.volume import BlockCount, MinuteCount, VolumeUpdate

BLOCK_SIZE = 64
_URGENT = ("critical", "high")
_LOW_BITS = 0xFFFFFFFF


class Arrival(NamedTuple):
    """One mention with its verdict, and the place in the log where it stands."""

    topic: str
    partition: int
    offset: int
    mention: Mention
    verdict: Verdict


class Gap(NamedTuple):
    """A block whose head the log no longer keeps: it is not counted further, rather than counted as less."""

    topic: str
    partition: int
    block: int
    first_kept: int


class Series(NamedTuple):
    """What is counted together."""

    name: str
    brand: str
    drill: bool


def series_of(mention: Mention) -> tuple[Series, ...]:
    """The series a mention counts in. A drill counts apart, so that a rehearsal never becomes what is expected."""
    return _series(mention.brand, mention.drill)


@lru_cache(maxsize=4096)
def _series(brand: str, drill: bool) -> tuple[Series, ...]:
    return (Series(f"{brand}|drill=yes" if drill else brand, brand, drill),)


def block_head(offset: int) -> int:
    """The first offset of the block that holds `offset`: where counting begins again after a restart."""
    return offset - offset % BLOCK_SIZE


@dataclass(slots=True)
class _Minute:
    arrivals: int = 0
    negative: int = 0
    urgent: int = 0
    people: set[int] = field(default_factory=set)
    stories: dict[int, int] = field(default_factory=dict)

    def add(self, mention: Mention, verdict: Verdict) -> None:
        self.arrivals += 1
        self.negative += verdict.sentiment == "negative"
        self.urgent += verdict.urgency in _URGENT
        self.people.add(_person(mention))
        story = _story(verdict.signature)
        self.stories[story] = self.stories.get(story, 0) + 1

    def count(self, minute: int) -> MinuteCount:
        return MinuteCount(
            minute=minute,
            arrivals=self.arrivals,
            negative=self.negative,
            urgent=self.urgent,
            people=tuple(sorted(self.people)),
            stories=tuple(sorted(self.stories.items())),
        )


@dataclass(slots=True)
class _Block:
    upto: int = -1
    mentions: set[str] = field(default_factory=set)
    series: dict[Series, dict[int, _Minute]] = field(default_factory=dict)

    def add(self, arrival: Arrival, counted_in: Sequence[Series]) -> None:
        """Count it, unless its offset is counted already or the block holds that mention (a repeat or an edit)."""
        if arrival.offset <= self.upto:
            return
        self.upto = arrival.offset
        mention = arrival.mention
        if mention.id in self.mentions:
            return
        self.mentions.add(mention.id)
        minute = int(mention.created_at.timestamp() // 60)
        for series in counted_in:
            minutes = self.series.get(series)
            if minutes is None:
                minutes = self.series[series] = {}
            if minute not in minutes:
                minutes[minute] = _Minute()
            minutes[minute].add(mention, arrival.verdict)


class _BlockKey(NamedTuple):
    topic: str
    partition: int
    block: int


class BlockCounter:
    """Counts mentions per block, series and minute of event time; keeps only what may still grow or be asked again.

    Offsets of a partition rise within and between batches. The same batch may come again after a failure: its offsets
    are not counted twice, and its updates are told again. A partition that is assigned must be primed first.
    """

    def __init__(self) -> None:
        self._blocks: dict[_BlockKey, _Block] = {}
        self._gaps: set[_BlockKey] = set()

    def prime(
        self, topic: str, partition: int, committed: int, first_kept: int, records: Iterable[Arrival]
    ) -> Gap | None:
        """Begin this partition at offset `committed`, given its records from `block_head(committed)` up to there.

        `first_kept` is the first offset the log still has. Nothing is told. Returns the gap where the log no longer
        keeps the head of the block; the rest of that block is then left out of every update.
        """
        self.forget(topic, partition)
        head = block_head(committed)
        key = _BlockKey(topic, partition, head // BLOCK_SIZE)
        if head < first_kept and head < committed:
            self._gaps.add(key)
            return Gap(topic, partition, key.block, first_kept)
        for arrival in records:
            if head <= arrival.offset < committed:
                self._blocks.setdefault(key, _Block()).add(arrival, series_of(arrival.mention))
        return None

    def forget(self, topic: str, partition: int) -> None:
        """The partition is somebody else's now."""
        self._blocks = {key: block for key, block in self._blocks.items() if key[:2] != (topic, partition)}
        self._gaps = {key for key in self._gaps if key[:2] != (topic, partition)}

    def count(self, batch: Sequence[Arrival], at: datetime) -> list[VolumeUpdate]:
        """Count a batch and tell, per series it touched, what the blocks it touched hold; sorted by series."""
        self._drop_closed(batch)
        touched: dict[Series, set[_BlockKey]] = {}
        for key, arrivals in groupby(batch, _block_key):
            if key in self._gaps:
                continue
            block = self._blocks.setdefault(key, _Block())
            for arrival in arrivals:
                counted_in = series_of(arrival.mention)
                block.add(arrival, counted_in)
                for series in counted_in:
                    touched.setdefault(series, set()).add(key)
        return [self._update(series, sorted(keys), at) for series, keys in sorted(touched.items())]

    def _drop_closed(self, batch: Sequence[Arrival]) -> None:
        """Blocks before a partition's first record of this batch cannot be touched again."""
        first: dict[tuple[str, int], int] = {}
        for arrival in batch:
            first.setdefault((arrival.topic, arrival.partition), arrival.offset // BLOCK_SIZE)
        for key in [key for key in self._blocks if key.block < first.get(key[:2], key.block)]:
            del self._blocks[key]
        self._gaps = {key for key in self._gaps if key.block >= first.get(key[:2], key.block)}

    def _update(self, series: Series, keys: list[_BlockKey], at: datetime) -> VolumeUpdate:
        blocks = tuple(self._content(series, key) for key in keys)
        return VolumeUpdate(series=series.name, brand=series.brand, at=at, blocks=blocks, drill=series.drill)

    def _content(self, series: Series, key: _BlockKey) -> BlockCount:
        block = self._blocks[key]
        minutes = block.series.get(series, {})
        return BlockCount(
            topic=key.topic,
            partition=key.partition,
            block=key.block,
            upto=block.upto,
            minutes=tuple(minutes[minute].count(minute) for minute in sorted(minutes)),
        )


def _block_key(arrival: Arrival) -> _BlockKey:
    return _BlockKey(arrival.topic, arrival.partition, arrival.offset // BLOCK_SIZE)


def _person(mention: Mention) -> int:
    # A platform's person id is unique within its source only.
    return hash32(f"{mention.source}\x1f{mention.author.id}" if mention.author else mention.id)


def _story(signature: int) -> int:
    # Folding keeps signatures that are a few bits apart a few bits apart.
    return (signature ^ (signature >> 32)) & _LOW_BITS
