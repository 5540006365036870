"""One simulated stream from its first day to its last, with everything that is tried on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from contracts.volume import DeclaredCampaign, SpikeEvent
from services.classify.spikes.settings import SpikeSettings
from webcare.simulating.arrivals import Arrivals, together
from webcare.simulating.drive import Driver
from webcare.simulating.happenings import FLOOD, REPOSTS, Crisis, Growth, Heap, crisis, heap
from webcare.simulating.streams import DISPERSIONS, MINUTES_PER_DAY, Background, background, local_midnight, measured
from webcare.simulating.streams import mentions as written

COLD_DAYS = 7
HORIZON_MIN = 120
"""A crisis that nobody was told of by then was missed."""
_SECONDS_PER_DAY = 86400
WARM_DAYS = 14
_STARTS = 364
"""Streams begin on any day of a year, so that the first week holds every kind of day."""
_EACH = 1
_PER_MINUTE = 60
CAMPAIGN_MIN = 480
_AFTER_CAMPAIGN_MIN = 240
_CRISIS_AFTER_MIN = 30
_SILENCE_DAYS = 2


class Plan(NamedTuple):
    """What is tried on every stream."""

    days: int = 60
    to: tuple[float, ...] = (2000.0,)
    growths: tuple[Growth, ...] = ("step",)
    onsets: int = 6
    """How many moments of a stream each onset is tried at."""
    campaign: float = 5.0
    """The factor that is declared and comes true; 1 leaves campaigns out."""
    dispersion: str = "usual"
    timezone: str = "Europe/Amsterdam"
    seed: int = 1


class Stream(NamedTuple):
    """One stream of a plan."""

    per_day: float
    number: int


class Onset(NamedTuple):
    """What is looked for: the growth of a crisis and what it comes to, from `source` up to `target` a day."""

    growth: Growth
    source: float
    target: float


Unwanted = Literal["quiet", "campaign", "after_campaign", "reposts", "flood"]
"""What there was when nobody should have been woken."""


class FalsePage(msgspec.Struct, frozen=True):
    """A page that should not have been, and what it said."""

    during: Unwanted
    stream: int
    day: float
    """Since the stream began."""
    reason: str
    seen: int
    expected: float
    window_s: int
    people: int


@dataclass
class Found:
    """What one stream led to. Delays are in seconds from the onset; None where nobody was told in time."""

    stream: Stream
    mentions: int
    per_hour: float
    per_day: float
    """Variance over mean around the cycle."""
    false: list[FalsePage] = field(default_factory=list)
    false_silences: int = 0
    already_open: int = 0
    """Onsets while a false spike was open."""
    delays: dict[Onset, list[float | None]] = field(default_factory=dict)
    in_campaign: dict[Onset, list[float | None]] = field(default_factory=dict)
    campaigns: int = 0
    """Declared campaigns that held no crisis."""
    heaps: int = 0
    """How often few people reposted, and how often one flooded."""
    silences: list[float | None] = field(default_factory=list)


def onsets_of(plan: Plan, per_day: float) -> list[Onset]:
    """The crises tried at this level: to what the plan says, or to ten times the level where that is hardly more."""
    targets = dict.fromkeys(target if target >= 3 * per_day else 10 * per_day for target in plan.to)
    return [Onset(growth, per_day, target) for target in targets for growth in plan.growths]


def run_stream(plan: Plan, stream: Stream, settings: SpikeSettings) -> Found:
    """Drive one stream and everything that is tried on it. The same arguments give the same result."""
    rng = chance_of(plan, stream)
    back, quiet = quiet_days(rng, plan, stream)
    return _Run(plan, stream, settings, back, quiet).run(_moments(rng, plan, back))


def chance_of(plan: Plan, stream: Stream, *place: int) -> np.random.Generator:
    """Chance of its own for each stream and each thing that is tried on it: trying more changes nothing else."""
    return np.random.default_rng([plan.seed, round(stream.per_day * 1000), stream.number, *place])


def quiet_days(rng: np.random.Generator, plan: Plan, stream: Stream) -> tuple[Background, Arrivals]:
    """What is written when nothing is the matter, from a midnight on."""
    zone = ZoneInfo(plan.timezone)
    start = local_midnight(int(rng.integers(_STARTS)), zone)
    back = background(rng, start, plan.days, stream.per_day, zone, DISPERSIONS[plan.dispersion])
    return back, written(rng, back)


def campaign_extra(rng: np.random.Generator, of: Background, factor: float, begin: int, end: int) -> Arrivals:
    """What a campaign adds from minute `begin` to `end`: the quiet rate as often again as the factor says."""
    more = of._replace(per_minute=of.per_minute * (factor - 1.0))
    return written(rng, more, begin - of.start, end - of.start)


def _moments(rng: np.random.Generator, plan: Plan, back: Background) -> list[int]:
    """Whole minutes, in seconds, after which things are tried: after the first weeks and with room for a campaign."""
    warm = min(WARM_DAYS, plan.days // 2) * MINUTES_PER_DAY
    last = plan.days * MINUTES_PER_DAY - CAMPAIGN_MIN - _AFTER_CAMPAIGN_MIN
    return sorted((60 * (back.start + rng.integers(warm, last, plan.onsets))).tolist())


class _Run:
    def __init__(
        self, plan: Plan, stream: Stream, settings: SpikeSettings, back: Background, mentions: Arrivals
    ) -> None:
        self._plan, self._stream, self._back, self._mentions = plan, stream, back, mentions
        self._quiet = Driver(settings)
        strays = measured(mentions.second, back)
        self._found = Found(stream, mentions.size, strays.per_hour, strays.per_day)

    def run(self, moments: list[int]) -> Found:
        begin, end = self._back.start * 60, (self._back.start + len(self._back.cycle)) * 60
        for place, (since, until) in enumerate(zip([begin, *moments], [*moments, end], strict=True)):
            if place:
                self._try_all(place, since)
            self._quiet.feed(self._mentions.between(since, until), _PER_MINUTE)
        self._quiet.wait(end)
        self._note_false("quiet", self._quiet.events)
        silences = (event for event in self._quiet.events if event.direction == "down")
        self._found.false_silences = sum(event.kind == "opened" for event in silences)
        return self._found

    def _note_false(self, during: Unwanted, events: Iterable[SpikeEvent]) -> None:
        for event in events:
            if event.kind == "opened" and event.direction == "up":
                self._found.false.append(self._false(during, event))

    def _false(self, during: Unwanted, event: SpikeEvent) -> FalsePage:
        told, number = event.evidence, self._stream.number
        day = round((event.at.timestamp() - self._back.start * 60) / _SECONDS_PER_DAY, 3)
        return FalsePage(during, number, day, told.reason, told.seen, told.expected, told.window_s, told.people)

    def _try_all(self, place: int, moment: int) -> None:
        rng = partial(chance_of, self._plan, self._stream, place)
        state = self._quiet.state
        self._found.already_open += bool(state and state.spike)
        for number, onset in enumerate(onsets_of(self._plan, self._stream.per_day)):
            delay = _crisis_delay(rng(0, number), self._quiet, self._mentions, moment, onset)
            self._found.delays.setdefault(onset, []).append(delay)
        self._try_heap(rng(1, 0), moment, "reposts", REPOSTS)
        self._try_heap(rng(1, 1), moment, "flood", FLOOD)
        self._found.heaps += 1
        self._try_silence(moment)
        if self._plan.campaign > 1.0:
            self._try_campaign(rng, moment)

    def _try_heap(self, rng: np.random.Generator, moment: int, kind: Literal["reposts", "flood"], few: Heap) -> None:
        until = moment + HORIZON_MIN * 60
        fork = self._quiet.fork()
        fork.feed(together(self._mentions.between(moment, until), heap(rng, moment, few)), _EACH)
        self._note_false(kind, fork.events)

    def _try_silence(self, moment: int) -> None:
        until = moment + _SILENCE_DAYS * _SECONDS_PER_DAY
        fork = self._quiet.fork()
        fork.wait(until)
        self._found.silences.append(_delay(fork.events, moment, until, "down"))

    def _try_campaign(self, rng: partial[np.random.Generator], moment: int) -> None:
        begin = moment // 60
        end, after = begin + CAMPAIGN_MIN, begin + CAMPAIGN_MIN + _AFTER_CAMPAIGN_MIN
        declared = (DeclaredCampaign(id="campaign", start=begin, end=end, factor=self._plan.campaign),)
        extra = campaign_extra(rng(2, 0), self._back, self._plan.campaign, begin, end)
        whole = together(self._mentions.between(moment, after * 60), extra.between(moment, after * 60))
        during = moment + int(rng(2, 1).integers(_CRISIS_AFTER_MIN, CAMPAIGN_MIN - HORIZON_MIN)) * 60
        fork = self._quiet.fork()
        fork.feed(whole.between(moment, during), _PER_MINUTE, declared)
        for number, onset in enumerate(onsets_of(self._plan, self._stream.per_day)):
            delay = _crisis_delay(rng(3, number), fork, whole, during, onset, declared)
            self._found.in_campaign.setdefault(onset, []).append(delay)
        fork.feed(whole.between(during, end * 60), _PER_MINUTE, declared)
        self._note_false("campaign", fork.events)
        fork.events.clear()
        fork.feed(whole.between(end * 60, after * 60), _PER_MINUTE, declared)
        self._note_false("after_campaign", fork.events)
        self._found.campaigns += 1


def _crisis_delay(
    rng: np.random.Generator,
    warm: Driver,
    mentions: Arrivals,
    moment: int,
    onset: Onset,
    campaigns: tuple[DeclaredCampaign, ...] = (),
) -> float | None:
    """Seconds from a crisis that begins within a minute after `moment` until somebody is told."""
    at = moment + int(rng.integers(60))
    until = at + HORIZON_MIN * 60
    added = crisis(rng, at, Crisis(onset.growth, onset.target - onset.source, HORIZON_MIN))
    fork = warm.fork()
    fork.feed(together(mentions.between(moment, until), added), _EACH, campaigns)
    return _delay(fork.events, at, until)


def _delay(events: Iterable[SpikeEvent], onset: int, until: int, direction: str = "up") -> float | None:
    """Seconds until somebody was told: a spike opened, or one that was open already grew."""
    told = (event for event in events if event.direction == direction and _tells(event))
    first = next((at for event in told if onset <= (at := event.at.timestamp()) <= until), None)
    return None if first is None else first - onset


def _tells(event: SpikeEvent) -> bool:
    return event.kind == "opened" or (event.kind == "updated" and event.phase != "peaked")
