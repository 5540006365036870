"""What people say a verdict should have been, and what they say together."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from contracts.mentions import Care, Intent, Sentiment, Urgency

HEADS = ("urgency", "sentiment", "intent", "care", "lang")
"""What of a verdict can be corrected, by the names that the verdict has for it."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What one person says the verdict on one mention should have been; what is None they say nothing about.

    A person's newer correction of a mention takes the place of their older one, as a whole.
    """

    mention_id: str
    person: str
    revision: int
    """The revision of the mention whose text the person judged: an edit may say something else."""
    brand: str
    at: datetime
    settles: bool
    """The person was a lead or an admin: their word decides where others differ."""
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    intent: Intent | None = None
    care: Care | None = None
    lang: str | None = None
    """ISO 639-1 code, or ``und`` where it cannot be told."""

    def said(self) -> dict[str, str]:
        """What the person said, by head."""
        return {head: value for head in HEADS if (value := getattr(self, head)) is not None}

    def says_as(self, other: "Correction | None") -> bool:
        """Whether it says the same of the same text."""
        return other is not None and other.revision == self.revision and other.said() == self.said()


class Consensus(msgspec.Struct, frozen=True):
    """What people say together: the heads that stand, and those about which they differ."""

    agreed: dict[str, str]
    disputed: tuple[str, ...]


def together(given: Iterable[Correction]) -> Consensus:
    """Head by head, from the newest word of each person.

    Where a lead or an admin said something, the newest of their words stands. Else it stands where all who said
    something say the same, and is disputed where they differ, until somebody changes their word or a lead decides.
    """
    words = _newest(given)
    agreed: dict[str, str] = {}
    disputed: list[str] = []
    for head in HEADS:
        said = [(word, value) for word in words if (value := word.said().get(head)) is not None]
        deciding = [value for word, value in said if word.settles]
        if deciding:
            agreed[head] = deciding[-1]
        elif len({value for _, value in said}) == 1:
            agreed[head] = said[0][1]
        elif said:
            disputed.append(head)
    return Consensus(agreed, tuple(disputed))


def _newest(given: Iterable[Correction]) -> Sequence[Correction]:
    """The newest correction of each person, oldest first."""
    newest = {each.person: each for each in sorted(given, key=_order)}
    return sorted(newest.values(), key=_order)


def _order(correction: Correction) -> tuple[datetime, str, str]:
    return correction.at, correction.person, correction.mention_id
