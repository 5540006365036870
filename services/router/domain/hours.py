"""Opening hours and the deadlines that run on them.

Hours are what the wall clock shows; durations are elapsed time. An interval belongs to the day it starts on: what
crosses midnight stays open into a holiday, and a holiday's own evening is closed.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from contracts.mentions import Urgency
from services.router.domain.settings import ALWAYS, Hours, Interval, Queue
from services.router.domain.wallclock import at_wall, wall

HORIZON_DAYS = 800
"""Who does not open within this many days never opens."""
DAYS_KEPT = 4096
"""Of each hours' days, how many are kept worked out."""

_DAY = timedelta(days=1)


def is_open(hours: Hours, instant: datetime) -> bool:
    """Whether somebody is on duty; the closing instant itself is closed."""
    if hours is ALWAYS:
        return True
    first = next(_stretches(hours, instant), None)
    return first is not None and first[0] <= instant


def next_open(hours: Hours, instant: datetime) -> datetime | None:
    """`instant` itself if open, else the next opening; None if there is none within the horizon."""
    if hours is ALWAYS:
        return instant
    first = next(_stretches(hours, instant), None)
    return None if first is None else max(first[0], instant)


def add_open_time(hours: Hours, start: datetime, duration: timedelta) -> datetime | None:
    """When `duration` of open time has passed since `start`: at the latest the closing instant that completes it.

    No duration is the next open instant. None if the hours never open long enough within the horizon.
    """
    if hours is ALWAYS:
        return start + duration
    passed, left = start, duration
    for opens, closes in _stretches(hours, start):
        begin = max(opens, passed)
        if left <= closes - begin:
            return begin + left
        left -= max(closes - begin, timedelta(0))
        passed = max(closes, passed)
    return None


def deadline(queue: Queue, urgency: Urgency, created_at: datetime) -> datetime | None:
    """By when somebody must have answered what came in at `created_at`; None where the queue promises nothing."""
    target = queue.targets.get(urgency)
    if target is None:
        return None
    if urgency == "critical" and queue.urgent_ignores_hours:
        return created_at + target.within
    due = add_open_time(queue.hours, created_at, target.within)
    if due is None or target.next_opening is None or is_open(queue.hours, created_at):
        return due
    opens = next_open(queue.hours, created_at)
    return due if opens is None else max(due, _on_day(queue.hours, opens, target.next_opening))


def _on_day(hours: Hours, instant: datetime, local: time) -> datetime:
    return at_wall(hours.timezone, datetime.combine(wall(hours.timezone, instant).date(), local))


def _stretches(hours: Hours, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Open stretches that end after `since`, by start; they may touch or overlap."""
    day = wall(hours.timezone, since).date() - _DAY
    for _ in range(HORIZON_DAYS):
        for opens, closes in _of_day(hours, day):
            if closes > since:
                yield opens, closes
        day += _DAY


def _of_day(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """A day's intervals as instants, by start; without those that the clock skipped."""
    known = hours.worked_out.get(day)
    if known is None:
        if len(hours.worked_out) >= DAYS_KEPT:
            hours.worked_out.clear()
        intervals = sorted(_intervals(hours, day), key=lambda each: each.start)
        instants = [_instants(hours.timezone, day, each) for each in intervals]
        known = hours.worked_out[day] = tuple((opens, closes) for opens, closes in instants if opens < closes)
    return known


def _instants(timezone: str, day: date, interval: Interval) -> tuple[datetime, datetime]:
    last = day if interval.end > interval.start else day + _DAY
    opens = at_wall(timezone, datetime.combine(day, interval.start))
    return opens, at_wall(timezone, datetime.combine(last, interval.end))


def _intervals(hours: Hours, day: date) -> tuple[Interval, ...]:
    if day in hours.exceptions:
        return hours.exceptions[day]
    if hours.holidays and day in _days_off(hours.holidays, day.year):
        return ()
    week = hours.week
    return week.get(day.weekday(), ())  # type: ignore[call-overload, no-any-return]


@lru_cache(maxsize=64)
def _days_off(place: str, year: int) -> frozenset[date]:
    """Public holidays of a country (``NL``) or a part of it (``DE-BY``)."""
    country, _, part = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
