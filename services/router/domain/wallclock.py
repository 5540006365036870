"""Between what a wall clock shows and the instant it shows it: the only place that knows of summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def wall(timezone: str, instant: datetime) -> datetime:
    """What a clock on the wall shows at `instant`, without time zone."""
    return instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def at_wall(timezone: str, local: datetime) -> datetime:
    """The first instant (UTC) at which the wall clock shows `local` or later.

    So a time that is shown twice means its first pass, and one that is skipped the moment of the skip.
    """
    zone = ZoneInfo(timezone)
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _skip(zone, local.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(microsecond=0), instant)


def _skip(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between the two at which the clock was put forward."""
    offset = after.astimezone(zone).utcoffset()
    after = after.replace(microsecond=0)
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
