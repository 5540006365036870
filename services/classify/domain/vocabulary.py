"""Words and phrases that mean something to us, as concepts at positions in a text.

`data/concepts/*.tsv` has lines of concept, language and entries. An entry is a word, `pre*` or `*suffix`, or a phrase
of them; in a phrase `a/b` is either, `_` is any one word and `..` is up to three words. The concepts of a language
are those of its own lines and of lines with `*`; Dutch also has the exact English entries that mean nothing else in
Dutch, for Dutch webcare is half English. A language without a vocabulary of its own sees all lines.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

from services.classify.domain.language import LanguageModel
from services.classify.domain.resources import rows

CONCEPT_FILES = (
    "danger.tsv",
    "crime.tsv",
    "service.tsv",
    "voice.tsv",
    "frame.tsv",
    "harm.tsv",
    "hazard.tsv",
    "trust.tsv",
    "trouble.tsv",
)
_MAIN = ("nl", "en")
_GAP = 3
_MOST_REMEMBERED = 200_000
_LONGEST_WORD = 48
_LONGEST_LOOK = 1000
_REPEATED = re.compile(r"(.)\1{2,}")
_CLOSE_ENOUGH = {"nl": 10, "en": 11, "*": 11}
"""Words of at least this many letters are also recognised with one typing error, by language."""

Hits = dict[str, list[int]]
"""Concept -> positions in the text."""


@dataclass(slots=True)
class Found:
    """The concepts of a text, and for phrases of more than a word where each ends."""

    hits: Hits
    ends: dict[int, int]


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a phrase: a set of words, beginnings of words, or anything."""

    words: frozenset[str]
    starts: tuple[str, ...]
    gap: bool = False

    @property
    def literal(self) -> bool:
        return bool(self.words) and not self.starts

    def fits(self, token: str) -> bool:
        return token in self.words or (bool(self.starts) and token.startswith(self.starts))


@dataclass(frozen=True, slots=True)
class Near:
    """Words of which one must stand from `start` to before `stop`, seen from the anchor; else no phrase is there."""

    words: frozenset[str]
    start: int
    stop: int

    def missing(self, tokens: Sequence[str], at: int) -> bool:
        return self.words.isdisjoint(tokens[max(0, at + self.start) : max(0, at + self.stop)])


def _near(elements: Sequence[Element], before: int, step: int) -> Near | None:
    """What the first element after `before`, in the direction of `step`, asks for."""
    reach = _GAP if elements and elements[0].gap else 0
    asked = next((element for element in elements if not element.gap), None)
    if asked is None or not asked.literal:
        return None
    ends = (before + step, before + step * (1 + reach))
    return Near(asked.words, min(ends), max(ends) + 1)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase seen from its anchor, one word or two neighbours: what stands left of it (read backwards) and right."""

    concept: str
    left: tuple[Element, ...]
    right: tuple[Element, ...]
    width: int
    near: Near | None = None
    """A cheap look before the walk."""

    def found(self, tokens: Sequence[str], at: int) -> tuple[int, int] | None:
        """First and last position of the phrase whose anchor stands at `at`, if all of it is there."""
        if self.near is not None and self.near.missing(tokens, at):
            return None
        first = _walk(self.left, tokens, at, -1) if self.left else at
        if first is None:
            return None
        end = at + self.width - 1
        last = _walk(self.right, tokens, end, 1) if self.right else end
        return None if last is None else (first, last)


def _walk(elements: Sequence[Element], tokens: Sequence[str], at: int, step: int) -> int | None:
    slack = 0
    for element in elements:
        if element.gap:
            slack = _GAP
            continue
        at += step
        while 0 <= at < len(tokens) and not element.fits(tokens[at]) and slack:
            slack, at = slack - 1, at + step
        if not 0 <= at < len(tokens) or not element.fits(tokens[at]):
            return None
        slack = 0
    return at


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one token brings: concepts at its place, and phrases that may stand around it."""

    concepts: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    instead: str | None = None
    """The ordinary spelling of a stretched word."""


