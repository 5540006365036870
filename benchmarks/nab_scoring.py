"""Scores as the Numenta Anomaly Benchmark counts them (Lavin and Ahmad, ICMLA 2015, arXiv 1510.03336).

Only the first detection in a labelled window counts, and more the earlier it is; each flagged row outside all windows
costs, less so just behind a window. A file's first part is not scored. 0 is a detector that says nothing, 100 one that
flags exactly the first row of each window.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_PROBATION_SHARE = 0.15
_PROBATION_ROWS = 5000
_FAR = 3.0
_STEEPNESS = 5.0


class Profile(NamedTuple):
    """What a hit is worth, and what a flagged row outside windows and a missed window cost."""

    name: str
    hit: float
    false: float
    missed: float


STANDARD = Profile("standard", 1.0, 0.11, 1.0)
PROFILES = (STANDARD, Profile("reward_low_FP", 1.0, 0.22, 1.0), Profile("reward_low_FN", 1.0, 0.11, 2.0))


class Labelled(NamedTuple):
    """A file: its number of rows, and its windows as first and last row, in order and apart."""

    rows: int
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """So many first rows are not scored: 15 in 100, and never more than 750."""
        return int(_PROBATION_SHARE * min(self.rows, _PROBATION_ROWS))

    @property
    def scored_windows(self) -> list[tuple[int, int]]:
        """Those that end after the probation."""
        return [window for window in self.windows if window[1] >= self.probation]


class Tally(NamedTuple):
    """What flagged rows come to. `raw` is before the scale of 0 to 100; tallies of one profile add up."""

    raw: float
    hits: int
    windows: int
    false_rows: int
    false_edges: int
    rows: int

    def points(self, profile: Profile) -> float:
        """On the scale where saying nothing is 0 and perfection 100; 0 where there is no window."""
        if not self.windows:
            return 0.0
        nothing = -profile.missed * self.windows
        return 100.0 * (self.raw - nothing) / (profile.hit * self.windows - nothing)


def tally(file: Labelled, flagged: Iterable[int], profile: Profile = STANDARD) -> Tally:
    """One file's score for these rows (in any order; those of the probation do not count).

    A false edge is a flagged row outside windows whose row before it is not flagged.
    """
    rows = sorted(row for row in set(flagged) if row >= file.probation)
    firsts = [_first_within(rows, window) for window in file.scored_windows]
    outside = [row for row in rows if not any(first <= row <= last for first, last in file.windows)]
    edges = set(outside) - {row + 1 for row in flagged}
    gained = (
        -profile.missed if row is None else profile.hit * _early(row, window)
        for row, window in zip(firsts, file.scored_windows, strict=True)
    )
    lost = (profile.false * _behind(row, file.windows) for row in outside)
    hits = sum(row is not None for row in firsts)
    raw = math.fsum(gained) + math.fsum(lost)
    return Tally(raw, hits, len(firsts), len(outside), len(edges), file.rows - file.probation)


def together(tallies: Iterable[Tally]) -> Tally:
    """The score of several files under one threshold."""
    columns = [sum(column) for column in zip(*tallies, strict=True)]
    return Tally(columns[0], *(int(column) for column in columns[1:]))


def _first_within(rows: Sequence[int], window: tuple[int, int]) -> int | None:
    place = bisect_left(rows, window[0])
    return rows[place] if place < len(rows) and rows[place] <= window[1] else None


def _early(row: int, window: tuple[int, int]) -> float:
    """1 for a window's first row, falling to nearly 0 for its last."""
    length = window[1] - window[0] + 1
    return _sigmoid(-(window[1] - row + 1) / length) / _sigmoid(-1.0)


def _behind(row: int, windows: Sequence[tuple[int, int]]) -> float:
    """-1 far behind the window before or where there is none, nearly 0 just behind one."""
    before = [window for window in windows if window[1] < row]
    if not before:
        return -1.0
    first, last = before[-1]
    return _sigmoid((row - last) / max(last - first, 1))


def _sigmoid(position: float) -> float:
    """1 well within a window, 0 at its end, -1 well behind it."""
    return -1.0 if position >= _FAR else 2.0 / (1.0 + math.exp(_STEEPNESS * position)) - 1.0
