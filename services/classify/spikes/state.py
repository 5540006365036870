"""What the step remembers of one series: a few kilobytes, whatever the volume."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

import msgspec

from backbone.series import is_whole
from contracts.volume import BlockCount, DeclaredCampaign, MinuteCount, VolumeUpdate
from services.classify.spikes import sketch
from services.classify.spikes.baseline import Baseline
from services.classify.spikes.life import Life

RECENT_MINUTES = 60
REMEMBERED_BLOCKS = 2
_STORIES_KEPT = 8
K = TypeVar("K", int, str)
_ECHO_MIN = 30


class Minute(msgspec.Struct, array_like=True):
    """One minute of event time; `people` and `bound` are a sketch, `stories` the most told (hash, arrivals)."""

    minute: int
    arrivals: int = 0
    negative: int = 0
    urgent: int = 0
    people: list[int] = msgspec.field(default_factory=list)
    bound: int = sketch.ALL
    stories: list[tuple[int, int]] = msgspec.field(default_factory=list)
    channels: dict[str, int] = msgspec.field(default_factory=dict)
    negative_stories: dict[int, int] = msgspec.field(default_factory=dict)
    """Negative arrivals of the stories that are kept."""

    def plus(self, more: "Minute") -> "Minute":
        """Both together."""
        people, bound = sketch.merge(self.people, min(self.bound, more.bound), more.people)
        return Minute(
            minute=self.minute,
            arrivals=self.arrivals + more.arrivals,
            negative=self.negative + more.negative,
            urgent=self.urgent + more.urgent,
            people=people,
            bound=bound,
            stories=_most_told((*self.stories, *more.stories)),
            channels=_together(self.channels, more.channels),
            negative_stories=_together(self.negative_stories, more.negative_stories),
        )


class HeldMinute(msgspec.Struct, frozen=True, array_like=True):
    """What was counted of one minute of a block, to subtract from what it holds later."""

    arrivals: int
    negative: int
    urgent: int
    stories: tuple[tuple[int, int], ...]
    channels: tuple[tuple[str, int], ...] = ()
    negative_stories: tuple[tuple[int, int], ...] = ()


class HeldBlock(msgspec.Struct, frozen=True, array_like=True):
    """The last that was counted of a block that may still grow."""

    block: int
    upto: int
    minutes: dict[int, HeldMinute]


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """One past hour: how many people there were, and what calendar and level said before it was known."""

    hour: int
    people: int
    calendar: float
    level: float


class Habits(msgspec.Struct, array_like=True):
    """Slowly forgotten sums: how often one person is seen, and what share is negative, urgent or one story."""

    messages: float = 0.0
    negative: float = 0.0
    urgent: float = 0.0
    people: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0, 0.0])
    """People per five minutes, per quarter and per hour, summed: the first counts one person up to twelve times."""
    retold: float = 0.0
    """How often the story told most in an hour was told again, summed over the hours that had messages."""
    hours: float = 0.0


class OpenSpike(msgspec.Struct, frozen=True):
    """The spike that is going on; `since` is the minute of event time at which its window begins."""

    id: str
    since: int
    life: Life
    story: int | None = None
    """The one story that explains it."""


class Silence(msgspec.Struct, frozen=True):
    """A stream that stopped: nothing since minute `since`, told in minute `told`."""

    id: str
    since: int
    told: int


class SeriesState(msgspec.Struct):
    """One series. `newest` is the last minute of event time it has come to."""

    series: str
    brand: str
    drill: bool = False
    newest: int = 0
    told: int = 0
    """The minute at which the last spike closed: windows of an hour or more that reach behind it say nothing new."""
    total: int = 0
    """Mentions counted, exactly; `late` came too late for any window, `future` were dated ahead of the clock."""
    late: int = 0
    future: int = 0
    known: dict[str, list[HeldBlock]] = msgspec.field(default_factory=dict)
    recent: list[Minute] = msgspec.field(default_factory=list)
    hours: list[Hour] = msgspec.field(default_factory=list)
    habits: Habits = msgspec.field(default_factory=Habits)
    baseline: Baseline | None = None
    spike: OpenSpike | None = None
    quarters: list[tuple[int, int]] = msgspec.field(default_factory=list)
    """(quarter of an hour, arrivals) of the last two hours."""
    heard: int = 0
    """The newest minute that held a mention."""
    silence: Silence | None = None
    look_for_silence: int | None = None
    """The minute in which nothing at all since `heard` may have become a surprise."""
    campaigns: tuple[DeclaredCampaign, ...] = ()
    campaigns_at: int = 0
    """The minute of the clock at which they were told first."""

    @property
    def part(self) -> bool:
        """A part of a brand: one channel, one source, one kind."""
        return not is_whole(self.series) and not self.drill

    def campaign(self, minute: int) -> DeclaredCampaign | None:
        """The campaign that raises the expectation of this minute most."""
        running = (one for one in self.campaigns if one.start <= minute < one.end)
        return max(running, key=lambda one: (one.factor, one.id), default=None)

    def mean_factor(self, start: int, end: int) -> float:
        """How many times as much as usual campaigns make expected from minute `start` up to minute `end`."""
        if not self.campaigns:
            return 1.0
        turns = {turn for one in self.campaigns for turn in _turns(one) if start < turn < end}
        edges = sorted({start, end, *turns})
        return sum((b - a) * self._factor(a, b) for a, b in pairwise(edges)) / (end - start)

    def _factor(self, start: int, end: int) -> float:
        """Of a stretch in which no campaign changes: the one that matters most counts, alone."""
        factors = [1.0 + (one.factor - 1.0) * _share(one, start, end) for one in self.campaigns]
        return max(factors) if max(factors) > 1.0 else min(factors)

    def copy(self) -> "SeriesState":
        """A copy to work on; structs within it that are replaced, not changed, stay shared."""
        return msgspec.structs.replace(
            self,
            known=dict(self.known),
            recent=self.recent[:],
            hours=self.hours[:],
            quarters=self.quarters[:],
            habits=msgspec.structs.replace(self.habits, people=self.habits.people[:]),
            baseline=self.baseline.copy() if self.baseline else None,
        )


def take_new(state: SeriesState, update: VolumeUpdate) -> dict[int, Minute]:
    """What the update holds beyond what is known, per minute; `state.known` then holds it.

    Exact for repeated, older and overlapping updates, and for any order within the last REMEMBERED_BLOCKS blocks of a
    partition. Older blocks are passed over: the log keeps the order of a series, so they are redeliveries.
    """
    fresh: dict[int, Minute] = {}
    for block in update.blocks:
        place = f"{block.topic}/{block.partition}"
        held = state.known.get(place, [])
        before = next((one for one in held if one.block == block.block), None)
        if before is not None and block.upto <= before.upto:
            continue
        if before is None and len(held) == REMEMBERED_BLOCKS and block.block < held[0].block:
            continue
        for minute in block.minutes:
            _add(fresh, _difference(minute, before))
        others = [one for one in held if one.block != block.block]
        state.known[place] = sorted([*others, _hold(block)], key=_block_of)[-REMEMBERED_BLOCKS:]
    return fresh


def _block_of(held: HeldBlock) -> int:
    return held.block


def _add(fresh: dict[int, Minute], more: Minute) -> None:
    if more.arrivals:
        was = fresh.get(more.minute)
        fresh[more.minute] = was.plus(more) if was else more


def _difference(now: MinuteCount, before: HeldBlock | None) -> Minute:
    was = before.minutes.get(now.minute) if before else None
    stories: Iterable[tuple[int, int]] = now.stories
    if was:
        told = dict(was.stories)
        stories = [(story, count - told.get(story, 0)) for story, count in now.stories]
    most_told = _most_told(stories)
    negative = _beyond(now.negative_stories, was.negative_stories if was else ())
    kept = dict(most_told)
    people, bound = sketch.merge([], sketch.ALL, now.people)
    return Minute(
        minute=now.minute,
        arrivals=now.arrivals - (was.arrivals if was else 0),
        negative=now.negative - (was.negative if was else 0),
        urgent=now.urgent - (was.urgent if was else 0),
        people=people,
        bound=bound,
        stories=most_told,
        channels=_beyond(now.channels, was.channels if was else ()),
        negative_stories={story: count for story, count in negative.items() if story in kept},
    )


def _hold(block: BlockCount) -> HeldBlock:
    held = {one.minute: _hold_minute(one) for one in block.minutes}
    return HeldBlock(block.block, block.upto, held)


def _hold_minute(one: MinuteCount) -> HeldMinute:
    return HeldMinute(one.arrivals, one.negative, one.urgent, one.stories, one.channels, one.negative_stories)


def _together(some: dict[K, int], more: dict[K, int]) -> dict[K, int]:
    if not more:
        return some
    return {key: some.get(key, 0) + more.get(key, 0) for key in {**some, **more}}


def _beyond(now: Iterable[tuple[K, int]], before: Iterable[tuple[K, int]]) -> dict[K, int]:
    """What these counts hold beyond those before."""
    known = dict(before)
    return {key: more for key, count in now if (more := count - known.get(key, 0)) > 0}


def _turns(campaign: DeclaredCampaign) -> tuple[int, ...]:
    return (campaign.start, campaign.end, campaign.end + _ECHO_MIN, campaign.end + 3 * _ECHO_MIN)


def _share(campaign: DeclaredCampaign, start: int, end: int) -> float:
    """How much of a campaign falls in these minutes. It has an echo: half an hour in full, then half as much."""
    full = _overlap(start, end, campaign.start, campaign.end + _ECHO_MIN)
    half = _overlap(start, end, campaign.end + _ECHO_MIN, campaign.end + 3 * _ECHO_MIN)
    return (full + half / 2) / (end - start)


def _overlap(start: int, end: int, first: int, last: int) -> int:
    return max(0, min(end, last) - max(start, first))


def _most_told(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    told: dict[int, int] = {}
    for story, count in pairs:
        if count > 0:
            told[story] = told.get(story, 0) + count
    return sorted(told.items(), key=lambda pair: (-pair[1], pair[0]))[:_STORIES_KEPT]
