"""Reading records: whatever the bytes, an event or a stable reason that does not quote them."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backbone.decoding import EVENT_TYPES, decode
from backbone.ports import Record
from contracts.base import Event
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED, SPIKE_EVENTS
from contracts.volume import SpikeEvent

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def record(topic: str, value: bytes) -> Record:
    return Record(topic, 0, 0, "k", value, NOW)


def test_every_topic_has_its_type() -> None:
    assert set(EVENT_TYPES) == {topic.name for topic in ALL_TOPICS}
    assert EVENT_TYPES[SPIKE_EVENTS.name] is SpikeEvent


@given(st.sampled_from(sorted(EVENT_TYPES)), st.binary(max_size=200))
def test_any_bytes_are_an_event_or_are_rejected(topic: str, value: bytes) -> None:
    delivered, rejected = decode([record(topic, value)])
    assert len(delivered) + len(rejected) == 1
    assert all(item.reason in ("not_json", "invalid_utf8", "wrong_type") and item.detail for item in rejected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_json_of_another_shape_is_the_wrong_type(value: object) -> None:
    _, (rejected,) = decode([record(MENTIONS_CLASSIFIED.name, msgspec.json.encode(value))])
    assert rejected.reason == "wrong_type"


def test_the_words_name_the_place_and_do_not_quote_the_value() -> None:
    value = msgspec.json.encode({"mood": "Jan de Vries"})
    _, (rejected,) = decode([record("in", value)], {"in": Feeling})
    assert (rejected.reason, rejected.detail) == ("wrong_type", "Invalid enum value - at `$.mood`")


class Feeling(Event, frozen=True, kw_only=True):
    mood: Literal["good", "bad"]
