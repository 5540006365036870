"""What the writer wants: evidence per intent, then the first that fits.

Evidence is a sum over concepts, each counted at most twice, with the values in `data/intent.tsv`. Complaint stands
before question and question before compliment, so each has a head start over the next.
"""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from contracts.mentions import Intent
from services.classify.domain.resources import rows
from services.classify.domain.text import LINK
from services.classify.domain.vocabulary import Hits

_SLOPE = 1.2
_TOLD = 0.4
"""Concepts with more evidence than this are named as reasons."""
_INTENTS: tuple[Intent, ...] = ("spam", "complaint", "question", "compliment", "remark")


class Wish(NamedTuple):
    """The intent, how sure, how likely it needs an answer, and the places that carried it."""

    intent: Intent
    p: float
    needs_answer: float
    places: tuple[int, ...]


class IntentModel:
    """Values of concepts per intent. Immutable once made."""

    def __init__(self, values: dict[str, dict[str, float]]) -> None:
        self._start = values.pop("start")
        self._values = {concept: tuple(by_intent.items()) for concept, by_intent in values.items()}
        self._speaking = {
            intent: frozenset(concept for concept, by_intent in values.items() if by_intent.get(intent, 0) > _TOLD)
            for intent in _INTENTS
        }

    @classmethod
    def load(cls) -> "IntentModel":
        values: dict[str, dict[str, float]] = {}
        for intent, concept, value in rows("intent.tsv"):
            values.setdefault(concept, {})[intent] = float(value)
        return cls(values)

    def wish(self, tokens: Sequence[str], hits: Hits, trouble: float, mood: float) -> Wish:
        """The intent of a text; `trouble` is the evidence of urgency, `mood` praise minus displeasure."""
        scores = dict(self._start)
        values = self._values
        for concept, places in hits.items():
            if concept in values:
                times = min(2, len(places))
                for intent, value in values[concept]:
                    scores[intent] += value * times
        scores["complaint"] += min(trouble, 4.0) * 0.55 - 0.45 * mood
        scores["compliment"] += 0.9 * mood
        _shape(scores, tokens, hits)
        return self._decide(scores, hits)

    def _decide(self, scores: dict[str, float], hits: Hits) -> Wish:
        weights = [exp(_SLOPE * min(scores[intent], 8.0)) for intent in _INTENTS]
        total = sum(weights)
        most = max(weights)
        best = _INTENTS[weights.index(most)]
        places = {at for concept in hits.keys() & self._speaking[best] for at in hits[concept]}
        needs = (weights[1] + weights[2]) / total
        return Wish(best, most / total, needs, tuple(sorted(places)))


def _shape(scores: dict[str, float], tokens: Sequence[str], hits: Hits) -> None:
    """What no single word tells: a question mark, nothing but a link, an own case or none."""
    if "asks" in hits:
        scores["question"] += 1.8
    if not any(token[0].isalpha() for token in tokens):
        scores["spam"] += 2.5 if LINK in tokens else 0.0
        scores["remark"] += 0.5
    if "own" not in hits and "you" not in hits:
        scores["complaint"] -= 0.25
        scores["remark"] += 0.3
    if "spamword" in hits and LINK in hits.get("spamlink", tokens):
        scores["spam"] += 1.2
