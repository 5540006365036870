"""Quiet days: how many mentions a brand has when nothing is the matter, and why they come in heaps.

Three things make counts stray further than chance: a rate that wanders within the hour and from day to day, people who
send several messages, and people who answer one another. The rate is gamma distributed, as in a gamma-Poisson mixture:
the mean of squared Ornstein-Uhlenbeck paths, which is gamma with a correlation that fades with time (the square of
theirs). Answers per post follow a power law with an end, so that threads are mostly short and now and then long.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from webcare.simulating.arrivals import Arrivals, Floats, Ints, channels, hashes, spread_over, together

MINUTES_PER_DAY = 1440
_MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
_QUIETEST = 0.12
_HUMPS = ((16.5, 3.6, 1.0), (21.3, 1.7, 0.9), (10.5, 2.8, 0.5))
"""Middle and width in hours, and height: the working day with its top in the afternoon, and the evening."""
_WEEKEND = 0.7
_GRID_MIN = 10
_HOURLY_MEMORY_MIN = 60.0
_DAILY_MEMORY_MIN = 1440.0
_AGAIN_MIN = 4.0
_ANSWER_MIN = 12.0
_REPOST_SHARE = 0.3
_REGULARS = 150
_REGULAR_SHARE = 0.2
_MOOD = (1.0, 3.0)
"""Of a thread: the share that is negative is Beta distributed, one in four on average."""
_URGENT_SHARE = 0.04


@dataclass(frozen=True)
class Dispersion:
    """How far counts stray from the daily and weekly cycle.

    `hourly` and `daily` are relative variances of the rate that fade within about an hour and a day; `again` is the
    share of posts whose writer goes on (twice on average), `threads` the share that others answer, by a power law of
    `steepness` up to `longest` answers.
    """

    name: str
    hourly: float
    daily: float
    again: float
    threads: float
    steepness: float
    longest: int

    @cached_property
    def answers(self) -> Floats:
        """Chance of 1, 2, ... answers to a post that is answered."""
        weights = np.arange(1, self.longest + 1) ** -self.steepness
        return np.asarray(weights / weights.sum())

    @property
    def mentions_per_post(self) -> float:
        """A post with all that comes of it, on average."""
        answers = float(self.answers @ np.arange(1, self.longest + 1))
        return 1.0 + 2.0 * self.again + self.threads * answers


DISPERSIONS = {
    each.name: each
    for each in (
        Dispersion("calm", hourly=0.04, daily=0.02, again=0.05, threads=0.08, steepness=4.0, longest=8),
        Dispersion("usual", hourly=0.12, daily=0.06, again=0.10, threads=0.15, steepness=3.0, longest=20),
        Dispersion("wild", hourly=0.40, daily=0.15, again=0.15, threads=0.25, steepness=2.3, longest=100),
    )
}


class Background(NamedTuple):
    """Expected mentions per minute from minute `start` on: by the cycle alone, and as this stream has it."""

    start: int
    cycle: Floats
    per_minute: Floats
    dispersion: Dispersion


class Dispersed(NamedTuple):
    """Variance over mean of what was counted around the cycle; 1 is chance alone."""

    per_hour: float
    per_day: float


def background(
    rng: np.random.Generator, start: int, days: int, per_day: float, zone: ZoneInfo, dispersion: Dispersion
) -> Background:
    """So many days from minute `start` on, with `per_day` mentions a day on average over the week."""
    minutes = days * MINUTES_PER_DAY
    cycle = _cycle(start, minutes, zone) * per_day / MINUTES_PER_DAY
    level = _wander(rng, minutes, dispersion.hourly, _HOURLY_MEMORY_MIN)
    level *= _wander(rng, minutes, dispersion.daily, _DAILY_MEMORY_MIN)
    return Background(start, cycle, cycle * level, dispersion)


def mentions(rng: np.random.Generator, of: Background, first: int = 0, last: int | None = None) -> Arrivals:
    """What is written in the minutes `first` to `last` of the background, answers a little later included."""
    per_minute = of.per_minute[first:last] / of.dispersion.mentions_per_post
    posts = _posts(rng, spread_over(rng, (of.start + first) * 60, per_minute))
    mood = rng.beta(*_MOOD, posts.size)
    posts = posts._replace(negative=rng.random(posts.size) < mood)
    again = _again(rng, posts, mood, of.dispersion)
    return together(posts, again, _answers(rng, posts, mood, of.dispersion))


def measured(seconds: Ints, of: Background) -> Dispersed:
    """How far these mentions stray from the cycle of the background."""
    counted = np.bincount(seconds // 60 - of.start, minlength=len(of.cycle))[: len(of.cycle)].astype(np.float64)
    return Dispersed(_beyond(counted, of.cycle, 60), _beyond(counted, of.cycle, MINUTES_PER_DAY))


def local_midnight(day: int, zone: ZoneInfo) -> int:
    """The minute at which the day begins there; `day` counts from Monday 2025-01-06."""
    first = datetime(2025, 1, 6, tzinfo=UTC).timestamp() + day * 86400
    date = datetime.fromtimestamp(first, UTC).date()
    return int(datetime(date.year, date.month, date.day, tzinfo=zone).timestamp() // 60)


def _beyond(counted: Floats, cycle: Floats, minutes: int) -> float:
    seen, usual = counted.reshape(-1, minutes).sum(axis=1), cycle.reshape(-1, minutes).sum(axis=1)
    return float(((seen - usual) ** 2).sum() / usual.sum())


def _cycle(start: int, minutes: int, zone: ZoneInfo) -> Floats:
    """Relative rate per minute, 1 on average over a week."""
    week = _week()
    hours = range(start - start % 60, start + minutes, 60)
    offsets = [int(datetime.fromtimestamp(hour * 60, zone).utcoffset().total_seconds()) // 60 for hour in hours]  # type: ignore[union-attr]
    place = np.arange(start, start + minutes)
    local = place + np.asarray(offsets)[(place - hours.start) // 60]
    # 1970-01-01 was a Thursday.
    return np.asarray(week[(local + 3 * MINUTES_PER_DAY) % _MINUTES_PER_WEEK])


def _week() -> Floats:
    hour = np.arange(MINUTES_PER_DAY) / 60.0
    day = np.full(MINUTES_PER_DAY, _QUIETEST)
    for middle, width, height in _HUMPS:
        away = np.minimum(np.abs(hour - middle), 24.0 - np.abs(hour - middle))
        day += height * np.exp(-((away / width) ** 2))
    week = np.concatenate([day] * 5 + [_WEEKEND * day] * 2)
    return np.asarray(week / week.mean())


def _wander(rng: np.random.Generator, minutes: int, variance: float, memory_min: float) -> Floats:
    """A gamma distributed level with mean 1 and about this variance, between points of a grid."""
    paths = max(round(2.0 / variance), 1)
    keep = math.exp(-_GRID_MIN / (2.0 * memory_min))
    points = minutes // _GRID_MIN + 2
    steps = rng.standard_normal((points, paths)) * math.sqrt(1.0 - keep * keep)
    at = rng.standard_normal(paths)
    level = np.empty(points)
    for place in range(points):
        at = keep * at + steps[place]
        level[place] = at @ at / paths
    return np.interp(np.arange(minutes), np.arange(points) * _GRID_MIN, level)


def _posts(rng: np.random.Generator, seconds: Ints) -> Arrivals:
    count = len(seconds)
    regulars = hashes(rng, _REGULARS)[rng.integers(0, _REGULARS, count)]
    person = np.where(rng.random(count) < _REGULAR_SHARE, regulars, hashes(rng, count))
    urgent = rng.random(count) < _URGENT_SHARE
    return Arrivals(seconds, person, hashes(rng, count), np.zeros(count, bool), urgent, channels(rng, count))


def _again(rng: np.random.Generator, posts: Arrivals, mood: Floats, dispersion: Dispersion) -> Arrivals:
    """The same person goes on about it, in other words."""
    goes_on = rng.random(posts.size) < dispersion.again
    more = np.where(goes_on, rng.geometric(0.5, posts.size), 0)
    of = np.repeat(np.arange(posts.size), more)
    return _after(rng, posts, mood, of, posts.person[of], hashes(rng, len(of)), _AGAIN_MIN)


def _answers(rng: np.random.Generator, posts: Arrivals, mood: Floats, dispersion: Dispersion) -> Arrivals:
    """Others answer in words of their own, or repeat it."""
    answered = rng.random(posts.size) < dispersion.threads
    lengths = rng.choice(dispersion.longest, posts.size, p=dispersion.answers) + 1
    of = np.repeat(np.arange(posts.size), np.where(answered, lengths, 0))
    story = np.where(rng.random(len(of)) < _REPOST_SHARE, posts.story[of], hashes(rng, len(of)))
    return _after(rng, posts, mood, of, hashes(rng, len(of)), story, _ANSWER_MIN)


def _after(
    rng: np.random.Generator, posts: Arrivals, mood: Floats, of: Ints, person: Ints, story: Ints, minutes: float
) -> Arrivals:
    """What follows the posts `of` within minutes, on the same channel and in the same mood."""
    seconds = posts.second[of] + rng.exponential(minutes * 60.0, len(of)).astype(np.int64)
    negative = rng.random(len(of)) < mood[of]
    urgent = rng.random(len(of)) < _URGENT_SHARE
    return Arrivals(seconds, person, story, negative, urgent, posts.channel[of])
