"""What each block of the log holds, so that counts survive a crash exactly.

A block is (topic, partition, offset // 64). The counter tells after each batch the whole content of the blocks that the
batch touched; readers keep the highest `upto` per block, so that telling it twice is telling it once.

A mention counts in its brand, and in the parts of it that the mention belongs to: one for its channel, one for its
source and one for the negative mentions. Which parts there are follows from the mention, its verdict and the
configuration alone, never from what was counted before: every instance, and the same one after a crash, counts the same
series.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, TypeVar

from backbone.ids import hash32
from backbone.series import series_name
from contracts.mentions import Mention, Verdict
from contracts.volume import BlockCount, MinuteCount, VolumeUpdate

BLOCK_SIZE = 64
MOST_SOURCES = 64
"""Configured sources that get a series of their own; the first by name, where there are more."""
_NAMED = (
    "api appstore bluesky blog chat discord dm email facebook forum google instagram linkedin mastodon messenger news"
    " phone pinterest playstore podcast reddit review rss sms snapchat telegram threads tiktok trustpilot twitch"
    " twitter web whatsapp x youtube"
)
CHANNELS = frozenset(_NAMED.split())
"""Channels that get a series of their own. A sender may write any channel: others count in the brand's whole only."""
_URGENT = ("critical", "high")
_LOW_BITS = 0xFFFFFFFF
_K = TypeVar("_K", int, str)


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
    """What is counted together. `whole`: a brand's mentions, or those of its drills; else a part of the brand's."""

    name: str
    brand: str
    drill: bool
    whole: bool


_BySeries = dict[str, Series]


@lru_cache(maxsize=65_536)
def _series(brand: str, drill: bool, channel: str, source: str, negative: bool) -> _BySeries:
    """The series of a mention by name. A drill counts apart: a rehearsal never becomes what is expected."""
    if drill:
        whole = Series(series_name(brand, "drill", "yes"), brand, drill=True, whole=True)
        return {whole.name: whole}
    fields = [("channel", channel), ("source", source), ("kind", "negative" if negative else "")]
    names = [series_name(brand, name, value) for name, value in fields if value]
    parts = [Series(name, brand, drill=False, whole=False) for name in names]
    return {each.name: each for each in (Series(series_name(brand), brand, drill=False, whole=True), *parts)}


def block_head(offset: int) -> int:
    """The first offset of the block that holds `offset`: where counting begins again after a restart."""
    return offset - offset % BLOCK_SIZE


_Fact = tuple[int, int, int, int, str]
"""What one mention adds to a minute: person, story, negative, urgent, channel. Plain: there is one for each mention."""


