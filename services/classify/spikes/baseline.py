"""What a series is expected to do: calendar, level, noise, and how little we may know of them.

The rate is a gamma-Poisson estimate (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6) per hour of day and
kind of day, shrunk to the hour of day and that to the series' mean, times the level of the last day. How far counts
stray from it is learned per window length by moments (Bliss and Fisher, Biometrics 9, 1953) and forgotten over weeks.
Counts above what could be ordinary are capped before they are learned: a spike does not become what is expected.
"""

import math

import msgspec

MINUTES_PER_HOUR = 60
WINDOWS = (5, 15, 60, 360, 1440)
"""Lengths of the scan windows in minutes, shortest first."""
_LONG = 3

_HOURS = 24
_DAY_KINDS = 3
_HOURS_TO_MONDAY = 72
# Before anything is known a busy brand must not look like a crisis: sixty an hour, worth half an hour of seeing.
_PRIOR_RATE = 60.0
_PRIOR_HOURS = 0.5
_DAY_SHRINK_HOURS = 0.75
_KIND_SHRINK_HOURS = 4.0
_DAILY_MEMORY = 0.97
_HOURLY_MEMORY = 0.96
_LEVEL_PRIOR = 10.0
_LEVEL_RANGE = (0.4, 4.0)
_NOISE_PRIOR = (0.15, 0.12, 0.10, 0.04, 0.02)
_NOISE_PRIOR_WEIGHT = 3.0
_NOISE_SCALE = 0.25
_LEAST_NOISE = 0.01
_COLD_SPREAD = 4.0
_COLD_FADE = 1.2
_CAP_DEVIATIONS = 3.5
_PEAK_PRIOR = 2.5
_PEAK_PRIOR_DAYS = 5.0
_PEAK_USUAL = 2.5
_PEAK_CAP = 5.0


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
    """Weighted sums of relative squared deviations beyond chance, and of the weights, per window length."""
    squares: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS))
    today: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS))
    """The most surprising moment of this day, and the decayed sum of such moments over days, per window length."""
    peaks: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS))
    peak_days: float = 0.0

    def copy(self) -> "Baseline":
        """A copy that shares nothing that changes."""
        return msgspec.structs.replace(
            self,
            seen=self.seen[:],
            hours=self.hours[:],
            excess=self.excess[:],
            squares=self.squares[:],
            today=self.today[:],
            peaks=self.peaks[:],
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
    """Relative variance of what may be expected, beyond Poisson: noise, few counts, and hours of day not yet seen.

    `minute` is the middle of the window.
    """
    hour = minute // MINUTES_PER_HOUR
    seen, hours = _around(baseline, hour % _HOURS)
    if window >= _LONG:
        # A long window averages over the hours it holds.
        seen *= WINDOWS[window] / MINUTES_PER_HOUR / 2
    return noise(baseline, window) + _unknown(hours) + 1.0 / (1.0 + seen)


def noise(baseline: Baseline, window: int) -> float:
    """Learned overdispersion: the variance of a window is mean + noise * mean squared."""
    prior = _NOISE_PRIOR[window] * _NOISE_PRIOR_WEIGHT
    estimate = (baseline.excess[window] + prior) / (baseline.squares[window] + _NOISE_PRIOR_WEIGHT)
    return max(estimate, _LEAST_NOISE)


def _foreseen(baseline: Baseline, hour: int) -> float:
    """How far this hour of day could be foreseen at all: near 0 before it was seen once, near 1 after three days."""
    _, hours = _around(baseline, hour % _HOURS)
    return math.exp(-3.0 * _unknown(hours))


def _unknown(hours: float) -> float:
    return _COLD_SPREAD * math.exp(-_COLD_FADE * hours)


def stretch(baseline: Baseline, window: int) -> float:
    """How many times further than a negative binomial's this series' own worst moments reach; at least 1.

    Bursty streams have tails that no variance describes; their daily maxima tell what is ordinary for them.
    """
    return max(1.0, _usual_peak(baseline, window) / _PEAK_USUAL)


def note_peak(baseline: Baseline, window: int, decades: float) -> None:
    """A moment was this surprising, as the negative binomial has it."""
    limit = _PEAK_CAP * _usual_peak(baseline, window)
    baseline.today[window] = max(baseline.today[window], min(decades, limit))


def _usual_peak(baseline: Baseline, window: int) -> float:
    total = baseline.peaks[window] + _PEAK_PRIOR * _PEAK_PRIOR_DAYS
    return total / (baseline.peak_days + _PEAK_PRIOR_DAYS)


def learn_hours(baseline: Baseline, hour: int, count: float, hours: float = 1.0) -> None:
    """`count` in `hours` from `hour` on, capped by what could be ordinary. Call `begin_hour` before."""
    usual = expected_count(baseline, hour * MINUTES_PER_HOUR, hours * MINUTES_PER_HOUR)
    window = 2 if hours <= 2 else _LONG
    capped = min(count, cap(usual, spread(baseline, hour * MINUTES_PER_HOUR, window)))
    memory = _HOURLY_MEMORY**hours
    calendar = usual / level(baseline)
    baseline.recent_seen = baseline.recent_seen * memory + capped
    baseline.recent_expected = baseline.recent_expected * memory + calendar
    place = _place(hour)
    baseline.seen[place] += capped
    baseline.hours[place] += hours


def learn_noise(baseline: Baseline, window: int, minute: int, count: float, usual: float) -> None:
    """One whole window of this length, with its middle at `minute`, against what was expected of it.

    Windows weigh by how much they tell of noise rather than of chance; those that nobody could foresee hardly at all.
    """
    if usual <= 0.0:
        return
    capped = min(count, cap(usual, spread(baseline, minute, window)))
    told = _NOISE_SCALE * usual
    weight = (told / (1.0 + told)) ** 2 * _foreseen(baseline, minute // MINUTES_PER_HOUR)
    baseline.excess[window] += weight * ((capped - usual) ** 2 - usual) / (usual * usual)
    baseline.squares[window] += weight


def cap(usual: float, relative: float) -> float:
    """The most that is learned of one count."""
    return usual + _CAP_DEVIATIONS * math.sqrt(usual + relative * usual * usual) + 1.0


def begin_hour(baseline: Baseline, hour: int) -> None:
    """Time has come to this hour: forget a little with each day that passed."""
    days = hour // _HOURS - baseline.day
    if days <= 0:
        return
    keep = _DAILY_MEMORY**days
    baseline.day += days
    baseline.peaks = [(was + new) * keep for was, new in zip(baseline.peaks, baseline.today, strict=True)]
    baseline.peak_days = (baseline.peak_days + days) * keep
    baseline.today = [0.0] * len(WINDOWS)
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
