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

from services.classify.domain.heads import COLUMNS

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

    def row_of(self, name: str) -> int:
        """The row of a feature; the last one for what was never learned."""
        return self.index.get(name, -1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two words by their places in the word table, as `first * words + second` in rising order, and their rows."""

    keys: Whole
    rows: Floats


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


def table(names: Sequence[str], weights: Floats, idf: Floats) -> Table:
    """A table of these names, in their order."""
    rows = np.concatenate([_rows(weights, idf), np.zeros((1, WIDTH), np.float32)])
    return Table({name: place for place, name in enumerate(names)}, rows)


def pairs(keys: Whole, weights: Floats, idf: Floats) -> Pairs:
    """Pairs of these keys, which rise."""
    return Pairs(keys, _rows(weights, idf))


def _rows(weights: Floats, idf: Floats) -> Floats:
    rows = np.empty((len(idf), WIDTH), np.float32)
    rows[:, :COLUMNS] = weights * idf[:, None]
    rows[:, COLUMNS] = idf**2
    return rows
