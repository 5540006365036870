"""Verdicts of a batch of texts in one language."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from contracts.mentions import Reason, Urgency, Verdict
from services.classify.domain.decide import Decisions, decide
from services.classify.domain.heads import CARE, HEADS, INTENT, SENTIMENT, URGENCY
from services.classify.domain.reasons import Heaviest, Told, weighed
from services.classify.domain.signals import PRIVATE, SignalTable
from services.classify.domain.weigh import Weigher

_MOST_WORDS = 3
SILENT: Final = frozenset({"own_dealings", "addressed", "negation", "asks", "body"})
"""Signals that weigh, and that tell nobody why."""
ACCUSATION: Final = "grave_accusation"
JOKE: Final = "joke"
_HURRY: Final = ("critical", "high")
_SURE = 0.8
"""The chance of a level that something beside the text gives."""
_SENTIMENT, _INTENT = HEADS[1].start, HEADS[2].start


class Case(NamedTuple):
    """A text on its way to a verdict."""

    words: list[str]
    lang: str
    signature: int
    sketch: bytes
    private: bool
    """It shows private data where everybody can read it."""
    reach: bool
    """Very many people follow who wrote it."""


class _Haste(NamedTuple):
    urgency: Urgency
    p: float
    p_critical: float
    p_high: float


class Judge:
    """Judges texts with the weights and signals of one language."""

    def __init__(
        self, name: str, weigher: Weigher, decisions: Decisions, table: SignalTable, confidence: float
    ) -> None:
        self._name = name
        self._weigher = weigher
        self._decisions = decisions
        self._table = table
        self._confidence = confidence
        self._silent = [place for place, code in enumerate(table.codes) if code in SILENT]
        self._private, self._accusation, self._joke = (
            1 << table.codes.index(code) for code in (PRIVATE, ACCUSATION, JOKE)
        )

    def judge(self, cases: Sequence[Case]) -> list[Verdict]:
        """One verdict per case, in order."""
        if not cases:
            return []
        beside = [self._private if case.private else 0 for case in cases]
        scores = self._weigher.score([case.words for case in cases], beside)
        decided = decide(scores.classes, self._decisions)
        chances, won = decided.chances.tolist(), decided.won.tolist()
        why = weighed(scores, decided, self._silent)
        said = [
            [scores.said.words(text, case.words, 1 << place, _MOST_WORDS) for place, _ in each.signals]
            for text, (case, each) in enumerate(zip(cases, why, strict=True))
        ]
        return list(map(self._verdict, cases, scores.signals.tolist(), why, said, chances, won))

    def _verdict(
        self,
        case: Case,
        signals: int,
        heaviest: Heaviest,
        said: Sequence[tuple[str, ...]],
        chances: Sequence[float],
        won: Sequence[int],
    ) -> Verdict:
        haste = _Haste(URGENCY[won[0]], chances[won[0]], chances[0], chances[1])
        raised = self._raised(case, signals, haste)
        urgent = raised or haste
        sentiment, intent = SENTIMENT[won[1]], INTENT[won[2]]
        return Verdict(
            lang=case.lang,
            sentiment=sentiment,
            sentiment_p=chances[_SENTIMENT + won[1]],
            urgency=urgent.urgency,
            urgency_p=urgent.p,
            urgency_p_critical=urgent.p_critical,
            urgency_p_high=urgent.p_high,
            intent=intent,
            intent_p=chances[_INTENT + won[2]],
            care="webcare" if urgent.urgency in _HURRY else CARE[won[3]],
            unsure=urgent.p < self._confidence,
            reasons=self._reasons(case.words, urgent, raised, heaviest, said, sentiment, intent),
            signature=case.signature,
            sketch=case.sketch,
            model=self._name,
        )

    def _raised(self, case: Case, signals: int, haste: _Haste) -> _Haste | None:
        """What no text can tell: the reach of who accuses, and private data where everybody reads it."""
        if case.reach and signals & self._accusation and not signals & self._joke and haste.urgency != "critical":
            return _Haste("critical", _SURE, _SURE, haste.p_high * (1 - _SURE))
        if case.private and haste.urgency in ("normal", "low"):
            return _Haste("high", _SURE, min(haste.p_critical, 1 - _SURE), _SURE)
        return None

    def _reasons(
        self,
        words: Sequence[str],
        urgent: _Haste,
        raised: _Haste | None,
        heaviest: Heaviest,
        said: Sequence[tuple[str, ...]],
        sentiment: str,
        intent: str,
    ) -> tuple[Reason, ...]:
        effect = f"urgency:{urgent.urgency}"
        reasons = [_beside(raised, effect)] if raised else []
        for (place, weight), words_said in zip(heaviest.signals, said, strict=True):
            reasons.append(Reason(code=self._table.codes[place], words=words_said, effect=effect, weight=weight))
        if heaviest.urgency.places:
            reasons.append(_wording("wording", words, heaviest.urgency, effect))
        if heaviest.sentiment.places:
            reasons.append(_wording("feeling", words, heaviest.sentiment, f"sentiment:{sentiment}"))
        reasons.append(_wording(intent, words, heaviest.intent, f"intent:{intent}"))
        return tuple(reasons)


def _beside(raised: _Haste, effect: str) -> Reason:
    code = "reach_with_accusation" if raised.urgency == "critical" else PRIVATE
    return Reason(code=code, effect=effect, weight=_SURE)


def _wording(code: str, words: Sequence[str], told: Told, effect: str) -> Reason:
    return Reason(code=code, words=tuple([words[place] for place in told.places]), effect=effect, weight=told.weight)
