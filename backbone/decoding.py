"""From records to events: what cannot be read gets a stable reason, and words that do not quote it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from backbone.handling import Delivered, Rejected
from backbone.ports import Record
from contracts.base import Event
from contracts.topics import ALL_TOPICS

EVENT_TYPES: Mapping[str, type[Event]] = {topic.name: topic.event for topic in ALL_TOPICS}


def decode(
    records: Sequence[Record], types: Mapping[str, type[Event]] = EVENT_TYPES
) -> tuple[list[Delivered[Any]], list[Rejected]]:
    """The events of `records` in order, and those records that are none: ``not_json``, ``invalid_utf8``,
    ``wrong_type`` (another shape than the topic's event)."""
    delivered: list[Delivered[Any]] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            delivered.append(Delivered(record, _decoder(types[record.topic]).decode(record.value)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            rejected.append(Rejected(record, *_why(error)))
    return delivered, rejected


@cache
def _decoder(event: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(event)


def _why(error: Exception) -> tuple[str, str]:
    if isinstance(error, msgspec.ValidationError):
        return "wrong_type", _without_values(str(error))
    if isinstance(error, UnicodeDecodeError):
        return "invalid_utf8", f"A string is not UTF-8: {error.reason}."
    if isinstance(error, RecursionError):
        return "not_json", "The JSON is nested too deeply."
    return "not_json", str(error)


def _without_values(words: str) -> str:
    what, at, where = words.rpartition(" - at ")
    return f"Invalid enum value{at}{where}" if what.startswith("Invalid enum value") else words
