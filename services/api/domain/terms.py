"""The terms of a text: its words and pairs of neighbouring words, function words and names of the brand aside.

A word is what the archive takes for one (`backbone.archive_words`), so a term can be searched for as it is. Handles,
links, addresses, numbers and emoji are no terms. A pair does not reach over a sentence mark or over what is left out.
"""

import html
import re
from collections.abc import Iterable, Set
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from backbone.archive_words import Span, spans, words

LONGEST_TEXT = 4_000
"""Characters that are read of a text."""
MOST_WORDS = 300
_LONGEST_WORD = 40
_MOST_DIGITS = 2
"""`5g` and `a12` are words; what holds more digits is a number, a postcode or an account."""

_APART = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\w+|[.!?;:,()\[\]\"“”„…|/\\\n\r]+|\s[-–—]\s", re.IGNORECASE
)


def _listed(name: str) -> frozenset[str]:
    text = (files("services.api.domain") / "data" / name).read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


FUNCTION_WORDS = _listed("function_words.tsv")
NEGATIONS = _listed("negations.tsv")


class Terms(NamedTuple):
    """What a text says: its distinct words, and its distinct pairs of words, in order of their first place."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        return self.words + self.pairs


def names_left_out(names: Iterable[str]) -> frozenset[str]:
    """The words of a brand's names, accounts and hashtags; `acme_nl` is also `acme`, `AcmeNL` as it is written."""
    return frozenset(word for name in names for word in words(name))


def terms(text: str, left_out: Set[str] = frozenset()) -> Terms:
    """The terms of a text. Any text works; the rest of a very long one is not read."""
    alone: dict[str, None] = {}
    pairs: dict[str, None] = {}
    room = MOST_WORDS
    for part in _APART.split(_read(text)):
        said = words(part)[:room]
        room -= len(said)
        kinds = [_kind(word, left_out) for word in said]
        alone.update((word, None) for word, kind in zip(said, kinds, strict=True) if kind is _TELLS)
        for at in range(len(said) - 1):
            if kinds[at] and kinds[at + 1] and kinds[at] + kinds[at + 1] > _TELLS and said[at] != said[at + 1]:
                pairs[f"{said[at]} {said[at + 1]}"] = None
    return Terms(tuple(alone), tuple(pairs))


def as_written(term: str, text: str) -> str:
    """A term of `text` as people read it, in lower case with its accents; `term` itself where it is not there."""
    wanted = term.split(" ")
    for part in _APART.split(_read(text)):
        found = list(spans(part))
        for at in range(len(found) - len(wanted) + 1):
            here = found[at : at + len(wanted)]
            if [span.word for span in here] == wanted:
                return " ".join(_written(part, span) for span in here)
    return term


def _written(part: str, span: Span) -> str:
    return part[span.start : span.end].lower()


def _read(text: str) -> str:
    text = text[:LONGEST_TEXT]
    return html.unescape(text) if "&" in text else text


_NOTHING, _DENIES, _TELLS = 0, 1, 2


def _kind(word: str, left_out: Set[str]) -> int:
    """A pair needs two words of which none is nothing and one tells something."""
    return _NOTHING if word in left_out else _plain_kind(word)


@lru_cache(maxsize=32_768)
def _plain_kind(word: str) -> int:
    if word in NEGATIONS:
        return _DENIES
    if word in FUNCTION_WORDS or not 2 <= len(word) <= _LONGEST_WORD:
        return _NOTHING
    letters, digits = sum(map(str.isalpha, word)), sum(map(str.isdigit, word))
    return _TELLS if letters and digits <= _MOST_DIGITS else _NOTHING
