"""What a table's stream usually has: by hour and kind of day, times how busy it is these days, and how sure that is.

Rates are shrunk from hour and kind of day (weekday, Saturday, Sunday) to the hour of day and from that to the mean, as
gamma-Poisson estimates are (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6).
"""

import math

from services.classify.spikes.bins_settings import TableSettings

_MINUTES = 60
_HOURS = 24
_KINDS = 3
_MONDAY = 3
"""1970-01-01 was a Thursday: three days after Monday."""
_FRIDAY = 4
_FIRST_RATE, _FIRST_HOURS = 60.0, 0.5
"""Before anything is known a busy stream must not look like a crisis: sixty an hour, worth half an hour of seeing."""
_MEAN_HOURS = 0.75
_DAY_HOURS = 4.0
"""So many hours the mean is worth beside an hour of day, and the hour of day beside its kind of day."""
_BESIDE = 0.25
"""Weight of the hours beside an hour."""
_LEVEL_COUNT = 10.0
_LEAST_LEVEL, _LARGEST_LEVEL = 0.4, 4.0
_UNSEEN, _UNSEEN_FADES = 1.0, 1.2
"""Relative variance of an hour of day that was never seen, and how fast it falls with each hour of seeing it."""


class Usual:
    """What is usual of one stream. Times are minutes since 1970-01-01T00:00Z and rise; rates are per hour.

    Hours are learned when they are over; the level with every bin.
    """

    def __init__(self, settings: TableSettings) -> None:
        self._settings = settings
        self._counts = [0.0] * (_KINDS * _HOURS)
        self._hours = [0.0] * (_KINDS * _HOURS)
        self._hour: int | None = None
        self.blind = True
        """In its first hour a stream is held against a guess, which tells neither a spike nor how busy it is."""
        self._count_now, self._hours_now = 0.0, 0.0
        self._seen, self._foreseen = 0.0, 0.0
        self._rates: dict[int, float] = {}
        self._known: dict[int, tuple[float, float]] = {}

    @property
    def level(self) -> float:
        """How busy the stream is beside its calendar, within bounds."""
        ratio = (self._seen + _LEVEL_COUNT) / (self._foreseen + _LEVEL_COUNT)
        return min(max(ratio, _LEAST_LEVEL), _LARGEST_LEVEL)

    def come_to(self, minute: float) -> None:
        """The next bin begins at `minute`: if that is another hour, the one before is learned."""
        hour = int(minute // _MINUTES)
        if hour == self._hour:
            return
        if self._hour is not None:
            self._learn_hour(self._hour)
            self._forget(hour // _HOURS - self._hour // _HOURS)
        self._hour = hour
        self._rates.clear()
        self._known.clear()

    def calendar(self, start: float, minutes: float) -> float:
        """The count that hours and kinds of day alone let expect from `start` on; above 0."""
        parts = math.ceil(minutes / (2 * _MINUTES))
        width = minutes / parts
        return sum(self._rate_at(start + (part + 0.5) * width) for part in range(parts)) * width / _MINUTES

    def unknown(self, minute: float, minutes: float) -> tuple[float, float]:
        """Relative variance at that hour of day, in a window of `minutes`: of hours not yet seen, and of few counts."""
        count, hours = self._around(int(minute // _MINUTES) % _HOURS)
        # A long window averages over the hours it holds.
        held = max(1.0, minutes / (2 * _MINUTES))
        return _UNSEEN * math.exp(-_UNSEEN_FADES * hours), 1.0 / (1.0 + count * held)

    def learn(self, count: float, calendar: float, minutes: float) -> None:
        """A bin of the hour that was come to, its count already capped by what could be ordinary."""
        hours = minutes / _MINUTES
        keep = math.exp(-hours / _HOURS / self._settings.level_days)
        if not self.blind:
            self._seen = self._seen * keep + count
            self._foreseen = self._foreseen * keep + calendar
        self._count_now += count
        self._hours_now += hours

    def _learn_hour(self, hour: int) -> None:
        place = _place(hour)
        self._counts[place] += self._count_now
        self._hours[place] += self._hours_now
        self._count_now, self._hours_now = 0.0, 0.0
        self.blind = False

    def _forget(self, days: int) -> None:
        if days:
            keep = math.exp(-days / self._settings.memory_days)
            self._counts = [count * keep for count in self._counts]
            self._hours = [hours * keep for hours in self._hours]

    def _rate_at(self, minute: float) -> float:
        at = minute / _MINUTES - 0.5
        hour = math.floor(at)
        share = at - hour
        return (1.0 - share) * self._rate(hour) + share * self._rate(hour + 1)

    def _rate(self, hour: int) -> float:
        if hour not in self._rates:
            self._rates[hour] = self._shrunk(hour)
        return self._rates[hour]

    def _shrunk(self, hour: int) -> float:
        mean = (sum(self._counts) + _FIRST_RATE * _FIRST_HOURS) / (sum(self._hours) + _FIRST_HOURS)
        count, hours = self._around(hour % _HOURS)
        daily = (count + mean * _MEAN_HOURS) / (hours + _MEAN_HOURS)
        kind = _place(hour) // _HOURS * _HOURS
        count, hours = self._beside(kind, hour % _HOURS)
        return (count + daily * _DAY_HOURS) / (hours + _DAY_HOURS)

    def _around(self, hour_of_day: int) -> tuple[float, float]:
        if hour_of_day not in self._known:
            kinds = [self._beside(kind, hour_of_day) for kind in range(0, _KINDS * _HOURS, _HOURS)]
            self._known[hour_of_day] = (sum(count for count, _ in kinds), sum(hours for _, hours in kinds))
        return self._known[hour_of_day]

    def _beside(self, kind: int, hour_of_day: int) -> tuple[float, float]:
        before, after = kind + (hour_of_day - 1) % _HOURS, kind + (hour_of_day + 1) % _HOURS
        place = kind + hour_of_day
        return (
            self._counts[place] + _BESIDE * (self._counts[before] + self._counts[after]),
            self._hours[place] + _BESIDE * (self._hours[before] + self._hours[after]),
        )


def _place(hour: int) -> int:
    weekday = (hour // _HOURS + _MONDAY) % 7
    return max(weekday - _FRIDAY, 0) * _HOURS + hour % _HOURS
