"""When things happen: the profile of a quiet day, and the arc of a crisis from a murmur to a storm."""

import math
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

HISTORY_SOURCE = "rehearsal-history"
"""The source of what only teaches the system what is usual: a rule filters it, so that no old items are left."""

QUIET_DAY_MESSAGES = 20
HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 11, 12, 12, 12, 11, 12, 14, 20, 14, 11, 13, 16, 22, 12, 6)
"""How much is written per hour of the day in Amsterdam: most from 16 to 17 and from 21 to 22."""

MURMUR = timedelta(hours=3)
RISE = timedelta(minutes=20)
PLATEAU = timedelta(hours=4, minutes=20)
STORM = RISE + PLATEAU
STORY = MURMUR + STORM

RATE_AT_START = 15.0
RATE_AT_TOP = 2000 / 24
"""Messages an hour when the storm breaks loose, and when it is at its full strength of 2,000 a day."""


def quiet_day(rng: random.Random, start: datetime, messages: int) -> list[datetime]:
    """Moments in the 24 hours from `start`, in order, spread as a quiet day is."""
    hours = [start + timedelta(hours=hour) for hour in range(24)]
    weights = [HOUR_WEIGHTS[hour.astimezone(AMSTERDAM).hour] for hour in hours]
    chosen = rng.choices(hours, weights, k=messages)
    return sorted(hour + timedelta(seconds=rng.uniform(0, 3600)) for hour in chosen)


def murmur(rng: random.Random, start: datetime, messages: int) -> list[datetime]:
    """Moments in the hours before the storm, in order; the first is `start` itself."""
    later = (start + MURMUR * rng.uniform(0.05, 0.97) for _ in range(messages - 1))
    return [start, *sorted(later)]


def storm_rate(since: timedelta) -> float:
    """Messages an hour, so long after the storm broke loose."""
    growth = math.log(RATE_AT_TOP / RATE_AT_START) / RISE.total_seconds()
    return min(RATE_AT_TOP, RATE_AT_START * math.exp(growth * since.total_seconds()))


def storm(rng: random.Random, end: datetime) -> list[datetime]:
    """Moments of the storm, in order: the first where it breaks loose, the last at `end`."""
    start, minute = end - STORM, timedelta(minutes=1)
    due, inside = 0.0, []
    for number in range(STORM // minute):
        begin = minute * number
        due += storm_rate(begin) / 60 * rng.uniform(0.3, 1.7)
        while due >= 1:
            due -= 1
            inside.append(start + begin + minute * rng.uniform(0.02, 0.98))
    return [start, *sorted(inside), end]
