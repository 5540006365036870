"""How far the most surprising moments of ordinary days reach: some streams have tails that no variance describes.

The most surprising moment of a day is an extreme value; where the chances are right it is Gumbel distributed, with a
scale of one over ln 10 in decades (Coles, An Introduction to Statistical Modeling of Extreme Values, chapter 3). Mean
and variance of these maxima over weeks tell how often such a moment comes in this stream (moment estimates; Gumbel,
Statistics of Extremes, section 6.2). A stream can only be found wilder than its negative binomial, never tamer.
"""

import math

import msgspec

LOOKS_PER_DAY = (576.0, 192.0, 48.0, 12.0, 4.0, 12.0)
"""Looks that say something of their own, per window and for stories: of windows that end at every minute, one half a
window further on is about as good as a new one (Naus, JASA 60, 1965, on scan statistics)."""
_PRIOR_DAYS = 7.0
_EULER = 0.5772156649015329
_PER_SCALE = math.pi / math.sqrt(6.0)
_LN10 = math.log(10.0)
_SCALE = 1.0 / _LN10
_MOST_ABOVE_USUAL = 4.0
"""Scales above the mean; what lies further is no ordinary day's."""
_TAME_MEAN = 0.2
_TAME_SCALE = 1.6


class Tail(msgspec.Struct, array_like=True):
    """Of one window: the highest of this day, and decayed sums over days of the highest and of its square."""

    today: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    days: float = 0.0

    def copy(self) -> "Tail":
        """One that shares nothing that changes."""
        return Tail(self.today, self.total, self.squares, self.days)

    def note(self, window: int, decades: float) -> None:
        """A moment was this surprising, as the negative binomial has it."""
        if decades > self.today:
            mean, scale = self._fitted(window)
            self.today = max(self.today, min(decades, mean + _MOST_ABOVE_USUAL * scale * _PER_SCALE))

    def pass_day(self, keep: float) -> None:
        """The day is over; what was learned weighs `keep` times as much. A day without a look says nothing of tails."""
        self.total = (self.total + self.today) * keep
        self.squares = (self.squares + self.today * self.today) * keep
        self.days = (self.days + (self.today > 0.0)) * keep
        self.today = 0.0

    def decades(self, window: int, raw: float) -> float:
        """The surprise on this stream's own scale: what a look in a stream with right chances would have to reach."""
        mean, scale = self._fitted(window)
        located = mean - _EULER * scale
        return min(raw, math.log10(LOOKS_PER_DAY[window]) + (raw - located) / (scale * _LN10))

    def tame(self, window: int) -> bool:
        """Daily maxima are what right chances make of them, or hardly more."""
        mean, scale = self._fitted(window)
        usual = math.log10(LOOKS_PER_DAY[window]) + _EULER * _SCALE
        return mean <= usual + _TAME_MEAN and scale <= _TAME_SCALE * _SCALE

    def _fitted(self, window: int) -> tuple[float, float]:
        """Mean and Gumbel scale of the daily maxima."""
        usual = math.log10(LOOKS_PER_DAY[window]) + _EULER * _SCALE
        spread = (_SCALE * _PER_SCALE) ** 2
        days = self.days + _PRIOR_DAYS
        mean = (self.total + _PRIOR_DAYS * usual) / days
        variance = (self.squares + _PRIOR_DAYS * (usual * usual + spread)) / days - mean * mean
        return mean, max(math.sqrt(max(variance, 0.0)) / _PER_SCALE, _SCALE)
