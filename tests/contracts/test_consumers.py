"""Every reader of a topic can read every recorded example of it, as the runner hands it over."""

from datetime import UTC, datetime

import pytest
from examples import contracts_examples

from backbone.decoding import decode
from backbone.ports import Record
from contracts.topics import ALL_TOPICS

EXAMPLES = [
    pytest.param(topic.name, reader, value, id=f"{reader}-{topic.name}-{name}")
    for topic in ALL_TOPICS
    for reader in topic.read_by
    for name, value in contracts_examples(topic.name)
]


def example_record(topic: str, value: bytes, offset: int = 0) -> Record:
    """A record as a consumer gets it."""
    return Record(topic, 0, offset, "zonnestroom|778120", value, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(("topic", "reader", "value"), EXAMPLES)
def test_a_reader_gets_every_example_as_an_event(topic: str, reader: str, value: bytes) -> None:
    delivered, rejected = decode([example_record(topic, value)])
    assert rejected == []
    assert len(delivered) == 1
