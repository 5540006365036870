"""What a series is expected to do: calendar, level, noise, and how little we may know of them.

The rate is a gamma-Poisson estimate (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6) per hour of day and
kind of day, shrunk to the hour of day and that to the series' mean, times the level of the last day. How far counts stray
from it is learned per window length by moments (Bliss and Fisher, Biometrics 9, 1953) and forgotten over weeks. Counts
above what could be ordinary are capped before they are learned, so that a spike does not become what is expected.
"""

import math

import msgspec

MINUTES_PER_HOUR = 60
WINDOWS = (5, 15, 60, 360)
"""Lengths of the scan windows in minutes, shortest first."""

_HOURS = 24
_DAY_KINDS = 3
_HOURS_TO_MONDAY = 72
_PRIOR_RATE = 0.3
_PRIOR_HOURS = 1.0
_DAY_SHRINK_HOURS = 0.75
_KIND_SHRINK_HOURS = 4.0
_DAILY_MEMORY = 0.97
_HOURLY_MEMORY = 0.96
_LEVEL_PRIOR = 10.0
_LEVEL_RANGE = (0.4, 4.0)
_NOISE_PRIOR = (0.15, 0.12, 0.10, 0.08)
_NOISE_PRIOR_WEIGHT = 4.0
_COLD_SPREAD = 4.0
_COLD_FADE = 1.0
_CAP_DEVIATIONS = 3.5


class Baseline(msgspec.Struct):
    """What is known of one series. Rates are per hour; `hour` counts hours since 1970-01-01T00:00Z."""

    first_hour: int
    day: int
    seen: list[float] = msgspec.field(default_factory=lambda: [0.0] * (_HOURS * _DAY_KINDS))
    """Decayed counts per kind of day (weekday, Saturday, Sunday) and hour of day, and the hours they took."""
    hours: list[float] = msgspec.field(default_factory=lambda: [0.0] * (_HOURS * _DAY_KINDS))
    recent_seen: float = 0.0
    recent_expected: float = 0.0
    excess: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS))
    """Sums of squared deviations beyond chance, and of squared expectations, per window length."""
    squares: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS))

    def copy(self) -> "Baseline":
        """A copy that shares nothing that changes."""
        return msgspec.structs.replace(
            self, seen=self.seen[:], hours=self.hours[:], excess=self.excess[:], squares=self.squares[:]
        )


