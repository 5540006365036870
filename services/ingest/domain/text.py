"""Comparing words without case and accents."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_ASCII = frozenset(map(chr, range(128)))
_APART = "".join(char if _WORD.match(char) else " " for char in map(chr, range(128)))


class Folded(NamedTuple):
    """A text in the form in which terms are compared, and its words."""

    text: str
    words: frozenset[str]


def folded(text: str) -> Folded:
    """The text, ready to be compared."""
    plain = fold(text)
    # In ASCII the same words, in half the time.
    words = plain.translate(_APART).split() if plain.isascii() else _WORD.findall(plain)
    return Folded(plain, frozenset(words))


def fold(text: str) -> str:
    """Lower case, accents and zero-width characters gone: the form in which terms are compared."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    for char in set(decomposed) - _ASCII:
        if unicodedata.category(char) in ("Mn", "Cf"):
            decomposed = decomposed.replace(char, "")
    return decomposed


def any_of(terms: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of these terms in a folded text, on word borders; ``word*`` is a prefix."""
    parts = [_part(fold(term.strip())) for term in terms if term.strip(" *")]
    return re.compile("|".join(parts)) if parts else None


def _part(term: str) -> str:
    end = r"" if term.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(term.rstrip('*'))}{end}"


def clue(term: str) -> str | None:
    """A whole word that every text has in which `any_of` finds the term; None if there is no such word."""
    plain = fold(term.strip())
    stem = plain.rstrip("*")
    first = _WORD.search(stem)
    if first is None or (first.end() == len(stem) and stem != plain):
        return None
    return first[0]


def begins(pattern: re.Pattern[str] | None, text: str) -> int | None:
    """Where the first of a pattern's terms begins in the folded `text`, or None."""
    found = pattern.search(text) if pattern else None
    return found.start() if found else None
