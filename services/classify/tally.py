"""What a second model would have said of the same mentions: counts, and the few mentions worth looking at."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from contracts.mentions import Mention, Verdict

HEADS = ("lang", "urgency", "sentiment", "intent", "care")
PAGED = "critical"
"""The urgency that wakes somebody, whatever the confidence (as the router has it)."""
EXAMPLES = 50


class Difference(msgspec.Struct, frozen=True):
    """How two verdicts on one mention differ."""

    mention_id: str
    changed: tuple[str, ...]
    """Heads that differ."""
    present: str
    shadow: str
    """The urgencies."""

    @property
    def gained(self) -> bool:
        """Only the shadow would have paged somebody."""
        return self.shadow == PAGED != self.present

    @property
    def lost(self) -> bool:
        """Only the present model pages somebody."""
        return self.present == PAGED != self.shadow


def difference(mention: Mention, present: Verdict, shadow: Verdict) -> Difference:
    """The difference of two verdicts."""
    changed = tuple(head for head in HEADS if getattr(present, head) != getattr(shadow, head))
    return Difference(mention.id, changed, present.urgency, shadow.urgency)


class Tally(msgspec.Struct, kw_only=True):
    """What one process counted of two models. `examples` are ids of mentions, the newest last, at most EXAMPLES."""

    present: str
    shadow: str
    since: datetime
    until: datetime
    mentions: int = 0
    changed: dict[str, int] = {}
    """Mentions by head that differs."""
    urgency: dict[str, int] = {}
    """Mentions by ``from->to`` where the urgency differs."""
    gained: int = 0
    lost: int = 0
    gained_examples: list[str] = []
    lost_examples: list[str] = []

    def add(self, differences: Iterable[Difference], at: datetime) -> None:
        """Count these."""
        self.until = at
        for each in differences:
            self.mentions += 1
            for head in each.changed:
                self.changed[head] = self.changed.get(head, 0) + 1
            if each.present != each.shadow:
                move = f"{each.present}->{each.shadow}"
                self.urgency[move] = self.urgency.get(move, 0) + 1
            self.gained += each.gained
            self.lost += each.lost
            if each.gained:
                self.gained_examples = _newest(self.gained_examples, [each.mention_id])
            elif each.lost:
                self.lost_examples = _newest(self.lost_examples, [each.mention_id])


def summed(tallies: Sequence[Tally]) -> list[Tally]:
    """One tally for each pair of models, the newest pair first."""
    pairs: dict[tuple[str, str], Tally] = {}
    for each in sorted(tallies, key=lambda tally: tally.until):
        pair = (each.present, each.shadow)
        pairs[pair] = _sum(pairs[pair], each) if pair in pairs else each
    return sorted(pairs.values(), key=lambda tally: tally.until, reverse=True)


def _sum(one: Tally, newer: Tally) -> Tally:
    return Tally(
        present=one.present,
        shadow=one.shadow,
        since=min(one.since, newer.since),
        until=newer.until,
        mentions=one.mentions + newer.mentions,
        changed=_added(one.changed, newer.changed),
        urgency=_added(one.urgency, newer.urgency),
        gained=one.gained + newer.gained,
        lost=one.lost + newer.lost,
        gained_examples=_newest(one.gained_examples, newer.gained_examples),
        lost_examples=_newest(one.lost_examples, newer.lost_examples),
    )


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted(one.keys() | other.keys())}


def _newest(older: Sequence[str], newer: Sequence[str]) -> list[str]:
    return [*(each for each in older if each not in newer), *newer][-EXAMPLES:]
