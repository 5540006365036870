"""The words of a text in order, as numbers: what the router compares to tell copies from texts that are only alike.

Each word is four bytes. Handles, links, emoji, sentence marks and the marks of a repost do not count, and case and
accents of typing were taken away by `plain`. A word that holds a digit is a *figure*: order numbers, amounts and times
tell one person's case from another's, so the reader can see which words are figures. Of a text that was cut off the
broken last word is left out, and `CUT` stands at the end.
"""

from collections.abc import Sequence
from hashlib import blake2b

from services.classify.domain.text import HANDLE, LINK

WIDTH = 4
CUT = b"\xff\xff\xff\xff"
"""More was there."""
MOST_WORDS = 64
"""Of a longer text the rest is one more figure: who says the same for that long and then goes on otherwise differs."""

_MOST_REMEMBERED = 200_000
_LONGEST_REMEMBERED = 40
_FIGURE = 0x01
_MARKS = frozenset({"rt", "mt", "via", "cc"})
_DOTS = frozenset({"…", "...", "....", "……"})


class Sketcher:
    """Sketches texts. It remembers each word's number; the memory is bounded and never changes a result."""

    def __init__(self) -> None:
        self._words = _Words()

    def sketch(self, tokens: Sequence[str]) -> bytes:
        """The sketch of a text, given its tokens; empty where it has no word."""
        end = None if _DOTS.isdisjoint(tokens) else _cut_at(tokens)
        said = b"".join(map(self._words.__getitem__, tokens if end is None else tokens[:end]))
        if len(said) > MOST_WORDS * WIDTH:
            said = said[: MOST_WORDS * WIDTH] + _number(said[MOST_WORDS * WIDTH :], figure=True)
        return said if end is None or not said else said + CUT


class _Words(dict[str, bytes]):
    def __missing__(self, token: str) -> bytes:
        parts = [] if token in _MARKS else token.replace("'", "").split("-")
        value = b"".join([_word(part) for part in parts if any(map(str.isalnum, part))])
        if len(token) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[token] = value
        return value


def _word(word: str) -> bytes:
    return _number(word.encode("utf-8", "surrogatepass"), figure=any(map(str.isdigit, word)))


def _number(data: bytes, *, figure: bool) -> bytes:
    number = blake2b(data, digest_size=WIDTH).digest()
    return bytes((number[0] | _FIGURE if figure else number[0] & ~_FIGURE & 0xFF,)) + number[1:]


def _cut_at(tokens: Sequence[str]) -> int | None:
    """Where a text was cut off: before the word that stands in front of its last dots; None where it is whole."""
    last = len(tokens) - 1
    while last > 0 and (tokens[last] in (LINK, HANDLE) or not any(map(str.isalnum, tokens[last]))):
        if tokens[last] in _DOTS:
            return last - 1 if any(map(str.isalnum, tokens[last - 1])) else last
        last -= 1
    return None
