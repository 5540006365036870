"""How fast a person must see it: the first level whose evidence is strong enough.

The evidence for a level is its strongest signal plus half of each other one. A logistic curve makes it a probability.
The curves and weights were set by hand against some eleven hundred messages written for this project, which hold far
more danger than real traffic does. So the probabilities order well, and are neither fitted nor measured on the traffic
of any organisation. Danger that stays below a page still speaks for the level under it: such a verdict is unsure.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp

import msgspec

from contracts.mentions import Urgency
from services.classify.domain.rules import Signal

_SLOPE = 1.4
_MIDDLE = {"critical": 3.3, "high": 2.7}
_LEAST = {"critical": 0.02, "high": 0.05}
"""What stays possible without any signal: words we do not know."""
_WITHOUT_ANCHOR = 0.6
_WEAK_DANGER = 0.8
"""Danger too weak for a page is evidence for a person within the hour."""


class Haste(msgspec.Struct, frozen=True):
    """The level, the chance of it, and the chances of the two upper levels."""

    urgency: Urgency
    p: float
    p_critical: float
    p_high: float


def evidence(signals: Sequence[Signal], level: str) -> float:
    """How much speaks for a level; a second rule of the same code says nothing new."""
    if not signals:
        return 0.0
    strongest: dict[str, float] = {}
    for signal in signals:
        if signal.effect == level:
            strongest[signal.code] = max(strongest.get(signal.code, 0.0), signal.weight)
    if not strongest:
        return 0.0
    top = max(strongest.values())
    return top + 0.5 * (sum(strongest.values()) - top)


def haste(critical: float, high: float, needs_answer: float, *, anchored: bool) -> Haste:
    """The level for this evidence; danger with no writer, reader or organisation in the text counts less: news."""
    share = 1.0 if anchored else _WITHOUT_ANCHOR
    p_critical = _chance(critical * share, "critical")
    p_high = (1 - p_critical) * _chance(max(high, _WEAK_DANGER * critical * share), "high")
    rest = 1 - p_critical - p_high
    p_normal = rest * needs_answer
    urgency, p = _first(p_critical, p_high, p_normal, rest - p_normal)
    return Haste(urgency, p, p_critical, p_high)


def _first(critical: float, high: float, normal: float, low: float) -> tuple[Urgency, float]:
    if critical >= 0.5:
        return "critical", critical
    if high >= 0.5 * (1 - critical):
        return "high", high
    return ("normal", normal) if normal >= low else ("low", low)


@lru_cache(maxsize=1024)
def _chance(strength: float, level: str) -> float:
    return max(_LEAST[level], 1 / (1 + exp(-_SLOPE * (strength - _MIDDLE[level]))))