@dataclass(slots=True)
class _Block:
    upto: int = -1
    mentions: dict[str, _BySeries] = field(default_factory=dict)
    """The mentions it holds, each with the series that count it."""
    minutes: dict[str, dict[int, list[_Fact]]] = field(default_factory=dict)
    """By the name of a series."""

    def add(self, arrival: Arrival, counted_in: _BySeries) -> None:
        """Count what stands at the next offset: once, however often the block holds that mention."""
        self.upto = arrival.offset
        mention = arrival.mention
        if mention.id in self.mentions:
            return
        self.mentions[mention.id] = counted_in
        minute = int(mention.created_at.timestamp() // 60)
        fact = _fact(mention, arrival.verdict)
        for name in counted_in:
            minutes = self.minutes.get(name)
            if minutes is None:
                self.minutes[name] = {minute: [fact]}
            elif minute in minutes:
                minutes[minute].append(fact)
            else:
                minutes[minute] = [fact]


class _BlockKey(NamedTuple):
    topic: str
    partition: int
    block: int


class BlockCounter:
    """Counts mentions per block, series and minute of event time; keeps only what may still grow or be asked again.

    Offsets of a partition rise within and between batches. The same batch may come again after a failure: its offsets
    are not counted twice, and its updates are told again. A partition that is assigned must be primed first.

    `sources` are the configured ones; where there is but one, it is the whole and needs no series.
    """

    def __init__(self, sources: Iterable[str] = ()) -> None:
        several = sorted({source for source in sources if source})
        self._sources = frozenset(several[:MOST_SOURCES] if len(several) > 1 else ())
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
                self._take(self._blocks.setdefault(key, _Block()), (arrival,))
        return None

    def forget(self, topic: str, partition: int) -> None:
        """The partition is somebody else's now."""
        self._blocks = {key: block for key, block in self._blocks.items() if key[:2] != (topic, partition)}
        self._gaps = {key for key in self._gaps if key[:2] != (topic, partition)}

    def count(self, batch: Sequence[Arrival], at: datetime) -> list[VolumeUpdate]:
        """Count a batch and tell, per series it touched, what the blocks it touched hold; sorted by series."""
        self._drop_closed(batch)
        touched: dict[str, tuple[Series, list[_BlockKey]]] = {}
        for place, arrivals in groupby(batch, _place):
            key = _BlockKey(*place)
            if key in self._gaps:
                continue
            for name, series in self._take(self._blocks.setdefault(key, _Block()), arrivals).items():
                if name not in touched:
                    touched[name] = (series, [key])
                elif touched[name][1][-1] != key:
                    touched[name][1].append(key)
        return [self._update(series, sorted(keys), at) for _, (series, keys) in sorted(touched.items())]

    def _take(self, block: _Block, arrivals: Iterable[Arrival]) -> _BySeries:
        """Count what is not counted yet; returns the series that count one of these mentions."""
        found: _BySeries = {}
        for arrival in arrivals:
            mention = arrival.mention
            if arrival.offset > block.upto:
                block.add(arrival, self._series_of(mention, arrival.verdict))
            found.update(block.mentions.get(mention.id, {}))
        return found

    def _series_of(self, mention: Mention, verdict: Verdict) -> _BySeries:
        channel = mention.channel if mention.channel in CHANNELS else ""
        source = mention.source if mention.source in self._sources else ""
        return _series(mention.brand, mention.drill, channel, source, verdict.sentiment == "negative")

    def _drop_closed(self, batch: Sequence[Arrival]) -> None:
        """Blocks before a partition's first record of this batch cannot be touched again."""
        first: dict[tuple[str, int], int] = {}
        for arrival in batch:
            first.setdefault((arrival.topic, arrival.partition), arrival.offset // BLOCK_SIZE)
        for key in [key for key in self._blocks if key.block < first.get(key[:2], key.block)]:
            del self._blocks[key]
        self._gaps = {key for key in self._gaps if key.block >= first.get(key[:2], key.block)}

    def _update(self, series: Series, keys: list[_BlockKey], at: datetime) -> VolumeUpdate:
        blocks = tuple([self._content(series, key) for key in keys])
        return VolumeUpdate(series=series.name, brand=series.brand, at=at, blocks=blocks, drill=series.drill)

    def _content(self, series: Series, key: _BlockKey) -> BlockCount:
        block = self._blocks[key]
        minutes = sorted(block.minutes[series.name].items())
        return BlockCount(
            topic=key.topic,
            partition=key.partition,
            block=key.block,
            upto=block.upto,
            minutes=tuple([_sum(minute, facts, series.whole) for minute, facts in minutes]),
        )


def _sum(minute: int, facts: list[_Fact], whole: bool) -> MinuteCount:
    if len(facts) == 1:  # most parts of most blocks: a third of the work
        person, story, negative, urgent, channel = facts[0]
        told = ((channel, 1),) if whole else ()
        return MinuteCount(
            minute=minute,
            arrivals=1,
            negative=negative,
            urgent=urgent,
            people=(person,),
            stories=((story, 1),),
            channels=told,
            negative_stories=((story, 1),) if whole and negative else (),
        )
    people, stories, negatives, urgents, channels = zip(*facts, strict=True)
    return MinuteCount(
        minute=minute,
        arrivals=len(facts),
        negative=sum(negatives),
        urgent=sum(urgents),
        people=tuple(sorted(set(people))),
        stories=_tally(stories),
        channels=_tally(channels) if whole else (),
        negative_stories=_tally([fact[1] for fact in facts if fact[2]]) if whole else (),
    )


def _tally(values: Sequence[_K]) -> tuple[tuple[_K, int], ...]:
    times: dict[_K, int] = {}
    for value in values:
        times[value] = times.get(value, 0) + 1
    return tuple(sorted(times.items()))


def _place(arrival: Arrival) -> tuple[str, int, int]:
    return (arrival.topic, arrival.partition, arrival.offset // BLOCK_SIZE)


def _fact(mention: Mention, verdict: Verdict) -> _Fact:
    negative, urgent = int(verdict.sentiment == "negative"), int(verdict.urgency in _URGENT)
    return (_person(mention), _story(verdict.signature), negative, urgent, mention.channel)


def _person(mention: Mention) -> int:
    # A platform's person id is unique within its source only.
    return hash32(f"{mention.source}\x1f{mention.author.id}" if mention.author else mention.id)


def _story(signature: int) -> int:
    # Folding keeps signatures that are a few bits apart a few bits apart.
    return (signature ^ (signature >> 32)) & _LOW_BITS
