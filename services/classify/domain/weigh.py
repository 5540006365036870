"""Scores of a batch, in a few passes over arrays; and what each token and signal added, for the reasons."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from services.classify.domain.heads import COLUMNS
from services.classify.domain.signals import Phrase, SignalTable
from services.classify.domain.subwords import known_as, pieces
from services.classify.domain.weights import (
    AND,
    END,
    LONGEST,
    START,
    USUAL_LENGTH,
    WIDTH,
    Floats,
    Pairs,
    Weights,
    Whole,
)

MOST_TOKENS = 400
"""What a text says is said by then."""
_MOST_REMEMBERED = 60_000
_LONGEST_REMEMBERED = 60
_UNKNOWN = -1
_FIRST_EMOJI = 0x2600
_FEW = 1024


@dataclass(frozen=True, slots=True)
class Scores:
    """Of each text a score per class, and what is needed to say what each of its distinct tokens added."""

    classes: Floats
    token_text: Whole
    """To which text a distinct token belongs; rising."""
    token_at: Whole
    """Where in its text the token first stands."""
    tellable: npt.NDArray[np.bool_]
    """Whether a token can be named as a reason: a word or an emoji that is no function word."""
    tokens: "Tokens"
    signals: Whole
    """The signals of each text, as bits."""
    said: "Said"
    signal_weights: Floats
    """What each signal adds to a class beyond the mean of its head, a row for each."""
    signal_norms: Floats
    """By what that is divided in each text."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the distinct tokens of a batch added, worked out for one class of each text at a time."""

    beyond: Floats
    """Of each remembered token, what its word and then its pieces add to a class beyond the mean of the head."""
    places: Whole
    words: Floats
    """By what the share of the word is divided, for each token."""
    pieces: Floats

    def added(self, column: Whole) -> Floats:
        """What each token added to a class of its text, beyond what it added on average to the classes of that head."""
        flat, start = self.beyond.reshape(-1), self.places * (2 * COLUMNS) + column
        found: Floats = flat[start] / self.words + flat[start + COLUMNS] / self.pieces
        return found


@dataclass(frozen=True, slots=True)
class Said:
    """Where the signals of a batch stand."""

    starts: list[int]
    bits: list[int]
    """The signals of each token, text after text."""
    phrases: dict[int, list[Phrase]]
    """By text."""

    def words(self, text: int, words: Sequence[str], bit: int, most: int) -> tuple[str, ...]:
        """The words and phrases of a text that gave a signal, at most so many."""
        start = self.starts[text]
        mine = self.bits[start : start + len(words)]
        told = [word for word, bits in zip(words, mine, strict=False) if bits & bit]
        told += [" ".join(phrase.words) for phrase in self.phrases.get(text, ()) if phrase.bit & bit]
        return tuple(dict.fromkeys(told[:most]))


