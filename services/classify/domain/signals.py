"""Signals: words and phrases that mean something for a verdict, in each language, from the shipped table.

A signal says that something is named, not that it is so: "rook" is a sign of fire in a message and in a joke. What it
is worth, the model has learned.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.classify.domain.language import word_lists
from services.classify.domain.resources import rows

TABLE: Final = "signals.tsv"
NOWHERE: Final = -1
_PAIR = 2
PRIVATE: Final = "private_number"
"""A phone or account number where everybody can read it: known from the text and the channel, not from one word."""


class Phrase(NamedTuple):
    """A phrase that stands in a text."""

    start: int
    words: tuple[str, ...]
    bit: int


class _Known(NamedTuple):
    """A phrase as a pair of its words leads to it."""

    before: int
    """Words ahead of the pair."""
    words: tuple[str, ...]
    bit: int


@dataclass(slots=True)
class _Entries:
    words: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    phrases: dict[tuple[str, str], list[_Known]] = field(default_factory=dict)
    """By the two neighbours that are longest together: they are rarest."""

    def add(self, entry: str, bit: int) -> None:
        parts = tuple(entry.split())
        if len(parts) > 1:
            at = max(range(len(parts) - 1), key=lambda at: len(parts[at]) + len(parts[at + 1]))
            self.phrases.setdefault((parts[at], parts[at + 1]), []).append(_Known(at, parts, bit))
        elif entry.endswith("*"):
            self.starts[entry[:-1]] = self.starts.get(entry[:-1], 0) | bit
        elif entry.startswith("*"):
            self.ends[entry[1:]] = self.ends.get(entry[1:], 0) | bit
        else:
            self.words[entry] = self.words.get(entry, 0) | bit


class SignalTable:
    """The signals of one language as bits: bit n stands for `codes[n]`. Immutable once made."""

    def __init__(self, codes: Sequence[str], entries: _Entries) -> None:
        self.codes = tuple(codes)
        self._entries = entries
        self._firsts = _numbered(first for first, _ in entries.phrases)
        self._seconds = _numbered(second for _, second in entries.phrases)
        numbers = sorted(self._pair(first, second) for first, second in entries.phrases)
        self._pairs: npt.NDArray[np.int64] = np.array(numbers or [NOWHERE], np.int64)

    def of_word(self, word: str) -> int:
        """The signals that a word alone gives."""
        entries = self._entries
        found = entries.words.get(word, 0)
        for cut in range(1, len(word) + 1):
            found |= entries.starts.get(word[:cut], 0) | entries.ends.get(word[-cut:], 0)
        return found

    def pairs_up(self, word: str) -> tuple[int, int]:
        """A word's number as the first, and as the second, of two neighbours in a phrase; NOWHERE if it is neither."""
        return self._firsts.get(word, NOWHERE), self._seconds.get(word, NOWHERE)

    def in_phrases(self, firsts: npt.NDArray[np.int64], seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which neighbours, told by their numbers, lead to a phrase."""
        keys = firsts * len(self._seconds) + seconds
        place = np.minimum(np.searchsorted(self._pairs, keys), len(self._pairs) - 1)
        there: npt.NDArray[np.bool_] = (self._pairs[place] == keys) & (firsts != NOWHERE) & (seconds != NOWHERE)
        return there

    def _pair(self, first: str, second: str) -> int:
        return self._firsts[first] * len(self._seconds) + self._seconds[second]

    def phrases(self, words: Sequence[str], at: int) -> list[Phrase]:
        """The phrases around the word at a place and the next one."""
        found = []
        for before, phrase, bit in self._entries.phrases.get((words[at], words[at + 1]), ()):
            start = at - before
            if len(phrase) == _PAIR or (start >= 0 and tuple(words[start : start + len(phrase)]) == phrase):
                found.append(Phrase(start, phrase, bit))
        return found

    def named(self, bits: int) -> list[str]:
        """The codes of these bits, in the order of the table."""
        return [code for place, code in enumerate(self.codes) if bits >> place & 1]


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(sorted(set(words)))}


def signal_tables(codes: Iterable[str]) -> dict[str, SignalTable]:
    """A table for each language with weights of its own, and `*`, with the words of all languages, for any other.

    Dutch takes English words too, as the Dutch do, unless they are ordinary Dutch ones.
    """
    lines = list(rows(TABLE))
    names = [*dict.fromkeys(line[0] for line in lines), PRIVATE]
    return {code: SignalTable(names, _entries(lines, names, code)) for code in codes}


def _entries(lines: Iterable[Sequence[str]], names: Sequence[str], code: str) -> _Entries:
    entries = _Entries()
    for name, language, listed in lines:
        own = language == "*" or code in ("*", language)
        for entry in filter(None, map(str.strip, listed.split(","))):
            if own or (code == "nl" and language == "en" and _is_lent(entry)):
                entries.add(entry, 1 << names.index(name))
    return entries


def _is_lent(entry: str) -> bool:
    return "*" not in entry and "nl" not in word_lists().listed.get(entry, ())
