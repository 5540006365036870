"""What the step remembers of one series: a few kilobytes, whatever the volume."""

from collections.abc import Iterable

import msgspec

from contracts.volume import BlockCount, MinuteCount, VolumeUpdate
from services.classify.spikes import sketch
from services.classify.spikes.baseline import Baseline

RECENT_MINUTES = 60
REMEMBERED_BLOCKS = 2
_STORIES_KEPT = 8


class Minute(msgspec.Struct, array_like=True):
    """One minute of event time; `people` and `bound` are a sketch, `stories` the most told (hash, arrivals)."""

    minute: int
    arrivals: int = 0
    negative: int = 0
    urgent: int = 0
    people: list[int] = msgspec.field(default_factory=list)
    bound: int = sketch.ALL
    stories: list[tuple[int, int]] = msgspec.field(default_factory=list)

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
        )


class HeldMinute(msgspec.Struct, frozen=True, array_like=True):
    """What was counted of one minute of a block, to subtract from what it holds later."""

    arrivals: int
    negative: int
    urgent: int
    stories: tuple[tuple[int, int], ...]


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


class OpenSpike(msgspec.Struct, frozen=True):
    """The spike that is going on; minutes are event time."""

    id: str
    since: int
    calm_since: int | None
    reported: int
    """How many were seen in the window of the last event that was sent."""
    reported_at: int


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

    def copy(self) -> "SeriesState":
        """A copy to work on; structs within it that are replaced, not changed, stay shared."""
        return msgspec.structs.replace(
            self,
            known=dict(self.known),
            recent=self.recent[:],
            hours=self.hours[:],
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
    people, bound = sketch.merge([], sketch.ALL, now.people)
    return Minute(
        minute=now.minute,
        arrivals=now.arrivals - (was.arrivals if was else 0),
        negative=now.negative - (was.negative if was else 0),
        urgent=now.urgent - (was.urgent if was else 0),
        people=people,
        bound=bound,
        stories=_most_told(stories),
    )


def _hold(block: BlockCount) -> HeldBlock:
    held = {one.minute: HeldMinute(one.arrivals, one.negative, one.urgent, one.stories) for one in block.minutes}
    return HeldBlock(block.block, block.upto, held)


def _most_told(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    told: dict[int, int] = {}
    for story, count in pairs:
        if count > 0:
            told[story] = told.get(story, 0) + count
    return sorted(told.items(), key=lambda pair: (-pair[1], pair[0]))[:_STORIES_KEPT]
