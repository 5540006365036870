"""Mentions, verdicts and arrivals for the tests of counting."""

from datetime import UTC, datetime

import msgspec

from contracts.mentions import Author, Mention, Verdict
from services.classify.counting import Arrival

START = datetime(2026, 1, 5, tzinfo=UTC)


def mention(
    number: int, at: datetime, *, brand: str = "Vlieland", author: str | None = None, **changes: object
) -> Mention:
    plain = Mention(
        id=f"m{number}",
        source="test",
        native_id=str(number),
        brand=brand,
        channel="x",
        text="",
        created_at=at,
        received_at=at,
        author=Author(id=author) if author else None,
    )
    return msgspec.structs.replace(plain, **changes)


def verdict(*, negative: bool = False, urgent: bool = False, signature: int = 1) -> Verdict:
    return Verdict(
        lang="nl",
        sentiment="negative" if negative else "neutral",
        sentiment_p=0.9,
        urgency="high" if urgent else "normal",
        urgency_p=0.9,
        urgency_p_critical=0.0,
        urgency_p_high=0.0,
        intent="remark",
        intent_p=0.9,
        care="webcare",
        unsure=False,
        reasons=(),
        signature=signature,
        model="test",
    )


def arrival(offset: int, at: datetime, judged: Verdict | None = None, **changes: object) -> Arrival:
    """What stands at an offset of partition 0 of `mentions.raw`: mention number `offset`."""
    return Arrival("mentions.raw", 0, offset, mention(offset, at, **changes), judged or verdict())