class Weigher:
    """Scores texts with the weights of one language. Its memory of words is bounded and never changes a result."""

    def __init__(self, weights: Weights, table: SignalTable, silent: Set[str]) -> None:
        self._weights = weights
        self._table = table
        self._memory = _Memory(weights, table, silent)
        self._start, self._end = weights.words.row_of(START), weights.words.row_of(END)
        self._count = len(weights.words.index)
        self._bits = np.arange(len(table.codes), dtype=np.int64)
        places = [weights.signals.row_of(code) for code in table.codes]
        self._signals = weights.signals.rows[places].astype(np.float64)
        self._beyond = weights.signals.beyond[places]
        self._both = _both(weights, table)

    def score(self, texts: Sequence[Sequence[str]], beside: Sequence[int]) -> Scores:
        """Scores of tokenised texts, in order; `beside` are signals that stand beside the words of each."""
        memory = self._memory
        memory.forget_if_full()
        cut = [tokens if len(tokens) <= MOST_TOKENS else tokens[:MOST_TOKENS] for tokens in texts]
        sizes = np.fromiter(map(len, cut), np.int64, len(cut))
        places = np.fromiter(map(memory.__getitem__, chain.from_iterable(cut)), np.int64, int(sizes.sum()))
        of = np.repeat(np.arange(len(cut)), sizes)
        starts = np.cumsum(sizes) - sizes
        first, text = _distinct(places, of)
        sums = _sums(memory.rows[places[first]], text, len(cut))
        words, parts = np.ascontiguousarray(sums[:, :WIDTH]), sums[:, WIDTH:]
        self._add_pairs(words, memory.known[places], of, sizes)
        phrases = self._phrases(cut, places, of, starts)
        bits = memory.signals[places]
        signals = _signals(bits, of, phrases, beside)
        told = self._told(signals)
        length = np.minimum(sizes / USUAL_LENGTH, LONGEST).astype(np.float32)
        scores = self._weights.start + length[:, None] * self._weights.length
        return Scores(
            classes=scores + _scaled(words, words) + _scaled(parts, parts) + _scaled(told, told),
            token_text=text,
            token_at=first - starts[text],
            tellable=memory.tellable[places[first]],
            tokens=Tokens(memory.beyond, places[first], _norms(words)[text, 0], _norms(parts)[text, 0]),
            signals=signals,
            said=Said(starts.tolist(), bits.tolist(), phrases),
            signal_weights=self._beyond,
            signal_norms=_norms(told),
        )

    def _phrases(
        self, texts: Sequence[Sequence[str]], places: Whole, of: Whole, starts: Whole
    ) -> dict[int, list[Phrase]]:
        found: dict[int, list[Phrase]] = {}
        memory = self._memory
        pairs = self._table.in_phrases(memory.firsts[places[:-1]], memory.seconds[places[1:]])
        there = np.flatnonzero(pairs & (of[:-1] == of[1:]))
        text = of[there]
        for mine, at in zip(text.tolist(), (there - starts[text]).tolist(), strict=True):
            if phrases := self._table.phrases(texts[mine], at):
                found.setdefault(mine, []).extend(phrases)
        return found

    def _told(self, signals: Whole) -> Floats:
        """What the signals of each text add: each alone, and each with every other.

        In double precision: how a product of matrices sums depends on how many texts there are, a verdict must not.
        """
        there = (signals[:, None] >> self._bits & 1).astype(np.float64)
        both = (there @ self._both).reshape(len(signals), len(self._bits), WIDTH)
        told = there @ self._signals + np.matmul(there[:, None, :], both)[:, 0]
        rounded: Floats = told.astype(np.float32)
        return rounded

    def _add_pairs(self, sums: Floats, known: Whole, of: Whole, sizes: Whole) -> None:
        """Neighbours, with the borders of the text as words; and words with one between."""
        texts = len(sizes)
        bordered = np.full(len(known) + 2 * texts, self._end, np.int64)
        bordered[np.arange(len(known)) + 2 * of + 1] = known
        bordered[np.cumsum(sizes + 2) - (sizes + 2)] = self._start
        text = np.repeat(np.arange(texts), sizes + 2)
        for pairs, apart in ((self._weights.neighbours, 1), (self._weights.near, 2)):
            left, right = bordered[:-apart], bordered[apart:]
            usable = (text[:-apart] == text[apart:]) & (left >= 0) & (right >= 0)
            self._add(sums, pairs, (left * self._count + right)[usable], text[:-apart][usable])

    def _add(self, sums: Floats, pairs: Pairs, keys: Whole, text: Whole) -> None:
        place = pairs.find(keys)
        there = place >= 0
        sums += _sums(pairs.rows[place[there]], text[there], len(sums))