def new_baseline(minute: int) -> Baseline:
    """Nothing known, from this minute on."""
    hour = minute // MINUTES_PER_HOUR
    return Baseline(first_hour=hour, day=hour // _HOURS)


def expected_rate(baseline: Baseline, minute: float) -> float:
    """Expected count per hour at this minute, between the middles of two hours."""
    at = minute / MINUTES_PER_HOUR - 0.5
    hour = math.floor(at)
    share = at - hour
    mean = _mean_rate(baseline)
    before, after = _profile(baseline, hour, mean), _profile(baseline, hour + 1, mean)
    return level(baseline) * ((1.0 - share) * before + share * after)


def expected_count(baseline: Baseline, start: int, minutes: float) -> float:
    """Expected count in the window that begins at minute `start`."""
    if minutes <= 2 * MINUTES_PER_HOUR:
        return expected_rate(baseline, start + minutes / 2) * minutes / MINUTES_PER_HOUR
    parts = math.ceil(minutes / MINUTES_PER_HOUR)
    width = minutes / parts
    rates = sum(expected_rate(baseline, start + (part + 0.5) * width) for part in range(parts))
    return rates * width / MINUTES_PER_HOUR


def level(baseline: Baseline) -> float:
    """How the last day compares with the calendar."""
    ratio = (baseline.recent_seen + _LEVEL_PRIOR) / (baseline.recent_expected + _LEVEL_PRIOR)
    return min(max(ratio, _LEVEL_RANGE[0]), _LEVEL_RANGE[1])


def spread(baseline: Baseline, minute: int, window: int) -> float:
    """Relative variance of what may be expected, beyond Poisson: noise, few counts, and hours of day not yet seen."""
    hour = minute // MINUTES_PER_HOUR
    seen, hours = _around(baseline, hour % _HOURS)
    unknown = _COLD_SPREAD * math.exp(-_COLD_FADE * hours)
    return noise(baseline, window) + unknown + 1.0 / (1.0 + seen)


def noise(baseline: Baseline, window: int) -> float:
    """Learned overdispersion: the variance of a window is mean + noise * mean squared."""
    prior = _NOISE_PRIOR[window]
    weight = _NOISE_PRIOR_WEIGHT
    estimate = (baseline.excess[window] + prior * weight) / (baseline.squares[window] + weight)
    return max(estimate, 0.02)


def learn_hours(baseline: Baseline, hour: int, count: float, hours: float = 1.0) -> None:
    """`count` in `hours` from `hour` on, capped by what could be ordinary; forgets with each day that passed."""
    _forget(baseline, hour // _HOURS)
    usual = expected_count(baseline, hour * MINUTES_PER_HOUR, hours * MINUTES_PER_HOUR)
    window = 2 if hours <= 2 else 3
    capped = min(count, cap(usual, spread(baseline, hour * MINUTES_PER_HOUR, window)))
    memory = _HOURLY_MEMORY**hours
    calendar = usual / level(baseline)
    baseline.recent_seen = baseline.recent_seen * memory + capped
    baseline.recent_expected = baseline.recent_expected * memory + calendar
    place = _place(hour)
    baseline.seen[place] += capped
    baseline.hours[place] += hours


def learn_noise(baseline: Baseline, window: int, minute: int, count: float, usual: float) -> None:
    """One whole window of this length, against what was expected of it."""
    capped = min(count, cap(usual, spread(baseline, minute, window)))
    baseline.excess[window] += (capped - usual) ** 2 - usual
    baseline.squares[window] += usual * usual


def cap(usual: float, relative: float) -> float:
    """The most that is learned of one count."""
    return usual + _CAP_DEVIATIONS * math.sqrt(usual + relative * usual * usual) + 1.0


def _forget(baseline: Baseline, day: int) -> None:
    if day <= baseline.day:
        return
    keep = _DAILY_MEMORY ** (day - baseline.day)
    baseline.day = day
    baseline.seen = [value * keep for value in baseline.seen]
    baseline.hours = [value * keep for value in baseline.hours]
    baseline.excess = [value * keep for value in baseline.excess]
    baseline.squares = [value * keep for value in baseline.squares]


def _mean_rate(baseline: Baseline) -> float:
    return (sum(baseline.seen) + _PRIOR_RATE * _PRIOR_HOURS) / (sum(baseline.hours) + _PRIOR_HOURS)


def _profile(baseline: Baseline, hour: int, mean: float) -> float:
    seen, hours = _around(baseline, hour % _HOURS)
    daily = (seen + mean * _DAY_SHRINK_HOURS) / (hours + _DAY_SHRINK_HOURS)
    kind = _day_kind(hour // _HOURS) * _HOURS
    seen, hours = _smooth(baseline.seen, baseline.hours, kind, hour % _HOURS)
    return (seen + daily * _KIND_SHRINK_HOURS) / (hours + _KIND_SHRINK_HOURS)


def _around(baseline: Baseline, hour_of_day: int) -> tuple[float, float]:
    seen = hours = 0.0
    for kind in range(0, _HOURS * _DAY_KINDS, _HOURS):
        more_seen, more_hours = _smooth(baseline.seen, baseline.hours, kind, hour_of_day)
        seen += more_seen
        hours += more_hours
    return seen, hours


def _smooth(seen: list[float], hours: list[float], kind: int, hour: int) -> tuple[float, float]:
    here, before, after = kind + hour, kind + (hour - 1) % _HOURS, kind + (hour + 1) % _HOURS
    return (
        seen[here] + 0.25 * (seen[before] + seen[after]),
        hours[here] + 0.25 * (hours[before] + hours[after]),
    )


def _place(hour: int) -> int:
    return _day_kind(hour // _HOURS) * _HOURS + hour % _HOURS


def _day_kind(day: int) -> int:
    # 1970-01-01 was a Thursday.
    weekday = (day + 3) % 7
    return max(weekday - 4, 0)
