"""Comparing words without case and accents."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache


def fold(text: str) -> str:
    """Lower case, accents and zero-width characters gone: the form in which terms are compared."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))


@lru_cache(maxsize=512)
def any_of(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern that finds any of these terms in a folded text, on word borders; ``word*`` is a prefix."""
    parts = [_part(fold(term.strip())) for term in terms if term.strip(" *")]
    return re.compile("|".join(parts)) if parts else None


def _part(term: str) -> str:
    end = r"" if term.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(term.rstrip('*'))}{end}"


def first_match(text: str, terms: Iterable[str]) -> int | None:
    """Where the first of `terms` begins in the folded `text`, or None."""
    pattern = any_of(tuple(terms))
    found = pattern.search(text) if pattern else None
    return found.start() if found else None
