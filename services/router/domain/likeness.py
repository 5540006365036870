"""Whether two texts say the same, by their words in order (`contracts.mentions.Verdict.sketch`).

Words that two texts share in any order say what both are about, not that one is a copy of the other: copies share runs
of words. Figures (words with a digit) must be the same, since an order number, a flight or an amount makes a case
somebody's own.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple
from zlib import crc32

from backbone.ids import hash32

LEAST = 5
"""Shorter texts say the same only if they are word for word the same."""
_LEAST_CUT = 5
_LEAST_CUT_MARKED = 4
_LEAST_CUT_SHARE = 0.3
_LEAST_SILENT_CUT = 10
_LEAST_SILENT_SHARE = 0.6
_LEAST_NEAR = 8
_LEAST_SHARED_PAIRS = 0.85
_FEW_WORDS = 2
_FEW_SHARE = 0.35
_WIDTH = 4
_FIGURE = 0x01
_CUT = b"\xff" * _WIDTH
_RUN = 3
_KEPT = 3
_SOUGHT = 6
_BEGINNING = 4
_SIGN = 1 << 63
"""Databases keep whole numbers of 64 bits with a sign."""

Kind = Literal["same", "cut", "around", "near"]
"""Word for word; the beginning of the other; the other with words before or after; most runs of words in common."""
KINDS: tuple[Kind, ...] = ("same", "cut", "around", "near")
"""From most to least alike."""


class Likeness(NamedTuple):
    """How a newer text is like an older one, and how many words of its own it adds."""

    kind: Kind
    own: int


class Words(NamedTuple):
    """A text's words in order, and whether more was there."""

    said: bytes
    cut: bool

    def __len__(self) -> int:
        return len(self.said) // _WIDTH

    def first(self, count: int) -> bytes:
        """The first words."""
        return self.said[: count * _WIDTH]


def words_of(sketch: bytes) -> Words:
    """The words of a sketch."""
    return Words(sketch[:-_WIDTH], True) if sketch.endswith(_CUT) else Words(sketch, False)


def alike(told: bytes, newer: bytes, *, marked: bool) -> Likeness | None:
    """How the sketch `newer` is like `told`; None if it says something else.

    `marked`: it says of itself that it repeats another, so it may have more around what it repeats.
    """
    one, other = words_of(told), words_of(newer)
    if not one.said or not other.said:
        return None
    if one.said == other.said:
        return Likeness("same", 0)
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if _is_cut_off(short, long, _LEAST_CUT_MARKED if marked else _LEAST_CUT):
        return Likeness("cut", 0)
    if len(short) < LEAST or 2 * len(short) < len(long):
        return None
    like = _around(one, other, short, long, marked=marked) or _near(short, long)
    return like if like is not None and _figures(short) == _figures(long) else None


def _is_cut_off(short: Words, long: Words, least: int) -> bool:
    """`short` is how `long` begins, and it says itself that it was cut off."""
    enough = len(short) >= max(least, _LEAST_CUT_SHARE * len(long))
    return short.cut and enough and long.said.startswith(short.said)


def _around(one: Words, other: Words, short: Words, long: Words, *, marked: bool) -> Likeness | None:
    more = len(long) - len(short)
    if more <= (len(short) if marked else max(_FEW_WORDS, _FEW_SHARE * len(short))) and _holds(long, short):
        return Likeness("around", len(other) - len(one) if other is long else 0)
    known = short.first(len(short) - 1)  # a platform that cuts in silence leaves a broken last word
    enough = len(short) >= max(_LEAST_SILENT_CUT, _LEAST_SILENT_SHARE * len(long))
    return Likeness("cut", 0) if enough and long.said.startswith(known) else None


def _near(short: Words, long: Words) -> Likeness | None:
    if len(short) < max(_LEAST_NEAR, _LEAST_SHARED_PAIRS * len(long)):
        return None
    pairs, others = set(pairwise(_each(short))), set(pairwise(_each(long)))
    if len(pairs & others) < _LEAST_SHARED_PAIRS * len(pairs | others):
        return None
    return Likeness("near", 0)


def _holds(long: Words, short: Words) -> bool:
    """`short` is a run of whole words of `long`."""
    at = long.said.find(short.said)
    while at % _WIDTH and at > 0:
        at = long.said.find(short.said, at + 1)
    return at >= 0


def _each(words: Words) -> Iterable[bytes]:
    said = words.said
    return [said[at : at + _WIDTH] for at in range(0, len(said), _WIDTH)]


def _figures(words: Words) -> set[bytes]:
    return {word for word in _each(words) if word[0] & _FIGURE}


class Keys(NamedTuple):
    """The numbers under which a text is kept, and those under which one that says the same is sought."""

    kept: tuple[int, ...]
    sought: tuple[int, ...]


NOWHERE = Keys((), ())


@lru_cache(maxsize=4096)
def keys_of(brand: str, drill: bool, sketch: bytes) -> Keys:
    """Of its runs of three words those with the lowest numbers: of what two texts share, the lowest are low in both.

    It is kept under a few, since keeping costs more than seeking. And under how it begins, for what was cut off.
    A short text is found as a whole, one without words nowhere.
    """
    said = words_of(sketch).said
    if not said:
        return NOWHERE
    above = hash32(f"{brand}\x1f{drill}") << 32
    size = len(said)
    first = above | crc32(said[: _BEGINNING * _WIDTH])
    if size < LEAST * _WIDTH:
        return Keys((first - _SIGN,), (first - _SIGN,))
    runs = sorted({crc32(said[at : at + _RUN * _WIDTH]) for at in range(0, size - (_RUN - 1) * _WIDTH, _WIDTH)})
    sought = [first - _SIGN, *[(above | run) - _SIGN for run in runs[:_SOUGHT]]]
    return Keys(tuple(sought[: 1 + _KEPT]), tuple(sought))
