"""What came and what was expected in the bins that are over, as sums: a window costs the same however long it is."""

from typing import NamedTuple


class Held(NamedTuple):
    """Of one window: how many came, and how many were to be expected as busy as the stream was where it begins."""

    seen: int
    usual: float


class _Before(NamedTuple):
    """Sums of all bins before one, and the level at it."""

    seen: int
    calendar: float
    level: float


class Past:
    """The bins of the longest window, which holds `most` of them."""

    def __init__(self, most: int) -> None:
        self._room = most + 1
        self._ring: list[_Before | None] = [None] * self._room
        self._first = 0
        self._count, self._calendar = 0, 0.0
        self.number = 0
        """How many bins there were."""

    def add(self, count: int, calendar: float, level: float) -> None:
        """A bin for which calendar times level was expected."""
        self._ring[self.number % self._room] = _Before(self._count, self._calendar, level)
        self._count += count
        self._calendar += calendar
        self.number += 1

    def skip(self) -> None:
        """Windows do not reach back beyond this moment."""
        self._first = self.number

    def last(self, bins: int) -> Held | None:
        """The window of so many bins that ends now; None where it would reach back too far."""
        before = self._ring[(self.number - bins) % self._room]
        if self.number - self._first < bins or before is None:
            return None
        return Held(self._count - before.seen, before.level * (self._calendar - before.calendar))
