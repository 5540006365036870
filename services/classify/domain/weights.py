"""What a model has learned for one language, as arrays.

The score of a class is linear in three kinds of evidence - words with their neighbours, pieces of words, signals - and
in the length of the text. Each kind is divided by its norm, so that a long text does not shout: with f the features of
a kind, score = sum(idf(f) * weight(f)) / sqrt(sum(idf(f) ** 2)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.classify.domain.heads import COLUMNS, HEADS

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

USUAL_LENGTH: Final = 40
"""So many tokens are a length of one."""
LONGEST: Final = 2.0
"""A text of more than twice the usual length is no longer than that."""
AND: Final = "+"
"""Between the names of two signals of one text, which are a feature too, in the order of the signal table."""
START, END = "<s>", "</s>"
"""Borders of a text stand beside its first and last word."""


@dataclass(frozen=True, slots=True)
class Table:
    """Features by name, each a row: `COLUMNS` weights times idf, then idf squared. The last row says nothing."""

    index: Mapping[str, int]
    rows: Floats
    beyond: Floats
    """Of each row the weights beyond the mean of their head: what it says for one class rather than for the others."""

    def row_of(self, name: str) -> int:
        """The row of a feature; the last one for what was never learned."""
        return self.index.get(name, -1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two words by their places in the word table, as `first * words + second`, and their rows."""

    keys: Whole
    rows: Floats
    slots: tuple[tuple[np.uint64, Whole], ...]
    """A multiplier, and for each slot the place of the one key that it leads there, or that there is none."""
    shift: np.uint64

    def find(self, keys: Whole) -> Whole:
        """The place of each key, -1 for what was never learned. A few looks, where a search takes seventeen."""
        found = np.full(len(keys), -1, np.int64)
        for multiplier, places in self.slots:
            place = places[_slot(keys, multiplier, self.shift)]
            there = (place >= 0) & (self.keys[place] == keys)
            found[there] = place[there]
        return found


@dataclass(frozen=True, slots=True)
class Weights:
    """All that was learned for one language. Immutable."""

    words: Table
    neighbours: Pairs
    near: Pairs
    """Words with one word between them."""
    pieces: Table
    signals: Table
    length: Floats
    """What each class gets for a text of the usual length."""
    start: Floats
    """What each class has before anything is read."""


WIDTH: Final = COLUMNS + 1
_ROOM = 8
"""Slots for each key: few keys share one."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_64_BITS = (1 << 64) - 1


def table(names: Sequence[str], weights: Floats, idf: Floats) -> Table:
    """A table of these names, in their order."""
    rows = np.concatenate([_rows(weights, idf), np.zeros((1, WIDTH), np.float32)])
    return Table({name: place for place, name in enumerate(names)}, rows, _beyond_mean(rows[:, :COLUMNS]))


def _beyond_mean(rows: Floats) -> Floats:
    found = rows.copy()
    for head in HEADS:
        found[:, head.columns] -= rows[:, head.columns].mean(axis=1, keepdims=True)
    return found


def pairs(keys: Whole, weights: Floats, idf: Floats) -> Pairs:
    """Pairs of these keys, which differ."""
    shift = np.uint64(64 - (_ROOM * len(keys) + 1).bit_length())
    slots = []
    rest = np.arange(len(keys))
    multiplier = _GOLDEN
    while len(rest):
        slot = _slot(keys[rest], multiplier, shift)
        _, first = np.unique(slot, return_index=True)
        places = np.full(1 << (64 - int(shift)), -1, np.int64)
        places[slot[first]] = rest[first]
        slots.append((multiplier, places))
        rest = np.delete(rest, first)
        multiplier = np.uint64((int(multiplier) * int(_GOLDEN) | 1) & _64_BITS)
    return Pairs(keys, _rows(weights, idf), tuple(slots), shift)


def _slot(keys: Whole, multiplier: np.uint64, shift: np.uint64) -> Whole:
    """Multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4)."""
    return (keys.astype(np.uint64) * multiplier >> shift).astype(np.int64)


def _rows(weights: Floats, idf: Floats) -> Floats:
    rows = np.empty((len(idf), WIDTH), np.float32)
    rows[:, :COLUMNS] = weights * idf[:, None]
    rows[:, COLUMNS] = idf**2
    return rows
