"""What the archives share: what is counted of a mention, which of its versions counts, and the bounds of a question."""

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from backbone.errors import BadInput
from backbone.ports import ArchiveQuery
from contracts.mentions import ClassifiedMention

FIELDS = ("brand", "channel", "lang", "sentiment", "urgency", "intent", "care")
MAX_HITS = 1000
MAX_BUCKETS = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Micros = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
_encode = msgspec.json.Encoder().encode


def micros(instant: datetime) -> int:
    """Microseconds since the epoch; BadInput ``naive_time`` for an instant without an offset."""
    if instant.tzinfo is None:
        raise BadInput(
            f"{instant.isoformat()} has no offset from UTC.", code="naive_time", remedy="Give one, such as +00:00."
        )
    return (instant - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The instant of that many microseconds since the epoch."""
    return _EPOCH + value * _MICROSECOND


def field_values(event: ClassifiedMention) -> tuple[str, ...]:
    """The values of `FIELDS`, in their order."""
    mention, verdict = event.mention, event.verdict
    return (
        mention.brand,
        mention.channel,
        verdict.lang,
        verdict.sentiment,
        verdict.urgency,
        verdict.intent,
        verdict.care,
    )


def wanted(query: ArchiveQuery) -> dict[str, Sequence[str]]:
    """The values that are asked for, by field; a field that is not asked about is left out."""
    filters = {
        "brand": query.brands,
        "channel": query.channels,
        "lang": query.langs,
        "sentiment": query.sentiments,
        "urgency": query.urgencies,
        "intent": query.intents,
    }
    return {field: values for field, values in filters.items() if values is not None}


def newest(events: Iterable[tuple[ClassifiedMention, int]]) -> list[tuple[ClassifiedMention, int]]:
    """One of each mention id: the highest version, and of equal ones the last."""
    kept: dict[str, tuple[ClassifiedMention, int]] = {}
    for event, version in events:
        known = kept.get(event.mention.id)
        if known is None or version >= known[1]:
            kept[event.mention.id] = (event, version)
    return list(kept.values())


def body(event: ClassifiedMention) -> bytes:
    """The whole event as JSON; BadInput ``not_unicode`` for text that no store can hold."""
    try:
        return _encode(event)
    except UnicodeEncodeError as error:
        raise BadInput(
            f"Mention {event.mention.id!r} holds half a character (a lone surrogate).",
            code="not_unicode",
            remedy="Send text that is valid Unicode.",
        ) from error


def cursor(event: ClassifiedMention) -> str:
    """Where a page ends, for the next one to begin."""
    position = msgspec.json.encode((micros(event.mention.created_at), event.mention.id))
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


def read_cursor(written: str | None) -> tuple[int, str] | None:
    """The instant (in microseconds) and the id that a page ended with; BadInput ``bad_cursor``."""
    if written is None:
        return None
    try:
        position = base64.urlsafe_b64decode(written.encode("ascii") + b"==")
        return msgspec.json.decode(position, type=tuple[_Micros, str])
    except (ValueError, msgspec.DecodeError) as error:
        raise BadInput(
            "The cursor cannot be read.", code="bad_cursor", remedy="Use `next` as the page before gave it."
        ) from error


def check_hits(limit: int) -> None:
    """BadInput ``bad_limit`` unless so many hits can be asked for."""
    if not 1 <= limit <= MAX_HITS:
        raise BadInput(f"limit is {limit}.", code="bad_limit", remedy=f"Ask for 1 to {MAX_HITS} hits.")


def check_interval(interval_s: int) -> None:
    """BadInput ``bad_interval`` unless an interval can be that long."""
    if interval_s < 1:
        raise BadInput(f"interval_s is {interval_s}.", code="bad_interval", remedy="Ask for 1 second or more.")


def check_buckets(count: int, interval_s: int) -> None:
    """BadInput ``too_many_intervals`` for more intervals than one answer holds."""
    if count > MAX_BUCKETS:
        raise BadInput(
            f"{count} intervals of {interval_s} s are more than {MAX_BUCKETS}.",
            code="too_many_intervals",
            remedy="Ask for longer intervals or a shorter period.",
        )


def check_facets(fields: Sequence[str], limit: int) -> None:
    """BadInput ``unknown_facet``, ``bad_limit``."""
    if unknown := [field for field in fields if field not in FIELDS]:
        raise BadInput(
            f"{unknown[0]!r} is not a facet.", code="unknown_facet", remedy=f"Ask for any of {', '.join(FIELDS)}."
        )
    if limit < 1:
        raise BadInput(f"limit is {limit}.", code="bad_limit", remedy="Ask for 1 value or more.")
