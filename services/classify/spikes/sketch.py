"""Counting people without keeping them all: the smallest hashes stand for the rest.

A theta sketch (Dasgupta, Lang, Rhodes and Thaler, ICDT 2016; Bar-Yossef et al., RANDOM 2002): exact up to `KEPT`
people, then an estimate from the hashes below the smallest that was left out. The order of arrival does not matter
and adding a person twice changes nothing.
"""

from collections.abc import Iterable

KEPT = 16
ALL = 1 << 32
"""The bound of a sketch that left nobody out: one more than the largest hash."""


def merge(kept: list[int], bound: int, more: Iterable[int]) -> tuple[list[int], int]:
    """The sketch (`kept`, `bound`) with these hashes too."""
    fresh = {value for value in more if value < bound}.union(kept)
    if len(fresh) <= KEPT:
        return sorted(fresh), bound
    ordered = sorted(fresh)
    return ordered[:KEPT], ordered[KEPT]


def estimate(people: set[int], bound: int) -> int:
    """How many people a union of sketches stands for; `bound` is the least of their bounds."""
    if bound >= ALL:
        return len(people)
    return round(len([value for value in people if value < bound]) * (ALL / bound))
