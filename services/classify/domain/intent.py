"""What the writer wants: evidence per intent, then the first that fits.

Evidence is a sum over concepts, each counted at most twice, with the values in `data/intent.tsv`. Complaint stands
before question and question before compliment, so each has a head start over the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import msgspec

from contracts.mentions import Intent
from services.classify.domain.resources import rows
from services.classify.domain.text import LINK
from services.classify.domain.vocabulary import Hits

_SLOPE = 1.2
_TOLD = 0.4
"""Concepts with more evidence than this are named as reasons."""
_INTENTS: tuple[Intent, ...] = ("spam", "complaint", "question", "compliment", "remark")
_ENOUGH = 8.0
_MOST = exp(_SLOPE * _ENOUGH)
_Row = tuple[float, float, float, float, float]


class Wish(msgspec.Struct, frozen=True):
    """The intent, how sure, how likely it needs an answer, and the places that carried it."""

    intent: Intent
    p: float
    needs_answer: float
    places: tuple[int, ...]


@dataclass(slots=True)
class _Scores:
    """Evidence per intent, in their order."""

    spam: float
    complaint: float
    question: float
    compliment: float
    remark: float


class IntentModel:
    """Values of concepts per intent. Immutable once made."""

    def __init__(self, values: dict[str, dict[str, float]]) -> None:
        self._start = _row(values.pop("start"))
        self._once = {concept: _row(by_intent) for concept, by_intent in values.items()}
        self._often = {concept: _row(by_intent, 2) for concept, by_intent in values.items()}
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
        scores = self._evidence(hits)
        scores.complaint += min(trouble, 4.0) * 0.55 - 0.45 * mood
        scores.compliment += 0.9 * mood
        _shape(scores, tokens, hits)
        return self._decide(scores, hits)

    def _evidence(self, hits: Hits) -> _Scores:
        once, often = self._once, self._often
        spam, complaint, question, compliment, remark = self._start
        for concept, places in hits.items():
            if concept in once:
                row = once[concept] if len(places) == 1 else often[concept]
                spam += row[0]
                complaint += row[1]
                question += row[2]
                compliment += row[3]
                remark += row[4]
        return _Scores(spam, complaint, question, compliment, remark)

    def _decide(self, scores: _Scores, hits: Hits) -> Wish:
        evidence = (scores.spam, scores.complaint, scores.question, scores.compliment, scores.remark)
        weights = [exp(_SLOPE * score) if score < _ENOUGH else _MOST for score in evidence]
        total = sum(weights)
        most = max(weights)
        best = _INTENTS[weights.index(most)]
        speaking = self._speaking[best]
        places = {at for concept in hits if concept in speaking for at in hits[concept]}
        needs = (weights[1] + weights[2]) / total
        return Wish(best, most / total, needs, tuple(sorted(places)))


def _row(by_intent: dict[str, float], times: int = 1) -> _Row:
    spam, complaint, question, compliment, remark = (by_intent.get(intent, 0.0) * times for intent in _INTENTS)
    return spam, complaint, question, compliment, remark


def _shape(scores: _Scores, tokens: Sequence[str], hits: Hits) -> None:
    """What no single word tells: a question mark, nothing but a link, an own case or none."""
    if "asks" in hits:
        scores.question += 1.8
    if not _has_word(tokens):
        scores.spam += 2.5 if LINK in tokens else 0.0
        scores.remark += 0.5
    if "own" not in hits and "you" not in hits:
        scores.complaint -= 0.25
        scores.remark += 0.3
    if "spamword" in hits and LINK in hits.get("spamlink", tokens):
        scores.spam += 1.2


def _has_word(tokens: Sequence[str]) -> bool:
    if not tokens:
        return False
    return tokens[0][0].isalpha() or any(token[0].isalpha() for token in tokens)