class _Memory(dict[str, int]):
    """Tokens by their place in arrays: what the word adds, then what its pieces add, and its signals."""

    def __init__(self, weights: Weights, table: SignalTable, silent: Set[str]) -> None:
        super().__init__()
        self._weights = weights
        self._table = table
        self._silent = silent
        self.rows: Floats = np.zeros((_FEW, 2 * WIDTH), np.float32)
        self.beyond: Floats = np.zeros((_FEW, 2 * COLUMNS), np.float32)
        self.known: Whole = np.zeros(_FEW, np.int64)
        self.signals: Whole = np.zeros(_FEW, np.int64)
        self.tellable = np.zeros(_FEW, np.bool_)
        self.firsts: Whole = np.zeros(_FEW, np.int64)
        self.seconds: Whole = np.zeros(_FEW, np.int64)
        self._used = 0

    def __missing__(self, token: str) -> int:
        place = self._used
        if place == len(self.rows):
            self._grow()
        self._fill(place, token)
        self._used += 1
        if len(token) <= _LONGEST_REMEMBERED:
            self[token] = place
        return place

    def _grow(self) -> None:
        for name in ("rows", "beyond", "known", "signals", "tellable", "firsts", "seconds"):
            held = getattr(self, name)
            setattr(self, name, np.concatenate([held, np.zeros_like(held)]))

    def _fill(self, place: int, token: str) -> None:
        word = known_as(token)
        words, parts = self._weights.words, self._weights.pieces
        known = words.row_of(word)
        self.known[place] = known
        self.rows[place, :WIDTH] = words.rows[known]
        self.beyond[place, :COLUMNS] = words.beyond[known]
        found = [at for at in map(parts.index.get, pieces(word)) if at is not None]
        self.rows[place, WIDTH:] = np.add.reduce(parts.rows[found])
        self.beyond[place, COLUMNS:] = np.add.reduce(parts.beyond[found])
        self.signals[place] = self._table.of_word(word)
        self.firsts[place], self.seconds[place] = self._table.pairs_up(token)
        self.tellable[place] = token not in self._silent and _is_word(token)

    def forget_if_full(self) -> None:
        """Between batches only: within one, places must hold."""
        if self._used > _MOST_REMEMBERED:
            self.clear()
            self._used = 0


def _signals(bits: Whole, of: Whole, phrases: Mapping[int, Sequence[Phrase]], beside: Sequence[int]) -> Whole:
    signals = np.array(beside, np.int64)
    if len(of):
        first = np.flatnonzero(np.concatenate(([True], of[1:] != of[:-1])))
        signals[of[first]] |= np.bitwise_or.reduceat(bits, first)
    for text, there in phrases.items():
        for phrase in there:
            signals[text] |= phrase.bit
    return signals


def _both(weights: Weights, table: SignalTable) -> npt.NDArray[np.float64]:
    """What two signals add together: a row for the first, and for each second `WIDTH` columns."""
    rows = [
        weights.signals.rows[weights.signals.row_of(first + AND + second)] if at < other else weights.signals.rows[-1]
        for at, first in enumerate(table.codes)
        for other, second in enumerate(table.codes)
    ]
    return np.concatenate(rows).reshape(len(table.codes), -1).astype(np.float64)


def _is_word(token: str) -> bool:
    return any(map(str.isalpha, token)) or ord(token[0]) >= _FIRST_EMOJI


def _distinct(places: Whole, of: Whole) -> tuple[Whole, Whole]:
    """The first stand of each token in each text, and the text; both rising by text."""
    keys = of * (int(places.max(initial=0)) + 1) + places
    _, first = np.unique(keys, return_index=True)
    return first, of[first]


def _sums(rows: Floats, text: Whole, texts: int) -> Floats:
    """Sums of rows by text; `text` rises, and some texts may have none."""
    sums = np.zeros((texts, rows.shape[1]), np.float32)
    if len(text):
        starts = np.flatnonzero(np.concatenate(([True], text[1:] != text[:-1])))
        sums[text[starts]] = np.add.reduceat(rows, starts, axis=0)
    return sums


def _norms(rows: Floats) -> Floats:
    norms: Floats = np.sqrt(np.maximum(rows[:, COLUMNS:], 1e-12))
    return norms


def _scaled(rows: Floats, sums: Floats) -> Floats:
    scaled: Floats = rows[:, :COLUMNS] / _norms(sums)
    return scaled
