"""Which language: a naive Bayes over words and runs of letters, learned from messages of our own.

Every word has votes for each language; those of a text are the sum over its words. So a text says as much as its words,
and one word says little.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from services.classify.domain.resources import rows

LANGUAGES: Final = ("nl", "en", "de", "fr", "es")
OTHER: Final = "other"
CHOICES: Final = (*LANGUAGES, OTHER)
"""Some other language is a choice too: what it wins is of no language that we know."""
UNKNOWN: Final = "und"

LONGEST_RUN: Final = 4
_LONGEST_WORD = 30
_STEP = 4
"""Votes are whole numbers: quarters of a nat."""
_MOST_PER_WORD = 60
_HINT = 12
_DOUBT = 10
"""By how much some other language must lead: most messages are in one of ours."""


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """Log chances of words and of runs of one to four letters, a value for each of CHOICES."""

    words: Mapping[str, tuple[float, ...]]
    runs: Mapping[str, tuple[float, ...]]


class LanguageModel:
    """Votes of single words. Immutable."""

    def __init__(self, table: LanguageTable) -> None:
        self._table = table

    def votes(self, word: str) -> tuple[int, ...]:
        """For each of CHOICES how much this word speaks for it; all 0 where it holds no letter."""
        if not any(map(str.isalpha, word)):
            return (0,) * len(CHOICES)
        chances = self._chances(word[:_LONGEST_WORD])
        most = max(chances)
        return tuple(max(0, _MOST_PER_WORD + round((chance - most) * _STEP)) for chance in chances)

    def _chances(self, word: str) -> list[float]:
        """Runs of one word are far from independent: so many count as the square root of that many."""
        known = [values for values in map(self._table.runs.get, runs(word)) if values is not None]
        chances = [sum(column) / len(known) ** 0.5 for column in zip(*known, strict=True)] or [0.0] * len(CHOICES)
        whole = self._table.words.get(word)
        return chances if whole is None else [one + other for one, other in zip(chances, whole, strict=True)]


def runs(word: str) -> list[str]:
    """All runs of one to four letters of a word with its borders."""
    bordered = f"<{word}>"
    return [
        bordered[start : start + size]
        for size in range(1, LONGEST_RUN + 1)
        for start in range(len(bordered) - size + 1)
        if size > 1 or 0 < start < len(bordered) - 1
    ]


def languages(votes: npt.NDArray[np.int64], hints: Iterable[str | None]) -> list[str]:
    """The language of each text; a hint counts as one clear word, and decides alone where the text says nothing."""
    scores = votes.copy()
    spoken: list[bool] = np.any(scores, axis=1).tolist()
    scores[:, CHOICES.index(OTHER)] -= _DOUBT
    asked = list(hints)
    for index, hint in enumerate(asked):
        if hint and (code := hint[:2].lower()) in LANGUAGES:
            scores[index, CHOICES.index(code)] += _HINT
    best = scores.argmax(axis=1).tolist()
    return [
        CHOICES[place] if said and CHOICES[place] != OTHER else _from_hint(hint)
        for place, said, hint in zip(best, spoken, asked, strict=True)
    ]


def _from_hint(hint: str | None) -> str:
    code = (hint or "")[:2].lower()
    return code if len(code) == 2 and code.isalpha() and code.isascii() else UNKNOWN


@dataclass(frozen=True, slots=True)
class WordLists:
    """Words that everybody knows, by language; some of them carry no story."""

    listed: Mapping[str, frozenset[str]]
    """Languages by word."""
    function: frozenset[str]


@lru_cache(maxsize=1)
def word_lists() -> WordLists:
    """The lists in `data/languages.tsv`, written for this project."""
    listed: dict[str, set[str]] = {}
    function: set[str] = set()
    for code, kind, words in rows("languages.tsv"):
        for word in words.split() if kind != "sample" else ():
            listed.setdefault(word, set()).add(code)
            if kind == "function":
                function.add(word)
    return WordLists({word: frozenset(codes) for word, codes in listed.items()}, frozenset(function))
