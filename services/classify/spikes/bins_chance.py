"""The live detector's judgement of counts per bin, for streams whose ordinary days hardly stray from its chances.

Expectation, noise and tails are those of the live detector (`baseline.py`, `dispersion.py`, `tails.py`), and so is the
budget that sets its thresholds; messages stand for people, whom a table does not tell apart. In a stream whose daily
maxima are far beyond chance the thresholds would mean nothing: there this judgement keeps silent.
"""

from typing import NamedTuple

from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import MINUTES_PER_HOUR, WINDOWS, Baseline
from services.classify.spikes.bins_past import Held, Past
from services.classify.spikes.bins_settings import TableSettings
from services.classify.spikes.calendar import Calendar
from services.classify.spikes.scan import surprise
from services.classify.spikes.settings import SpikeSettings

WIDEST = MINUTES_PER_HOUR
"""Minutes: what is usual is learned by the hour."""

_CALENDAR = Calendar("UTC", None)
"""A table tells neither where its people live nor which holidays they have."""
_HOUR = 2
_LEARNED_EVERY = 360
"""Minutes: windows longer than this overlap where they teach."""
_HOURS_PER_DAY = 24
_TELLING_WINDOWS = 3


class Look(NamedTuple):
    """One window that ends now: its length in minutes, and its strength as a share of what opens a spike."""

    minutes: float
    strength: float


class _Window(NamedTuple):
    place: int
    bins: int
    every: int
    bar: float


class _Judged(NamedTuple):
    window: _Window
    seen: int
    usual: float


class Chance:
    """One series in bins of `width` minutes, at most WIDEST; wider ones are never judged.

    Strictly causal: `judge` a bin, then `learn` it. `known` is what a scan of wider bins had learned.
    """

    def __init__(self, width: float, settings: TableSettings, known: Baseline | None = None) -> None:
        self.width = width
        self.known = known
        """None before the first bin."""
        self._settings = settings
        budget = SpikeSettings(false_pages_per_month=settings.false_a_month, calendar=_CALENDAR)
        self._least = budget.least_people
        self._windows = [
            _Window(
                place,
                max(1, round(length / width)),
                max(1, round(min(length, _LEARNED_EVERY) / width)),
                budget.open_surprise(place, part=False),
            )
            for place, length in enumerate(WINDOWS)
            if width <= min(length, WIDEST)
        ]
        self._hour_bins = max(1, round(MINUTES_PER_HOUR / width))
        self._past = Past(max(1, round(WINDOWS[-1] / width)))
        self._judged: list[_Judged] = []
        self._hour_count, self._hour_minutes = 0, 0.0
        self._open = False
        self.counts = False
        """This judgement counts: enough was seen of the stream, and its ordinary days hardly stray from chance."""

    def skip(self) -> None:
        """Bins are missing: windows do not reach across them."""
        self._past.skip()

    def judge(self, minute: float, count: int, told: float) -> list[Look]:
        """The windows that end with the bin that begins at `minute`, shortest first; none while it does not count.

        `told`: when the last spike was over, infinite while one is open. What it holds is nobody's ordinary day.
        """
        known = self._come_to(minute)
        level = base.day_level(known)
        calendar = base.expected_rate(known, minute + self.width / 2) / level * self.width / MINUTES_PER_HOUR
        self._past.add(count, calendar, level)
        self._hour_count += count
        self._hour_minutes += self.width
        self._judged = self._all_judged(known)
        end = minute + self.width
        looks = [self._look(known, one, end, told) for one in self._judged]
        return looks if self.counts else []

    def learn(self, *, is_open: bool) -> None:
        """The bin that was judged last is over; noise is learned where no spike is open."""
        self._open = is_open
        if self.known is None or is_open:
            return
        for one in self._judged:
            if self._past.number % one.window.every == 0:
                base.learn_noise(self.known, one.window.place, one.seen, one.usual)

    def _come_to(self, minute: float) -> Baseline:
        hour = int(minute // MINUTES_PER_HOUR)
        if self.known is None:
            self.known = base.new_baseline(int(minute))
            base.begin_hour(self.known, hour, _CALENDAR)
        elif hour > self.known.rates.hour:
            self._close_hour(self.known)
            base.begin_hour(self.known, hour, _CALENDAR)
            self.counts = self._may_count(self.known, hour)
        return self.known

    def _close_hour(self, known: Baseline) -> None:
        """An hour of which most bins are there is learned; one that is missing says nothing."""
        if self._hour_minutes > MINUTES_PER_HOUR / 2:
            count = self._hour_count * MINUTES_PER_HOUR / self._hour_minutes
            base.learn_hours(known, _CALENDAR.place(known.rates.hour), count, spike=self._open)
        self._hour_count, self._hour_minutes = 0, 0.0

    def _may_count(self, known: Baseline, hour: int) -> bool:
        """A stream of twenty a day has a full quarter of an hour now and then: such days say nothing of its others."""
        if hour - known.first_hour < self._settings.chance_after_days * _HOURS_PER_DAY:
            return False
        tails = [(one.place, known.tails[one.place]) for one in self._windows[:_TELLING_WINDOWS]]
        least = self._settings.chance_telling * max((tail.days for _, tail in tails), default=0.0)
        telling = [tail.tame(place) for place, tail in tails if tail.days >= least]
        return bool(telling) and all(telling)

    def _all_judged(self, known: Baseline) -> list[_Judged]:
        hour = self._past.last(self._hour_bins)
        held = ((window, self._past.last(window.bins)) for window in self._windows)
        return [
            _Judged(window, one.seen, one.usual * _level(known, window.place, one, hour))
            for window, one in held
            if one is not None
        ]

    def _look(self, known: Baseline, one: _Judged, end: float, told: float) -> Look:
        window, minutes = one.window, one.window.bins * self.width
        if one.seen <= max(one.usual, self._least - 1):
            return Look(minutes, 0.0)
        raw = surprise(one.seen, one.usual, base.spread(known, window.place, one.usual))
        tail = known.tails[window.place]
        decades = max(0.0, tail.decades(window.place, raw))
        if told <= (end if window.place < _HOUR else end - minutes):
            tail.note(window.place, raw)
        return Look(minutes, decades / window.bar)


def _level(known: Baseline, place: int, one: Held, hour: Held | None) -> float:
    """How busy the last hours are, beside the window itself; a long window is its own hours."""
    if place > _HOUR:
        return 1.0
    if place == _HOUR or hour is None:
        return base.near_level(known)
    return base.near_level(known, max(hour.seen - one.seen, 0), max(hour.usual - one.usual, 0.0))
