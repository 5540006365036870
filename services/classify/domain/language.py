"""Which language: a naive Bayes over word lists and letter trigrams of our own.

The lists in `data/languages.tsv` were written for this project. Every word on a language's list speaks for it, and
the trigrams of all its words and of the sample sentences give every unknown word an opinion.
"""

from collections import Counter
from collections.abc import Iterable
from math import log

import numpy as np
import numpy.typing as npt

from services.classify.domain.resources import rows

LANGUAGES = ("nl", "en", "de", "fr", "es")
UNKNOWN = "und"

_STEP = 4
"""Votes are whole numbers: quarters of a nat."""
_LISTED = 5.0
"""How much a listed word adds, in nats."""
_MOST_PER_WORD = 60
_ENOUGH = 14
_HINT = 12


class LanguageModel:
    """Votes of single words. Immutable once made."""

    def __init__(self) -> None:
        self.listed: dict[str, set[str]] = {}
        self.function_words: set[str] = set()
        samples: dict[str, Counter[str]] = {code: Counter() for code in LANGUAGES}
        for code, kind, words in rows("languages.tsv"):
            for word in words.split():
                samples[code].update(_trigrams(word))
                self._note(code, kind, word)
        self._trigrams = _votes_per_trigram(samples)

    def _note(self, code: str, kind: str, word: str) -> None:
        if kind == "sample":
            return
        self.listed.setdefault(word, set()).add(code)
        if kind == "function":
            self.function_words.add(word)

    def votes(self, word: str) -> tuple[int, ...]:
        """For each of LANGUAGES how much this word speaks for it, 0 for the least likely."""
        if not word.isalpha() and not any(char.isalpha() for char in word):
            return (0,) * len(LANGUAGES)
        totals = [0.0] * len(LANGUAGES)
        for trigram in _trigrams(word[:16]):
            for index, value in enumerate(self._trigrams.get(trigram, ())):
                totals[index] += value
        for index, code in enumerate(LANGUAGES):
            if code in self.listed.get(word, ()):
                totals[index] += _LISTED
        least = min(totals)
        return tuple(min(_MOST_PER_WORD, round((total - least) * _STEP)) for total in totals)


def languages(votes: npt.NDArray[np.int64], hints: Iterable[str | None]) -> list[str]:
    """The language of each text; a hint counts as one clear word, and decides alone where the text says nothing."""
    scores = votes.copy()
    asked = list(hints)
    for index, hint in enumerate(asked):
        if hint and (code := hint[:2].lower()) in LANGUAGES:
            scores[index, LANGUAGES.index(code)] += _HINT
    order = np.sort(scores, axis=1)
    lead = (order[:, -1] - order[:, -2]).tolist()
    best = scores.argmax(axis=1).tolist()
    most = order[:, -1].tolist()
    return [
        LANGUAGES[first] if top >= _ENOUGH and ahead > 0 else _from_hint(hint)
        for first, ahead, top, hint in zip(best, lead, most, asked, strict=True)
    ]


def _from_hint(hint: str | None) -> str:
    code = (hint or "")[:2].lower()
    return code if len(code) == 2 and code.isalpha() and code.isascii() else UNKNOWN


def _trigrams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[start : start + 3] for start in range(len(padded) - 2)]


def _votes_per_trigram(samples: dict[str, Counter[str]]) -> dict[str, tuple[float, ...]]:
    known = set().union(*samples.values())
    sizes = {code: sum(counts.values()) for code, counts in samples.items()}
    votes: dict[str, tuple[float, ...]] = {}
    for trigram in known:
        shares = [log((samples[code][trigram] + 0.4) / (sizes[code] + 0.4 * len(known))) for code in LANGUAGES]
        votes[trigram] = tuple(share - min(shares) for share in shares)
    return votes
