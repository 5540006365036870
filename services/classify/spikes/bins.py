"""The judgement of counts per bin, for a stream that comes as a table: several windows at once, one threshold.

The scan takes the best of several windows that end now (Neill, Int. J. Forecasting 25, 2009). Where a stream's ordinary
days hardly stray from chance, chance says what is rare (`bins_chance.py`); elsewhere the stream's own daily peaks do
(`bins_tail.py`). Strictly causal: a bin is judged before it is learned, and nothing is learned of a day's peaks before
the day is over.
"""

import math
from typing import NamedTuple

from services.classify.spikes.bins_chance import Chance, Look
from services.classify.spikes.bins_past import Past
from services.classify.spikes.bins_settings import TableSettings
from services.classify.spikes.bins_spike import OpenSpike
from services.classify.spikes.bins_tail import Noise, Peaks, capped, surprise
from services.classify.spikes.bins_usual import Usual

THRESHOLD = 0.5
"""A score from here on opens a spike, in every series."""

_DAY = 1440.0
_STORY = 60.0
"""Windows of an hour or more that reach behind the end of the last spike say nothing new."""
_UNFORESEEN = 3.0
_SCORE_DIGITS = 4
_HIGHEST_WHILE_OPEN = round(THRESHOLD - 10.0**-_SCORE_DIGITS, _SCORE_DIGITS)


class BinScore(NamedTuple):
    """What was expected of a bin, and how strongly it calls for a new alert (0 to 1, rounded as it is written)."""

    expected: float
    score: float

    @property
    def alert(self) -> bool:
        """A spike opens with this bin."""
        return self.score >= THRESHOLD


class _Window:
    """One length: how many bins it takes, and its noise."""

    def __init__(self, minutes: float, width: float, settings: TableSettings) -> None:
        self.bins = max(1, round(minutes / width))
        self.minutes = self.bins * width
        self.noise = Noise(minutes, settings)


class BinScan:
    """One series in bins of `width` minutes, of which the first hour is learned only.

    `wider` carries over what is known when bins turn out to be narrower than in that scan.
    While a spike is open the score stays just below the threshold: nobody is called twice for one story. It closes
    when the shortest window was calm for hours; a much larger burst after a lull is a story of its own.
    """

    def __init__(self, width: float, settings: TableSettings | None = None, wider: "BinScan | None" = None) -> None:
        self.width = width
        self._settings = settings or TableSettings()
        self.usual: Usual = wider.usual if wider else Usual(self._settings)
        self.chance: Chance = Chance(width, self._settings, wider.chance.known if wider else None)
        lengths = [minutes for minutes in self._settings.windows if minutes >= width] or [self._settings.windows[-1]]
        self._windows = [_Window(minutes, width, self._settings) for minutes in lengths]
        self._peaks = Peaks(lengths, self._settings)
        self._past = Past(self._windows[-1].bins)
        self._day: int | None = None
        self._spike = OpenSpike(self._settings)

    def skip(self) -> None:
        """Bins are missing: windows do not reach across them."""
        self._past.skip()
        self.chance.skip()

    def add(self, minute: float, count: int) -> BinScore:
        """Judge and then learn the bin that begins at `minute`."""
        self._begin(minute)
        level = self.usual.level
        calendar = self.usual.calendar(minute, self.width)
        self._past.add(count, calendar, level)
        if self.usual.blind:
            self._past.skip()  # No window reaches back into what was held against a guess.
        looks = [self._look(place, minute) for place in range(len(self._windows))]
        chances = self.chance.judge(minute, count, self._spike.told)
        self._learn(minute, count, calendar, level)
        score = self._score(looks, chances, minute + self.width)
        self.chance.learn(is_open=self._spike.is_open)
        return BinScore(calendar * level, score)

    def _begin(self, minute: float) -> None:
        self.usual.come_to(minute)
        day = int(minute // _DAY)
        if self._day is not None and day > self._day:
            self._peaks.end_day(math.exp(-1.0 / self._settings.memory_days))
            keep = math.exp((self._day - day) / self._settings.memory_days)
            for window in self._windows:
                window.noise.forget(keep)
        self._day = day

    def _look(self, place: int, minute: float) -> Look:
        """The strength of the window that ends with this bin; 0 where it does not reach back so far."""
        window = self._windows[place]
        held = self._past.last(window.bins)
        if held is None:
            return Look(window.minutes, 0.0)
        unseen, few = self.usual.unknown(minute, window.minutes)
        relative = window.noise.relative + unseen + few
        if self._past.number % window.bins == 0:
            ordinary = capped(held.seen, held.usual, relative, self._settings.cap_deviations)
            window.noise.learn(ordinary, held.usual, math.exp(-_UNFORESEEN * unseen))
        return Look(window.minutes, self._peaks.strength(place, surprise(held.seen, held.usual, relative)))

    def _learn(self, minute: float, count: int, calendar: float, level: float) -> None:
        window = self._windows[min(1, len(self._windows) - 1)]
        relative = window.noise.relative + sum(self.usual.unknown(minute, self.width))
        ordinary = capped(count, calendar * level, relative, self._settings.cap_deviations)
        self.usual.learn(count if self.usual.blind else ordinary, calendar, self.width)

    def _score(self, looks: list[Look], chances: list[Look], end: float) -> float:
        self._spike.wait(looks[0].strength, end)
        telling = chances if self.chance.counts else looks
        strength = max(self._fresh(telling, end), default=0.0)
        score = round(strength / (1.0 + strength), _SCORE_DIGITS)
        if self._spike.opens(strength, score >= THRESHOLD):
            return score
        return min(score, _HIGHEST_WHILE_OPEN)

    def _fresh(self, looks: list[Look], end: float) -> list[float]:
        return [look.strength for look in looks if look.minutes < _STORY or end - look.minutes >= self._spike.over_at]
