"""How sure the spike step must be before it speaks, from one budget of false pages for the whole installation."""

import math
from dataclasses import dataclass, field

from services.classify.spikes.calendar import Calendar
from services.classify.spikes.life import Rules
from services.classify.spikes.tails import LOOKS_PER_DAY

_DAYS_PER_MONTH = 30.0
_MARGIN = 2.5
"""Models are a little wrong: pages that they expect to be this many times too rare."""
_SHARES = (0.20, 0.30, 0.20, 0.08, 0.04, 0.18)
"""What each window, and stories, may spend of the budget. A day that is busier throughout wakes nobody."""
_PARTS_PER_BRAND = 16.0
"""A channel, source or kind may waste so many times less than its brand as a whole."""


@dataclass(frozen=True)
class SpikeSettings:
    """One set for every series, from 20 to 20,000 a day. Surprises are decades: -log10 of a chance."""

    false_pages_per_month: float = 1.0
    """The whole installation's budget."""
    brands: int = 1
    """How many brands share it."""
    sources: tuple[str, ...] = ()
    """Sources that are watched apart."""
    calendar: Calendar = field(default_factory=Calendar)
    calm_surprise: float = 2.0
    """Below this the last quarter is within expectation."""
    content_surprise: float = 1.5
    """What negative and urgent shares and one growing story may add together at most."""
    least_people: int = 5
    least_silence_min: int = 60
    silence_after_days: int = 14
    """A stream that was watched for less is not missed when it stops."""
    rules: Rules = field(default_factory=lambda: Rules(remind_after_min=60))
    future_min: int = 5
    """A mention dated further ahead of the clock counts as of now."""
    history_min: int = 360
    """Mentions older than this only teach what is expected: an import of last month wakes nobody."""

    def open_surprise(self, window: int, *, part: bool, caution: float = 1.0) -> float:
        """Where a spike opens in this window, so that all windows of all series together keep to the budget.

        Bonferroni over brands, windows and looks. `part`: the series is a part of a brand. `caution`: how many times
        as rare as elsewhere a false page must be.
        """
        looks = LOOKS_PER_DAY[window] * _DAYS_PER_MONTH / _SHARES[window] * self.brands * _MARGIN
        return math.log10(looks * (_PARTS_PER_BRAND if part else 1.0) * caution / self.false_pages_per_month)

    def silence_surprise(self, *, part: bool) -> float:
        """Where nothing at all is told: there is a look at every moment."""
        return self.open_surprise(0, part=part)
