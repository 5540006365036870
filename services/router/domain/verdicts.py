"""How a verdict weighs: levels of urgency, what an unsure one counts as, and which item goes first."""

from contracts.mentions import Care, Intent, Urgency, Verdict

LEVELS: tuple[Urgency, ...] = ("low", "normal", "high", "critical")
"""From least to most urgent."""

_RANK = {level: rank for rank, level in enumerate(LEVELS)}
_CARE: dict[Care, int] = {"none": 0, "community": 1, "webcare": 2}
_ASKS: frozenset[Intent] = frozenset({"complaint", "question"})


def effective(verdict: Verdict) -> Urgency:
    """The urgency to act on: one level higher where the verdict is unsure, though never critical."""
    if not verdict.unsure or verdict.urgency in ("high", "critical"):
        return verdict.urgency
    return LEVELS[_RANK[verdict.urgency] + 1]


def more_urgent(one: Urgency, other: Urgency) -> bool:
    """Whether `one` is above `other`."""
    return _RANK[one] > _RANK[other]


def stronger_care(one: Care, other: Care) -> Care:
    """The one that asks more of a person."""
    return one if _CARE[one] >= _CARE[other] else other


def priority(urgency: Urgency, intent: Intent, care: Care) -> int:
    """Lower goes first: harm, then whether somebody needs help, then whether an answer is asked for.

    Within one priority the desk orders by due time and age, so waiting and overdue items rise by themselves.
    """
    harm = (len(LEVELS) - 1 - _RANK[urgency]) * 100
    return harm + (2 - _CARE[care]) * 10 + (0 if intent in _ASKS else 1)
