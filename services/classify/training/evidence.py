"""What a classifier will see of each row, as one sparse matrix: the same features that `domain.weigh` sums."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import log
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from services.classify.domain.beside import holds_private_data
from services.classify.domain.model import LANGUAGES
from services.classify.domain.signals import PRIVATE, SignalTable, signal_tables
from services.classify.domain.subwords import known_as, pieces
from services.classify.domain.text import plain, tokens
from services.classify.domain.weigh import MOST_TOKENS
from services.classify.domain.weights import AND, END, LONGEST, START, USUAL_LENGTH, Floats
from services.classify.training.corpus import Row

Feature = tuple[str, str]
"""Its kind and its name."""
GROUPS: Final = (("words", "neighbours", "near"), ("pieces",), ("signals",))
"""Kinds that share one length."""
LEAST: Final = {"words": 2, "neighbours": 3, "near": 4, "pieces": 4, "signals": 5}
"""In how many rows a feature must stand to be learned."""
BETWEEN: Final = "\t"


class Seen(NamedTuple):
    """The features of one row, and its length."""

    counts: Counter[Feature]
    length: float


class Reader:
    """Turns rows into features as the classifier of `code` does: one of nl, en, or `*` for any other language."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._tables = signal_tables(LANGUAGES)

    def see(self, row: Row) -> Seen:
        written = plain(row.text)
        words = tokens(written)[:MOST_TOKENS]
        counts: Counter[Feature] = Counter(_signals(words, self._table(row), written))
        counts.update(_worded(words, any_language=self._code == "*"))
        return Seen(counts, min(len(words) / USUAL_LENGTH, LONGEST))

    def _table(self, row: Row) -> SignalTable:
        code = row.lang if self._code == "*" else self._code
        return self._tables.get(code, self._tables["*"])


def _signals(words: Sequence[str], table: SignalTable, written: str) -> Iterator[Feature]:
    bits = 1 << table.codes.index(PRIVATE) if holds_private_data(written, None) else 0
    for word in words:
        bits |= table.of_word(known_as(word))
    for at in range(len(words) - 1):
        for phrase in table.phrases(words, at):
            bits |= phrase.bit
    named = table.named(bits)
    yield from (("signals", code) for code in named)
    yield from (("signals", first + AND + second) for first, second in combinations(named, 2))


def _worded(words: Sequence[str], *, any_language: bool) -> Iterator[Feature]:
    known = [known_as(word) for word in words]
    if any_language:
        yield from (("words", word) for word in dict.fromkeys(known) if not any(map(str.isalpha, word)))
        return
    distinct = [known_as(word) for word in dict.fromkeys(words)]
    yield from (("words", word) for word in distinct)
    yield from (("pieces", piece) for word in distinct for piece in pieces(word))
    bordered = [START, *known, END]
    yield from (("neighbours", first + BETWEEN + second) for first, second in pairwise(bordered))
    yield from (("near", first + BETWEEN + second) for first, second in zip(bordered, bordered[2:], strict=False))


class Space:
    """The features that are learned, each with its column and how much it tells (idf)."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        rows_with = Counter(feature for each in seen for feature in each.counts)
        kept = sorted(
            feature for feature, rows in rows_with.items() if rows >= LEAST[feature[0]] and "\n" not in feature[1]
        )
        border = [("words", START), ("words", END)]
        self.features: list[Feature] = sorted({*kept, *border})
        self.column = {feature: place for place, feature in enumerate(self.features)}
        every = len(seen) + 1
        self.idf: Mapping[Feature, float] = {
            feature: log(every / (1 + rows_with[feature])) + 1 for feature in self.features
        }

    @property
    def width(self) -> int:
        return len(self.features) + 1

    def matrix(self, seen: Sequence[Seen]) -> sparse.csr_matrix:
        """One row for each text; the length stands last."""
        data: list[float] = []
        columns: list[int] = []
        ends = [0]
        for each in seen:
            for place, value in self._row(each):
                columns.append(place)
                data.append(value)
            ends.append(len(data))
        return sparse.csr_matrix((data, columns, ends), shape=(len(seen), self.width))

    def _row(self, seen: Seen) -> Iterator[tuple[int, float]]:
        known = {feature: count for feature, count in seen.counts.items() if feature in self.column}
        for group in GROUPS:
            mine = [(feature, count) for feature, count in known.items() if feature[0] in group]
            length = sum(count * self.idf[feature] ** 2 for feature, count in mine) ** 0.5
            yield from ((self.column[feature], count * self.idf[feature] / length) for feature, count in mine)
        yield len(self.features), seen.length


def see_all(rows: Iterable[Row], code: str) -> list[Seen]:
    """The features of each row, in order."""
    reader = Reader(code)
    return [reader.see(row) for row in rows]


def idf_of(space: Space, features: Sequence[Feature]) -> Floats:
    return np.array([space.idf[feature] for feature in features], np.float32)
