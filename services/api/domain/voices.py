"""How many people say a term, and in how many different texts: neither a shouter nor a copied text counts twice.

The voices of a term are the smaller of both numbers. So a thousand copies of one text are one voice, and so are a
thousand texts by one person.
"""

from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from services.api.domain.terms import Terms, terms

LEAST_COPY = 6
"""Telling words of a text from which on saying the same is no chance; marked reposts are copies with fewer too."""
ALIKE = 0.8
"""A text whose words are this much among those of another (or the other way round) is a copy of it."""
_BANDS = 3
_MOST_IN_A_BAND = 8


class Said(NamedTuple):
    """One mention: what was said, and by whom (equal for one person)."""

    id: str
    person: Hashable
    text: str
    repost: bool = False


@dataclass(slots=True)
class _Tally:
    example: Said
    mentions: int = 0
    people: set[int] = field(default_factory=set)
    texts: set[int] = field(default_factory=set)


class Count(NamedTuple):
    """How often one term was said."""

    mentions: int
    people: int
    texts: int
    example: Said
    """The first mention with it."""

    @property
    def voices(self) -> int:
        return min(self.people, self.texts)


@dataclass(frozen=True, slots=True)
class Voices:
    """What was said in some mentions, and by how many."""

    mentions: int
    people: int
    texts: int
    terms: Mapping[str, Count]

    @property
    def voices(self) -> int:
        return min(self.people, self.texts)


def count(said: Iterable[Said], left_out: Set[str] = frozenset(), only: Set[str] | None = None) -> Voices:
    """Count the terms (of `only` these, if given) of mentions in their order; the first of copies is the original."""
    copies, people, tallies = _Copies(), dict[Hashable, int](), dict[str, _Tally]()
    mentions = 0
    for each in said:
        mentions += 1
        found = terms(each.text, left_out)
        text = copies.number(found, each.repost)
        person = people.setdefault(each.person, len(people))
        for term in found.all():
            if only is None or term in only:
                tally = tallies.get(term) or tallies.setdefault(term, _Tally(each))
                tally.mentions += 1
                tally.people.add(person)
                tally.texts.add(text)
    counts = {term: Count(t.mentions, len(t.people), len(t.texts), t.example) for term, t in tallies.items()}
    return Voices(mentions, len(people), copies.texts, counts)


class _Copies:
    """Numbers texts so that a copy has its original's number, whatever was cut off, added or edited in small.

    Of each text the words with the three smallest checksums are looked up: texts that share most of their words share
    one of these. In each place at most eight originals are kept, so that the work per text is bounded.
    """

    def __init__(self) -> None:
        self.texts = 0
        self._exact: dict[frozenset[str], int] = {}
        self._near: dict[str, list[tuple[int, frozenset[str]]]] = {}

    def number(self, said: Terms, repost: bool) -> int:
        words = frozenset(said.words)
        may_be_copy = len(words) >= LEAST_COPY or repost
        known = self._known(words) if may_be_copy else None
        return self._new(words) if known is None else known

    def _known(self, words: frozenset[str]) -> int | None:
        exact = self._exact.get(words)
        if exact is not None or len(words) < LEAST_COPY:
            return exact
        near = [each for word in _bands(words) for each in self._near.get(word, ())]
        alike = [number for number, other in near if _alike(words, other)]
        return min(alike) if alike else None

    def _new(self, words: frozenset[str]) -> int:
        number = self.texts
        self.texts += 1
        self._exact.setdefault(words, number)
        if len(words) >= LEAST_COPY:
            for word in _bands(words):
                place = self._near.setdefault(word, [])
                if len(place) < _MOST_IN_A_BAND:
                    place.append((number, words))
        return number


def _bands(words: frozenset[str]) -> list[str]:
    return sorted(words, key=lambda word: (crc32(word.encode("utf-8", "surrogatepass")), word))[:_BANDS]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * min(len(one), len(other))
