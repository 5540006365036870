"""What a series is expected to do: calendar, level, noise, and how little we may know of them.

The rate is a gamma-Poisson estimate (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6) per hour of the week,
shrunk to that hour on its kind of day, this to the hour of day and that to the series' mean; times the levels of the
last day and of the last hours. How far counts stray from it is learned per window length (`dispersion.py`). Counts
above what could be ordinary are capped before they are learned: a spike does not become what is expected.
"""

import math

import msgspec

from services.classify.spikes.calendar import HOURS_PER_WEEK, Calendar
from services.classify.spikes.dispersion import PRIORS, Dispersion
from services.classify.spikes.tails import Tail

MINUTES_PER_HOUR = 60
WINDOWS = (5, 15, 60, 360, 1440)
"""Lengths of the scan windows in minutes, shortest first."""
STORY = len(WINDOWS)
"""The place of the story told most, beside the windows, among what has daily maxima."""
_LONG = 3

_HOURS = 24
_WEEK, _WEEKDAYS, _SATURDAY, _SUNDAY = range(7), range(5), range(5, 6), range(6, 7)
# Before anything is known a busy brand must not look like a crisis: sixty an hour, worth half an hour of seeing.
_PRIOR_RATE = 60.0
_PRIOR_HOURS = 0.5
_DAY_SHRINK_HOURS = 0.75
_KIND_SHRINK_HOURS = 4.0
_WEEK_SHRINK_HOURS = 8.0
_DAILY_MEMORY = 0.975
_HOURLY_MEMORY = 0.96
_LEVEL_PRIOR = 10.0
_LEVEL_RANGE = (0.4, 4.0)
_NEAR_MEMORY = math.exp(-0.5)
"""Two hours."""
_NEAR_PRIOR = 12.0
_NEAR_RANGE = (0.5, 2.5)
_COLD_SPREAD = 1.5
_COLD_NEAR_RANGE = 40.0
"""What nobody could foresee is told by the last hours alone: their level may then lie so far from the calendar."""
_COLD_FADE = 1.2
_CAP_DEVIATIONS = 3.5
# Noise is told by its heaps: cut off like counts, a handful of answers to one post would not be known to be usual.
_NOISE_CAP_DEVIATIONS = 5.0
_NOISE_CAP = 4.0


class Hours(msgspec.Struct, frozen=True, array_like=True):
    """Rates of an hour and its neighbours, by calendar alone, and what was seen of that hour of day."""

    hour: int
    before: float
    here: float
    after: float
    seen: float = 0.0
    known: float = 0.0
    """Hours that this hour of day was watched."""


class Baseline(msgspec.Struct):
    """What is known of one series. Rates are per hour; `hour` counts hours since 1970-01-01T00:00Z."""

    first_hour: int
    day: int
    rates: Hours
    seen: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS_PER_WEEK)
    """Decayed counts per hour of the week, and the hours they took."""
    hours: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS_PER_WEEK)
    recent_seen: float = 0.0
    recent_expected: float = 0.0
    near_seen: float = 0.0
    near_expected: float = 0.0
    noise: list[Dispersion] = msgspec.field(default_factory=lambda: [Dispersion() for _ in WINDOWS])
    tails: list[Tail] = msgspec.field(default_factory=lambda: [Tail() for _ in range(STORY + 1)])
    """How far ordinary days reach, per window length and for stories."""

    def copy(self) -> "Baseline":
        """A copy that shares nothing that changes."""
        return msgspec.structs.replace(
            self,
            seen=self.seen[:],
            hours=self.hours[:],
            noise=[each.copy() for each in self.noise],
            tails=[each.copy() for each in self.tails],
        )


