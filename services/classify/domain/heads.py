"""What a verdict decides, and in which order the classes of each decision stand in a row of weights."""

from typing import Final

import msgspec

from contracts.mentions import Care, Intent, Sentiment, Urgency

URGENCY: Final[tuple[Urgency, ...]] = ("critical", "high", "normal", "low")
SENTIMENT: Final[tuple[Sentiment, ...]] = ("negative", "neutral", "positive")
INTENT: Final[tuple[Intent, ...]] = ("spam", "complaint", "question", "compliment", "remark")
CARE: Final[tuple[Care, ...]] = ("webcare", "community", "none")


class Head(msgspec.Struct, frozen=True):
    """One decision and its columns."""

    name: str
    classes: tuple[str, ...]
    start: int

    @property
    def columns(self) -> slice:
        return slice(self.start, self.start + len(self.classes))


def _heads() -> tuple[Head, ...]:
    made: list[Head] = []
    start = 0
    for name, classes in (("urgency", URGENCY), ("sentiment", SENTIMENT), ("intent", INTENT), ("care", CARE)):
        made.append(Head(name, classes, start))
        start += len(classes)
    return tuple(made)


HEADS: Final = _heads()
COLUMNS: Final = HEADS[-1].columns.stop
