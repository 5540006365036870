"""What happens on top of quiet days: a crisis, a heap of reposts by few, a flood by one."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from webcare.simulating.arrivals import Arrivals, Floats, channels, hashes, spread_over
from webcare.simulating.streams import MINUTES_PER_DAY

Growth = Literal["step", "ramp", "doubling"]
GROWTHS: tuple[Growth, ...] = ("step", "ramp", "doubling")
_BEGINS_PER_MINUTE = 1.0 / 60.0
_DOUBLES_MIN = 15.0
_RAMP_MIN = 60.0
_SAME_PERSON = 0.1


@dataclass(frozen=True)
class Crisis:
    """How a crisis comes: `per_day` mentions a day more than usual once it is there, for `minutes` in all.

    A ramp takes an hour to get there; a doubling begins with one mention an hour and doubles each quarter. `one_story`
    is the share that repeats the same words, `negative` and `urgent` shares of all.
    """

    growth: Growth
    per_day: float
    minutes: int = 120
    one_story: float = 0.5
    negative: float = 0.6
    urgent: float = 0.15


class Heap(NamedTuple):
    """Many mentions by few people in little time: one story told again and again, or one person who goes on."""

    mentions: int
    people: int
    minutes: int
    one_story: bool


REPOSTS = Heap(mentions=60, people=4, minutes=20, one_story=True)
FLOOD = Heap(mentions=120, people=1, minutes=30, one_story=False)


def crisis(rng: np.random.Generator, onset: int, of: Crisis) -> Arrivals:
    """The crisis alone, from second `onset` on."""
    seconds = spread_over(rng, onset, rate(of))
    count = len(seconds)
    person = hashes(rng, count)
    # Somebody writes again: an earlier place is drawn for one in ten.
    earlier = (rng.random(count) * np.arange(count)).astype(np.int64)
    person = np.where(rng.random(count) < _SAME_PERSON, person[earlier], person)
    story = np.where(rng.random(count) < of.one_story, hashes(rng, 1), hashes(rng, count))
    negative, urgent = rng.random(count) < of.negative, rng.random(count) < of.urgent
    return Arrivals(seconds, person, story, negative, urgent, channels(rng, count))


def rate(of: Crisis) -> Floats:
    """Mentions per minute that the crisis adds, from its onset on."""
    full = of.per_day / MINUTES_PER_DAY
    minute = np.arange(of.minutes) + 0.5
    if of.growth == "ramp":
        return np.asarray(full * np.minimum(minute / _RAMP_MIN, 1.0))
    if of.growth == "doubling":
        return np.asarray(np.minimum(_BEGINS_PER_MINUTE * 2.0 ** (minute / _DOUBLES_MIN), full))
    return np.full(of.minutes, full)


def heap(rng: np.random.Generator, onset: int, of: Heap) -> Arrivals:
    """The heap alone, from second `onset` on; in an ordinary mood."""
    seconds = np.sort(onset + rng.integers(0, of.minutes * 60, of.mentions))
    person = hashes(rng, of.people)[rng.integers(0, of.people, of.mentions)]
    story = np.repeat(hashes(rng, 1), of.mentions) if of.one_story else hashes(rng, of.mentions)
    negative, urgent = rng.random(of.mentions) < 0.4, rng.random(of.mentions) < 0.04
    return Arrivals(seconds, person, story, negative, urgent, np.repeat(channels(rng, 1), of.mentions))
