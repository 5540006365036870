"""Simulated mentions as columns, one place per mention: what a count of them needs and nothing more."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("facebook", "forum", "instagram", "linkedin", "reddit", "x")
_WEIGHTS = (0.22, 0.08, 0.2, 0.05, 0.1, 0.35)

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Arrivals(NamedTuple):
    """Mentions in order of time; `second` counts from 1970-01-01T00:00Z, `channel` is a place in CHANNELS.

    `person` and `story` are 32-bit hashes: mentions of one story say the same.
    """

    second: Ints
    person: Ints
    story: Ints
    negative: Flags
    urgent: Flags
    channel: Ints

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.second)

    def between(self, start: int, end: int) -> "Arrivals":
        """Those from second `start` up to but not including `end`."""
        first, last = np.searchsorted(self.second, (start, end))
        return Arrivals._make(column[first:last] for column in self)


def together(*parts: Arrivals) -> Arrivals:
    """All of them in order of time; of one second in the order given."""
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Arrivals._make(column[order] for column in columns)


def hashes(rng: np.random.Generator, count: int) -> Ints:
    """So many people, or stories, that were never seen before."""
    return rng.integers(1, 2**32, count, dtype=np.int64)


def channels(rng: np.random.Generator, count: int) -> Ints:
    """So many channels, as often as each is used."""
    return rng.choice(len(CHANNELS), count, p=_WEIGHTS).astype(np.int64)


def spread_over(rng: np.random.Generator, start: int, per_minute: Floats) -> Ints:
    """Seconds of a Poisson process that has this rate in the minutes from second `start` on; in order."""
    counts = rng.poisson(per_minute)
    minutes = np.repeat(np.arange(len(per_minute)), counts)
    return np.sort(start + minutes * 60 + rng.integers(0, 60, len(minutes)))
