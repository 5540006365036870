"""Learning which language: counts of words and of runs of letters (Cavnar and Trenkle 1994 count runs; chances are
those of a naive Bayes with additive smoothing, Manning et al. 2008, section 13.2)."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import log
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from backbone.errors import BadInput
from services.classify.domain.language import CHOICES, OTHER, runs
from services.classify.domain.resources import rows as table_rows
from services.classify.domain.text import plain, tokens
from services.classify.training.corpus import MESSAGES, Row

FILE: Final = "languages.csv"
_SMOOTH_RUNS, _SMOOTH_WORDS = 0.4, 0.3
_LISTED = 3
"""How often a listed word counts as seen."""
_FROM_MESSAGES = 1_500
_LONGEST_WORD = 30

Spoken = tuple[str, str]
"""Language and text."""


def spoken(rows: Sequence[Row], folder: Path = MESSAGES) -> list[Spoken]:
    """Texts by language: those of the table, and of the labelled rows as many of each language, evenly spread."""
    with (folder / FILE).open(encoding="utf-8", newline="") as source:
        found = [(record["lang"], record["text"]) for record in csv.DictReader(source)]
    if unknown := {lang for lang, _ in found} - set(CHOICES):
        raise BadInput(f"{folder / FILE} has languages that are no choice: {unknown}.", code="bad_rows")
    for lang, mine in groupby(sorted(rows, key=lambda row: row.lang), key=lambda row: row.lang):
        texts = [row.text for row in mine]
        step = max(1, len(texts) // _FROM_MESSAGES)
        found += [(lang if lang in CHOICES else OTHER, text) for text in texts[::step]]
    return found


def learn_speech(texts: Iterable[Spoken]) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays that `domain.model` keeps of languages."""
    words = {choice: Counter[str]() for choice in CHOICES}
    for lang, text in texts:
        words[lang].update(word for word in tokens(plain(text)) if _is_word(word))
    for lang, kind, listed in table_rows("languages.tsv"):
        if kind != "sample":
            words[lang].update(dict.fromkeys(listed.split(), _LISTED))
    return _arrays("words", _word_chances(words)) | _arrays("runs", _run_chances(words))


def _is_word(token: str) -> bool:
    return len(token) <= _LONGEST_WORD and any(map(str.isalpha, token))


def _word_chances(words: Mapping[str, Counter[str]]) -> dict[str, list[float]]:
    known = sorted(set().union(*words.values()))
    smoothed = {choice: counts.total() + _SMOOTH_WORDS * len(known) for choice, counts in words.items()}
    return {word: [log((words[each][word] + _SMOOTH_WORDS) / smoothed[each]) for each in CHOICES] for word in known}


def _run_chances(words: Mapping[str, Counter[str]]) -> dict[str, list[float]]:
    """A word that is common counts a little more than a rare one, not as many times more as it is common."""
    counts: dict[str, dict[str, float]] = {choice: {} for choice in CHOICES}
    for choice, mine in words.items():
        for word, seen in mine.items():
            for run in runs(word):
                counts[choice][run] = counts[choice].get(run, 0.0) + 1 + log(seen)
    chances: dict[str, list[float]] = {}
    known = sorted(set().union(*counts.values()), key=lambda run: (len(run), run))
    for _, same_size in groupby(known, key=len):
        size = list(same_size)
        smoothed = {
            each: sum(counts[each].get(run, 0.0) for run in size) + _SMOOTH_RUNS * len(size) for each in CHOICES
        }
        for run in size:
            chances[run] = [log((counts[each].get(run, 0.0) + _SMOOTH_RUNS) / smoothed[each]) for each in CHOICES]
    return chances


def _arrays(kind: str, chances: Mapping[str, Sequence[float]]) -> dict[str, npt.NDArray[np.generic]]:
    """A chance is told beside the least of its row: only differences matter, and those are small enough to round."""
    values = np.array([[value - min(row) for value in row] for row in chances.values()], np.float64)
    return {
        f"speech/{kind}": np.frombuffer("\n".join(chances).encode("utf-8"), np.uint8),
        f"speech/{kind}.chances": values.astype(np.float16),
    }
