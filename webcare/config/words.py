"""The small words of the file: durations, times of day, intervals, weekdays."""

import re
from datetime import date, datetime, time, timedelta

from services.router.domain.settings import Interval, Weekday

_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_NAMES: dict[str, Weekday] = {
    "mon": 0,
    "tue": 1,
    "wed": 2,
    "thu": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
    "ma": 0,
    "di": 1,
    "wo": 2,
    "do": 3,
    "vr": 4,
    "za": 5,
    "zo": 6,
}
EVERY_DAY = ("every day", "daily", "elke dag", "dagelijks")


def duration(written: object) -> timedelta:
    """``15m``, ``1h30m``, ``2d``, ``45s``; raises ValueError with the remedy."""
    text = str(written).strip().lower()
    found = _DURATION.fullmatch(text)
    if not text or not found or not any(found.groups()):
        raise ValueError(f"{written!r} is not a duration; write 15m, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def time_of_day(written: object) -> time:
    """``09:00``; ``24:00`` is midnight."""
    found = _TIME.fullmatch(str(written).strip())
    if not found or int(found[1]) > 24 or int(found[2]) > 59 or (int(found[1]) == 24 and int(found[2])):
        raise ValueError(f"{written!r} is not a time of day; write it as 09:00")
    return time(int(found[1]) % 24, int(found[2]))


def interval(written: object) -> Interval:
    """``09:00-17:30``; ``22:00-06:00`` goes past midnight."""
    parts = re.split(r"\s*[-–]\s*", str(written).strip())
    if len(parts) != 2:
        raise ValueError(f"{written!r} is not an interval; write it as 09:00-17:30")
    return Interval(start=time_of_day(parts[0]), end=time_of_day(parts[1]))


def weekdays(written: str) -> tuple[Weekday, ...]:
    """``ma-vr``, ``mon``, ``za, zo``, ``elke dag``."""
    text = written.strip().lower()
    if text in EVERY_DAY:
        return (0, 1, 2, 3, 4, 5, 6)
    return tuple(day for part in text.split(",") for day in _range(part.strip(), written))


def _range(part: str, written: str) -> list[Weekday]:
    ends = [_weekday(name.strip()) for name in part.split("-")]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or first is None or last is None:
        raise ValueError(f"{written!r} names no weekdays; write ma-vr, za or elke dag (mon-fri, sat, every day)")
    days: list[Weekday] = [0, 1, 2, 3, 4, 5, 6]
    return days[first : last + 1] if first <= last else days[first:] + days[: last + 1]


def _weekday(name: str) -> Weekday | None:
    found = _NAMES.get(name[:3])
    return found if found is not None else _NAMES.get(name[:2]) if name else None


def day(written: object) -> date:
    """``2026-12-24``."""
    try:
        return date.fromisoformat(str(written).strip())
    except ValueError:
        raise ValueError(f"{written!r} is not a date; write it as 2026-12-24") from None


def local_time(written: object) -> datetime:
    """``2026-12-24 18:00`` on the wall clock; a date alone is its first moment."""
    return _local(written, timedelta(0))


def local_end(written: object) -> datetime:
    """The same; a date alone is its last moment, which is the first of the next day."""
    return _local(written, timedelta(days=1))


def _local(written: object, whole_day: timedelta) -> datetime:
    date_written, _, at = str(written).strip().replace("T", " ", 1).partition(" ")
    try:
        on = date.fromisoformat(date_written)
        if not _FIRST_YEAR <= on.year <= _LAST_YEAR:
            raise ValueError
        midnight = datetime.combine(on, time(0))
        return midnight + (_since_midnight(at) if at else whole_day)
    except ValueError:
        raise ValueError(f"{written!r} is not a local time; write it as 2026-12-24 18:00, or 2026-12-24") from None


def _since_midnight(written: str) -> timedelta:
    at = time_of_day(written)
    late = written.strip().startswith("24")
    return timedelta(hours=24 if late else at.hour, minutes=at.minute)
