"""Recorded examples are what flows: they are read, they round-trip, and each topic has enough of them."""

import json

import msgspec
import pytest
from examples import DEAD, FOLDER, all_examples, contracts_examples

from contracts.topics import ALL_TOPICS
from webcare.schemas import event_types

EXAMPLES = [pytest.param(topic, value, id=f"{topic}-{name}") for topic, name, value in all_examples()]


@pytest.mark.parametrize("topic", [topic.name for topic in ALL_TOPICS])
def test_every_topic_has_examples_of_old_present_and_later_versions(topic: str) -> None:
    names = [name for name, _ in contracts_examples(topic)]
    assert len(names) >= 5
    assert {"alleen_verplichte_velden", "velden_van_later"} <= set(names)


def test_every_folder_of_examples_belongs_to_a_topic() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {*event_types()}


@pytest.mark.parametrize(("topic", "value"), EXAMPLES)
def test_an_example_is_read_and_written_again_without_loss(topic: str, value: bytes) -> None:
    event_type = event_types()[topic]
    event = msgspec.json.decode(value, type=event_type)
    assert msgspec.json.decode(msgspec.json.encode(event), type=event_type) == event


@pytest.mark.parametrize(("topic", "value"), EXAMPLES)
def test_what_an_example_says_is_what_is_read(topic: str, value: bytes) -> None:
    """Every known field arrives with its value; only unknown ones fall away."""
    event = msgspec.to_builtins(msgspec.json.decode(value, type=event_types()[topic]))
    later = "velden_van_later"
    unknown = _missing(json.loads(value), json.loads(msgspec.json.encode(event)))
    assert bool(unknown) == (later in _name_of(topic, value))


def test_an_example_without_optional_fields_gets_their_defaults() -> None:
    for topic, event_type in event_types().items():
        value = dict(contracts_examples(topic))["alleen_verplichte_velden"]
        event = msgspec.json.decode(value, type=event_type)
        optional = [field for field in msgspec.structs.fields(event_type) if not field.required]
        assert all(getattr(event, field.name) == field.default for field in optional)


@pytest.mark.parametrize("topic", [*event_types()])
def test_without_any_one_required_field_an_event_is_refused(topic: str) -> None:
    whole = json.loads(dict(contracts_examples(topic))["alleen_verplichte_velden"])
    for field in msgspec.structs.fields(event_types()[topic]):
        if field.required:
            part = {name: value for name, value in whole.items() if name != field.name}
            with pytest.raises(msgspec.ValidationError, match=field.name):
                msgspec.json.decode(json.dumps(part), type=event_types()[topic])


def _name_of(topic: str, value: bytes) -> str:
    return next(name for name, found in contracts_examples(topic) if found == value)


def _missing(said: object, read: object) -> list[str]:
    """Places in `said` that `read` does not have."""
    if isinstance(said, dict) and isinstance(read, dict):
        gone = [str(key) for key in said if key not in read]
        return gone + [place for key in said if key in read for place in _missing(said[key], read[key])]
    if isinstance(said, list) and isinstance(read, list):
        pairs = zip(said, read, strict=False)
        return ["length"] * (len(said) > len(read)) + [place for one, two in pairs for place in _missing(one, two)]
    return [] if said == read else [f"{said!r} became {read!r}"]


def test_dead_letters_share_one_folder() -> None:
    assert contracts_examples("mentions.raw.dead") == contracts_examples(DEAD)