def new_baseline(minute: int) -> Baseline:
    """Nothing known, from this minute on."""
    hour = minute // MINUTES_PER_HOUR
    rates = Hours(hour, _PRIOR_RATE, _PRIOR_RATE, _PRIOR_RATE)
    return Baseline(first_hour=hour, day=hour // _HOURS, rates=rates)


def expected_rate(baseline: Baseline, minute: float) -> float:
    """Expected count per hour at this minute, between the middles of two hours, by calendar and the last day's level.

    The minute lies within the hour that was begun last, or half an hour around it; campaigns are left to the caller.
    """
    rates = baseline.rates
    at = minute / MINUTES_PER_HOUR - 0.5 - rates.hour
    share = min(max(at, -1.0), 1.0)
    edge = rates.after if share > 0.0 else rates.before
    share = abs(share)
    return day_level(baseline) * ((1.0 - share) * rates.here + share * edge)


def calendar_rate(baseline: Baseline, hour: int, calendar: Calendar) -> float:
    """Expected count in any hour, by calendar and the level of the last day."""
    return day_level(baseline) * _profile(baseline, calendar.place(hour))


def day_level(baseline: Baseline) -> float:
    """How the last day compares with the calendar."""
    ratio = (baseline.recent_seen + _LEVEL_PRIOR) / (baseline.recent_expected + _LEVEL_PRIOR)
    return min(max(ratio, _LEVEL_RANGE[0]), _LEVEL_RANGE[1])


def near_level(baseline: Baseline, seen: float = 0.0, usual: float = 0.0) -> float:
    """How the last hours compare with what was expected of them: a busy hour follows a busy hour.

    `seen` came, and `usual` was expected, since the last hour that is over; what could not be ordinary is cut off.
    """
    capped = min(seen, cap(usual, spread(baseline, 2, usual))) if usual > 0.0 else 0.0
    ratio = (baseline.near_seen + capped + _NEAR_PRIOR) / (baseline.near_expected + usual + _NEAR_PRIOR)
    # As far as the calendar is unknown.
    wider: float = _COLD_NEAR_RANGE ** (_unknown(baseline.rates.known) / _COLD_SPREAD)
    return min(max(ratio, _NEAR_RANGE[0] / wider), _NEAR_RANGE[1] * wider)


def spread(baseline: Baseline, window: int, usual: float) -> float:
    """Relative variance of what may be expected, beyond Poisson: noise, few counts, and hours of day not yet seen."""
    # A long window averages over the hours it holds.
    held = WINDOWS[window] / MINUTES_PER_HOUR / 2 if window >= _LONG else 1.0
    noise = baseline.noise[window].relative(usual, PRIORS[window])
    return noise + _unknown(baseline.rates.known) + 1.0 / (1.0 + baseline.rates.seen * held)


def _unknown(hours: float) -> float:
    return _COLD_SPREAD * math.exp(-_COLD_FADE * hours)


def learn_hours(baseline: Baseline, place: int, count: float, factor: float = 1.0, *, spike: bool = False) -> None:
    """`count` in the hour that was begun last, which is `place` of the week, capped by what could be ordinary.

    `factor` is what a campaign multiplies the expectation by: it is taken out of what is learned. In a spike the last
    hours say nothing of what is usual.
    """
    usual = baseline.rates.here * day_level(baseline) * near_level(baseline) * factor
    capped = min(count, cap(usual, spread(baseline, 2, usual))) / factor
    baseline.recent_seen = baseline.recent_seen * _HOURLY_MEMORY + capped
    baseline.recent_expected = baseline.recent_expected * _HOURLY_MEMORY + baseline.rates.here
    known = baseline.rates.here * day_level(baseline)
    baseline.near_seen = baseline.near_seen * _NEAR_MEMORY + (0.0 if spike else capped)
    baseline.near_expected = baseline.near_expected * _NEAR_MEMORY + (0.0 if spike else known)
    baseline.seen[place] += capped
    baseline.hours[place] += 1.0


def learn_late(baseline: Baseline, place: int, count: float) -> None:
    """A count of an hour that was learned before, found out later."""
    baseline.seen[place] += count


def learn_noise(baseline: Baseline, window: int, count: float, usual: float) -> None:
    """One whole window of this length against what was expected of it.

    Hours of day that nobody could foresee tell hardly anything.
    """
    relative = spread(baseline, window, usual)
    capped = min(count, usual + _NOISE_CAP_DEVIATIONS * math.sqrt(usual + relative * usual * usual) + _NOISE_CAP)
    baseline.noise[window].learn(usual, capped, math.exp(-3.0 * _unknown(baseline.rates.known)))


def cap(usual: float, relative: float) -> float:
    """The most that is learned of one count."""
    return usual + _CAP_DEVIATIONS * math.sqrt(usual + relative * usual * usual) + 1.0


def begin_hour(baseline: Baseline, hour: int, calendar: Calendar) -> None:
    """Time has come to this hour: forget a little with each day that passed, and look up what is expected now."""
    days = hour // _HOURS - baseline.day
    if days > 0:
        _forget(baseline, days)
    places = [calendar.place(each) for each in (hour - 1, hour, hour + 1)]
    before, here, after = (_profile(baseline, place) for place in places)
    seen, known = _over(baseline, _WEEK, places[1] % _HOURS)
    baseline.rates = Hours(hour, before, here, after, seen, known)


def _forget(baseline: Baseline, days: int) -> None:
    keep = _DAILY_MEMORY**days
    baseline.day += days
    for tail in baseline.tails:
        tail.pass_day(keep)
    baseline.seen = [value * keep for value in baseline.seen]
    baseline.hours = [value * keep for value in baseline.hours]
    for each in baseline.noise:
        each.forget(keep)


def _profile(baseline: Baseline, place: int) -> float:
    day, hour = divmod(place, _HOURS)
    mean = (sum(baseline.seen) + _PRIOR_RATE * _PRIOR_HOURS) / (sum(baseline.hours) + _PRIOR_HOURS)
    seen, hours = _over(baseline, _WEEK, hour)
    daily = (seen + mean * _DAY_SHRINK_HOURS) / (hours + _DAY_SHRINK_HOURS)
    kind = _WEEKDAYS if day < _SATURDAY.start else _SATURDAY if day in _SATURDAY else _SUNDAY
    seen, hours = _over(baseline, kind, hour)
    kindly = (seen + daily * _KIND_SHRINK_HOURS) / (hours + _KIND_SHRINK_HOURS)
    seen, hours = _over(baseline, range(day, day + 1), hour)
    return (seen + kindly * _WEEK_SHRINK_HOURS) / (hours + _WEEK_SHRINK_HOURS)


def _over(baseline: Baseline, days: range, hour: int) -> tuple[float, float]:
    """Sums over these days of an hour of day and, by a quarter, its neighbours."""
    seen, hours = baseline.seen, baseline.hours
    before, after = (hour - 1) % _HOURS, (hour + 1) % _HOURS
    first, last = days.start * _HOURS, days.stop * _HOURS
    return tuple(  # type: ignore[return-value]
        sum(each[first + hour : last : _HOURS])
        + 0.25 * (sum(each[first + before : last : _HOURS]) + sum(each[first + after : last : _HOURS]))
        for each in (seen, hours)
    )
