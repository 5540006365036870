"""What a word is in the archive: one definition for the index, the question and the marks in a hit.

A word is a run of letters and digits, without case and without diacritics (``Café`` is ``cafe``, ``ĳs`` is ``ijs``);
an emoji is a word of its own; all else separates. There is no stemming: a Dutch stemmer joins words that webcare
must keep apart, and who wants every form asks for the beginning of the word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_RUN = r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*"
_EMOJI = "[\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001f1ff\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"
_WORD = re.compile(f"{_RUN}|{_EMOJI}")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)


class Span(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    word: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of `text` in order, as they are compared."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return [word for found in _WORD.findall(text) if (word := fold(found))]


def spans(text: str) -> Iterator[Span]:
    """The words of `text` in order, each with its place."""
    for match in _WORD.finditer(text):
        if word := fold(match.group()):
            yield Span(word, match.start(), match.end())


@lru_cache(maxsize=16_384)
def fold(run: str) -> str:
    """One word as it is compared; empty where nothing of it can be compared."""
    if run.isascii():
        return run.lower()
    if _is_emoji(run):
        return run
    plain = unicodedata.normalize("NFKD", run.casefold().translate(_WITHOUT_DECOMPOSITION))
    return "".join(letter for letter in plain.casefold() if letter.isalnum())


def _is_emoji(run: str) -> bool:
    return len(run) == 1 and not run.isalnum()
