"""What the writer feels about the organisation, from words with a value.

Values come from the concepts in `data/sentiment.tsv` and, for Dutch words that no concept covers, from the lexicon of
Pattern (`data/pattern_nl_sentiment.csv`). A negation turns a value around, an intensifier raises it, and praise next
to trouble counts as sarcasm or as a footnote unless something was put right.
"""

from collections.abc import Sequence
from math import exp

import msgspec

from contracts.mentions import Intent, Sentiment
from services.classify.domain.resources import records, rows
from services.classify.domain.text import BREAKS
from services.classify.domain.vocabulary import Found, Hits

_PATTERN_SHARE = 0.7
_PATTERN_LEAST = 0.25
_NEUTRAL = 0.5
_SLOPE = 2.4
_OF_NEUTRAL = exp(_SLOPE * _NEUTRAL)
_SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
_REAL_TROUBLE = 2.5
_TROUBLE = 0.45
_COMPLAINS = 0.5
_POLITE = 0.9
_ASKING = 0.4
_HEATED = frozenset({"displeasure", "strongneg", "annoyed", "sarcasm", "noreply", "discrim"})
"""Where these stand, a polite form does not make it a statement of fact."""


class Mood(msgspec.Struct, frozen=True):
    """Displeasure and praise in the words, and the value at each place."""

    negative: float
    positive: float
    values: dict[int, float]


class Feeling(msgspec.Struct, frozen=True):
    """The sentiment, how sure, and the places that carried it."""

    sentiment: Sentiment
    p: float
    negative: float
    positive: float
    places: tuple[int, ...]


class SentimentLexicon:
    """Values of concepts and words. Immutable once made."""

    def __init__(self, concepts: dict[str, float], words: dict[str, float]) -> None:
        self._concepts = concepts
        self._words = words

    @classmethod
    def load(cls) -> "SentimentLexicon":
        concepts = {concept: float(value) for concept, value in rows("sentiment.tsv")}
        return cls(concepts, _pattern_words())

    def mood(self, tokens: Sequence[str], found: Found, language: str) -> Mood:
        """What the words of a text say, whose concepts were found."""
        values = self._values(tokens, found, language)
        if not values:
            return Mood(0.0, 0.0, values)
        _turn(values, tokens, found.hits)
        negative, positive = 0.0, 0.0
        for value in values.values():
            if value < 0:
                negative -= value
            else:
                positive += value
        return Mood(negative, positive * _credibility(negative, found.hits), values)

    def _values(self, tokens: Sequence[str], found: Found, language: str) -> dict[int, float]:
        values: dict[int, float] = {}
        concepts = self._concepts
        for concept, places in found.hits.items():
            if concept in concepts:
                value = concepts[concept]
                for at in places:
                    if abs(value) > abs(values.get(at, 0.0)):
                        values[at] = value
        if language == "nl" and not self._words.keys().isdisjoint(tokens):
            get = self._words.get
            for at, token in enumerate(tokens):
                if (polarity := get(token)) is not None and at not in values:
                    values[at] = polarity
        return values


def _pattern_words() -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for record in records("pattern_nl_sentiment.csv"):
        sums.setdefault(record["form"].lower(), []).append(float(record["polarity"]))
    means = {form: sum(values) / len(values) for form, values in sums.items()}
    return {form: _PATTERN_SHARE * mean for form, mean in means.items() if abs(mean) >= _PATTERN_LEAST}


def _turn(values: dict[int, float], tokens: Sequence[str], hits: Hits) -> None:
    for at in hits.get("intensifier", ()):
        if at + 1 in values:
            values[at + 1] *= 1.4
    for at in hits.get("neg", ()):
        for place in range(at + 1, min(at + 4, len(tokens))):
            if tokens[place][0] in BREAKS:
                break
            if place in values:
                values[place] *= -0.7 if values[place] > 0 else -0.3
                break


def _credibility(negative: float, hits: Hits) -> float:
    """How much of the praise to believe."""
    if "fixed" in hits:
        return 1.1
    if "sarcasm" in hits and negative >= 0.5:
        return 0.15
    return 0.55 if negative >= 1.0 else 1.0


def settle(mood: Mood, hits: Hits, trouble: float, intent: Intent) -> Feeling:
    """The feeling, given the evidence of urgency and what the writer wants.

    Trouble and complaints are unpleasant without unpleasant words; who asks politely or asks at all states a fact,
    and what sells something feels nothing.
    """
    if intent == "spam":
        return _decide(0.0, 0.0, {})
    negative = mood.negative + (_TROUBLE if trouble >= _REAL_TROUBLE else 0.0)
    negative += _COMPLAINS if intent == "complaint" else 0.0
    if hits.keys().isdisjoint(_HEATED):
        if "polite" in hits:
            negative = max(0.0, negative - _POLITE)
        if intent == "question":
            negative *= _ASKING
    return _decide(negative, mood.positive, mood.values)


def _decide(negative: float, positive: float, values: dict[int, float]) -> Feeling:
    weights = (
        exp(_SLOPE * min(negative - 0.5 * positive, 3.0)),
        _OF_NEUTRAL,
        exp(_SLOPE * min(positive - 0.7 * negative, 3.0)),
    )
    most = max(weights)
    best = weights.index(most)
    side = best - 1
    places = tuple(sorted([at for at, value in values.items() if value * side > 0])) if side and values else ()
    return Feeling(_SENTIMENTS[best], most / sum(weights), negative, positive, places)