@dataclass(slots=True)
class _Entries:
    words: dict[str, list[str]] = field(default_factory=dict)
    starts: dict[str, list[str]] = field(default_factory=dict)
    ends: dict[str, list[str]] = field(default_factory=dict)
    pairs: dict[tuple[str, str], list[Phrase]] = field(default_factory=dict)
    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    phrase_starts: dict[str, list[Phrase]] = field(default_factory=dict)

    def add(self, concept: str, entry: str) -> None:
        if " " in entry:
            self._add_phrase(concept, entry.split())
        elif entry.endswith("*"):
            self.starts.setdefault(entry[:-1], []).append(concept)
        elif entry.startswith("*"):
            self.ends.setdefault(entry[1:], []).append(concept)
        else:
            self.words.setdefault(entry, []).append(concept)

    def _add_phrase(self, concept: str, parts: list[str]) -> None:
        elements = [_element(part) for part in parts]
        pairs = [at for at in range(len(parts) - 1) if elements[at].literal and elements[at + 1].literal]
        if pairs:
            anchor = max(pairs, key=lambda at: _rarity(parts[at]) + _rarity(parts[at + 1]))
            phrase = _seen_from(concept, elements, anchor, 2)
            for pair in product(sorted(elements[anchor].words), sorted(elements[anchor + 1].words)):
                self.pairs.setdefault(pair, []).append(phrase)
            return
        anchor = max(range(len(parts)), key=lambda at: _rarity(parts[at]))
        phrase = _seen_from(concept, elements, anchor, 1)
        for word in elements[anchor].words:
            self.phrases.setdefault(word, []).append(phrase)
        for start in elements[anchor].starts:
            self.phrase_starts.setdefault(start, []).append(phrase)


def _seen_from(concept: str, elements: Sequence[Element], anchor: int, width: int) -> Phrase:
    left, right = tuple(reversed(elements[:anchor])), tuple(elements[anchor + width :])
    near = _near(right, width - 1, 1) or _near(left, 0, -1)
    return Phrase(concept, left, right, width, near)


def _rarity(part: str) -> int:
    return 0 if part in ("_", "..") else min(len(word.rstrip("*")) for word in part.split("/"))


def _element(part: str) -> Element:
    if part == "..":
        return Element(frozenset(), (), gap=True)
    if part == "_":
        return Element(frozenset(), ("",))
    choices = part.split("/")
    return Element(
        frozenset(word for word in choices if not word.endswith("*")),
        tuple(word[:-1] for word in choices if word.endswith("*")),
    )


