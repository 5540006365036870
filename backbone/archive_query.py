"""What is asked of the archive, read into clauses, and the marks that show where a text answers it.

``word`` must be there, ``"some words"`` must stand next to each other, ``word*`` begins with it, and a minus before
any of these says that it must not be there. ``word~`` asks for its other forms too (``storing~``: ``storingen``),
where the archive has a stemmer; elsewhere it is the word alone. Everything else is read as separators, so there is no
syntax to escape.
"""

import re
from collections.abc import Container, Sequence
from html import escape
from typing import NamedTuple

from backbone.archive_words import Span, spans, words
from backbone.errors import BadInput

MAX_TEXT = 1000
MAX_CLAUSES = 32
MIN_PREFIX = 2

_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|(?P<plain>[^\s"]+))')


class Clause(NamedTuple):
    """Words that stand next to each other in this order; the last may be only a beginning."""

    words: tuple[str, ...]
    prefix: bool
    excluded: bool
    forms: bool = False
    """Other forms of the one word answer too, where the archive has a stemmer."""

    def match(self) -> str:
        """The clause as an FTS5 expression. Words are letters, digits and emoji only, so quotes hold them."""
        return f'"{" ".join(self.words)}"{" *" if self.prefix else ""}'


def read_query(text: str) -> tuple[Clause, ...]:
    """The clauses of a question; none where it asks for no word at all.

    Raises BadInput: ``query_too_long``, ``unbalanced_quote``, ``no_words``, ``prefix_too_short``, ``too_many_words``.
    """
    if len(text) > MAX_TEXT:
        raise _unreadable("query_too_long", f"it is longer than {MAX_TEXT} characters", "Ask for fewer words.")
    if text.count('"') % 2:
        raise _unreadable("unbalanced_quote", "a quotation mark is not closed", "Close it, or leave it out.")
    clauses = tuple(dict.fromkeys(clause for part in _PART.finditer(text) if (clause := _clause(part))))
    if text.strip() and not clauses:
        raise _unreadable("no_words", "there is no word in it", "Ask for a word, or leave the question empty.")
    if sum(len(clause.words) for clause in clauses) > MAX_CLAUSES:
        raise _unreadable("too_many_words", f"it has more than {MAX_CLAUSES} words", "Ask for fewer words.")
    return clauses


def _clause(part: re.Match[str]) -> Clause | None:
    plain = part["plain"] or ""
    found = tuple(words(part["phrase"] or plain))
    if not found:
        return None
    prefix = plain.endswith("*")
    if prefix and len(found[-1]) < MIN_PREFIX:
        raise _unreadable(
            "prefix_too_short",
            f"the beginning of a word has fewer than {MIN_PREFIX} letters",
            "Give more letters before the asterisk.",
        )
    return Clause(found, prefix, bool(part["minus"]), len(found) == 1 and plain.endswith("~"))


def _unreadable(code: str, what: str, remedy: str) -> BadInput:
    return BadInput(f"The question cannot be read: {what}.", code=code, remedy=remedy)


def mark(text: str, clauses: Sequence[Clause], forms: Container[str] = ()) -> str:
    """`text` as HTML, all of it escaped, with ``<mark>`` around what the clauses asked for and around `forms`."""
    found = list(spans(text))
    marked = [span.word in forms for span in found]
    for clause in clauses:
        if not clause.excluded:
            _mark_clause(found, marked, clause)
    return _render(text, [span for span, hit in zip(found, marked, strict=True) if hit])


def _mark_clause(found: Sequence[Span], marked: list[bool], clause: Clause) -> None:
    size = len(clause.words)
    for at in range(len(found) - size + 1):
        if _stands_at(found, at, clause):
            marked[at : at + size] = [True] * size


def _stands_at(found: Sequence[Span], at: int, clause: Clause) -> bool:
    *head, last = clause.words
    if any(found[at + i].word != word for i, word in enumerate(head)):
        return False
    word = found[at + len(head)].word
    return word.startswith(last) if clause.prefix else word == last


def _render(text: str, hits: Sequence[Span]) -> str:
    parts, done = [], 0
    for hit in hits:
        parts += [escape(text[done : hit.start]), "<mark>", escape(text[hit.start : hit.end]), "</mark>"]
        done = hit.end
    return "".join([*parts, escape(text[done:])])
