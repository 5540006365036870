"""Which hour of the week an hour is, where the brand's people live; a public holiday counts as a Sunday."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

HOURS_PER_WEEK = 168
_HOURS_PER_DAY = 24
_SUNDAY = 6
_MOST_HOURS = 20_000
_FIRST, _LAST = -500_000, 8_000_000
"""Hours since 1970 that `datetime` can tell, with room for any time zone."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone and the public holidays of a country (`NL`, `BE` ...); without one there are none."""

    zone: str = "Europe/Amsterdam"
    country: str | None = "NL"

    def place(self, hour: int) -> int:
        """The hour of the week, 0 (Monday 00:00 on the local clock) to 167, of an hour since 1970-01-01T00:00Z."""
        return _place(self.zone, self.country, hour)


@lru_cache(maxsize=_MOST_HOURS)
def _place(zone: str, country: str | None, hour: int) -> int:
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=min(max(hour, _FIRST), _LAST))
    local = utc.astimezone(ZoneInfo(zone))
    day = _SUNDAY if _is_holiday(country, local.date()) else local.weekday()
    return day * _HOURS_PER_DAY + local.hour


def _is_holiday(country: str | None, day: date) -> bool:
    return country is not None and day in _holidays(country, day.year)


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))
