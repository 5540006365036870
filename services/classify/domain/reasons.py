"""Why a verdict is what it is: the words and signals that weighed most for each decision."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.classify.domain.decide import Decided
from services.classify.domain.heads import HEADS
from services.classify.domain.weigh import Scores
from services.classify.domain.weights import Floats, Whole

LEAST = 0.05
"""What adds less than this to a score, beyond what it adds on average to the classes of the head, is no reason."""
_NOBODY = -1
_WORDS = (2, 1, 1)
"""How many words are told for urgency, sentiment and intent."""
_SIGNALS = 2
_LEAST_SIGNAL = 0.15
"""A signal is one word of a wide list: it has to say more than a word does to be told."""


class Told(NamedTuple):
    """Places of the words that weighed most in their text, heaviest first, and how much they weighed together."""

    places: list[int]
    weight: float


class Heaviest(NamedTuple):
    """What weighed most in one text: words for three decisions, and signals for urgency."""

    urgency: Told
    sentiment: Told
    intent: Told
    signals: list[tuple[int, float]]
    """Places in the table, and how much each weighed, heaviest first."""


def weighed(scores: Scores, decided: Decided, silent: Sequence[int]) -> list[Heaviest]:
    """The heaviest words and signals of each text of a batch; `silent` are places of signals that are never told."""
    words = [_words(scores, decided, head) for head in range(len(_WORDS))]
    return list(map(Heaviest, *words, _signals(scores, decided, silent)))


def _words(scores: Scores, decided: Decided, head: int) -> list[Told]:
    value = scores.tokens.added(HEADS[head].start + decided.won[scores.token_text, head])
    value[~scores.tellable] = -np.inf
    texts = len(decided.won)
    rounds = [_heaviest(scores, value, texts) for _ in range(_WORDS[head])]
    places = zip(*(place.tolist() for place, _ in rounds), strict=True)
    together: list[float] = np.asarray([weight for _, weight in rounds], np.float64).sum(axis=0).round(2).tolist()
    told = [[place for place in mine if place != _NOBODY] for mine in places]
    return [Told(mine, weight) for mine, weight in zip(told, together, strict=True)]


def _heaviest(scores: Scores, value: Floats, texts: int) -> tuple[Whole, Floats]:
    """The heaviest word of each text; it is taken out of `value`, so that a second call gives the next."""
    row = _row_of_most(value, scores.token_text, texts)
    there = row >= 0
    place = np.full(texts, _NOBODY, np.int64)
    weight = np.zeros(texts, np.float32)
    place[there] = scores.token_at[row[there]]
    weight[there] = value[row[there]]
    value[row[there]] = -np.inf
    return place, weight


def _row_of_most(value: Floats, text: Whole, texts: int) -> Whole:
    """The row of the largest value of each text; none where it is less than LEAST."""
    row = np.full(texts, _NOBODY, np.int64)
    if len(text):
        starts = np.flatnonzero(np.concatenate(([True], text[1:] != text[:-1])))
        most = np.full(texts, np.inf, np.float32)
        most[text[starts]] = np.maximum(np.maximum.reduceat(value, starts), LEAST)
        at = np.flatnonzero(value >= most[text])[::-1]  # of equals the first stands
        row[text[at]] = at
    return row


def _signals(scores: Scores, decided: Decided, silent: Sequence[int]) -> list[list[tuple[int, float]]]:
    beyond = scores.signal_weights[:, HEADS[0].columns].astype(np.float64)
    there = (scores.signals[:, None] >> np.arange(len(beyond)) & 1).astype(np.bool_)
    there[:, list(silent)] = False
    value = np.where(there, beyond.T[decided.won[:, 0]] / scores.signal_norms, -np.inf)
    rows = np.arange(len(value))
    found: list[list[tuple[int, float]]] = [[] for _ in rows]
    for _ in range(_SIGNALS):
        place = value.argmax(axis=1)
        weight = value[rows, place]
        for text in np.flatnonzero(weight >= _LEAST_SIGNAL).tolist():
            found[text].append((int(place[text]), round(float(weight[text]), 2)))
        value[rows, place] = -np.inf
    return found