class Vocabulary(dict[str, Meaning | None]):
    """The meaning of every token in one language, worked out at first sight and remembered.

    The memory is bounded and never changes a result.
    """

    def __init__(self, entries: _Entries, ordinary: frozenset[str], close_enough: int) -> None:
        super().__init__()
        self._entries = entries
        self._ordinary = ordinary
        self._close_enough = close_enough
        self._paired = {word for pair in entries.pairs for word in pair}
        self._typos = _typo_index(word for word in entries.words if len(word) >= close_enough)

    def __missing__(self, token: str) -> Meaning | None:
        if len(token) > _LONGEST_WORD:
            shorter = _REPEATED.sub(r"\1", token[:_LONGEST_LOOK])[:_LONGEST_WORD]
            return self[shorter]
        meaning = self._meaning(token) or self._unstretched(token)
        if meaning is None and len(token) >= self._close_enough and token not in self._ordinary:
            meaning = self._close(token)
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        self[token] = meaning
        return meaning

    def _meaning(self, token: str) -> Meaning | None:
        entries = self._entries
        concepts = list(entries.words.get(token, ()))
        phrases = list(entries.phrases.get(token, ()))
        for cut in range(1, len(token) + 1):
            head = token[:cut]
            concepts += entries.starts.get(head, ())
            phrases += entries.phrase_starts.get(head, ())
            concepts += entries.ends.get(token[-cut:], ())
        if not concepts and not phrases:
            return None
        return Meaning(tuple(dict.fromkeys(concepts)), tuple(phrases))

    def _unstretched(self, token: str) -> Meaning | None:
        """`heeeel` as `heel`, `suuuper` as `super`."""
        for letters in (r"\1\1", r"\1"):
            if (shorter := _REPEATED.sub(letters, token)) != token:
                meaning = self._meaning(shorter)
                if meaning is not None or shorter in self._paired:
                    return replace(meaning or Meaning((), ()), instead=shorter)
        return None

    def _close(self, token: str) -> Meaning | None:
        for variant in _deletions(token):
            if (word := self._typos.get(variant)) and word[0] == token[0] and _one_apart(word, token):
                return self._meaning(word)
        return None

    def _spelled(self, token: str) -> str:
        meaning = self[token]
        return token if meaning is None or meaning.instead is None else meaning.instead

    def find(self, tokens: Sequence[str]) -> Found:
        """Every concept in the text with its positions; a phrase stands where it begins."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        candidates: list[tuple[int, Sequence[Phrase]]] = []
        stretched = False
        for at, meaning in enumerate(map(self.__getitem__, tokens)):
            if meaning is not None:
                for concept in meaning.concepts:
                    found[concept].append(at)
                if meaning.phrases:
                    candidates.append((at, meaning.phrases))
                if meaning.instead is not None:
                    stretched = True
        found.default_factory = None
        if stretched:
            tokens = [self._spelled(token) for token in tokens]
        pairs = map(self._entries.pairs.get, pairwise(tokens))
        candidates += [(at, phrases) for at, phrases in enumerate(pairs) if phrases]
        ends = _add_phrases(found, tokens, candidates)
        return Found(found, ends)


def _add_phrases(
    hits: Hits, tokens: Sequence[str], candidates: Iterable[tuple[int, Sequence[Phrase]]]
) -> dict[int, int]:
    ends: dict[int, int] = {}
    for at, phrases in candidates:
        for phrase in phrases:
            if span := phrase.found(tokens, at):
                hits.setdefault(phrase.concept, []).append(span[0])
                ends[span[0]] = max(span[1], ends.get(span[0], 0))
    return ends


def vocabularies(model: LanguageModel) -> dict[str, Vocabulary]:
    """One vocabulary for each main language, and `*` for any other."""
    lines = [line for name in CONCEPT_FILES for line in rows(f"concepts/{name}")]
    made = {code: _vocabulary(lines, code, model) for code in _MAIN}
    made["*"] = _vocabulary(lines, "*", model)
    return made


def _vocabulary(lines: Iterable[Sequence[str]], code: str, model: LanguageModel) -> Vocabulary:
    entries = _Entries()
    ordinary = frozenset(word for word, listed in model.listed.items() if code == "*" or code in listed)
    for concept, language, listed in lines:
        own = language == "*" or code in ("*", language)
        for entry in filter(None, map(str.strip, listed.split(","))):
            if own or (code == "nl" and _lendable(entry, language, ordinary)):
                entries.add(concept, entry)
    return Vocabulary(entries, ordinary, _CLOSE_ENOUGH[code])


def _lendable(entry: str, language: str, ordinary: frozenset[str]) -> bool:
    return language == "en" and not entry.endswith("*") and not entry.startswith("*") and entry not in ordinary


def _deletions(word: str) -> set[str]:
    return {word} | {word[:cut] + word[cut + 1 :] for cut in range(1, len(word))}


def _typo_index(words: Iterable[str]) -> dict[str, str]:
    return {variant: word for word in sorted(words) for variant in _deletions(word)}


def _one_apart(first: str, second: str) -> bool:
    """One letter more, less, other, or two neighbours swapped."""
    if abs(len(first) - len(second)) > 1:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    one, two = first[start:], second[start:]
    return one[1:] == two[1:] or one[1:] == two or one == two[1:] or (one[:2] == two[1::-1] and one[2:] == two[2:])
