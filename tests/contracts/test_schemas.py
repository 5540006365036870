"""The committed schemas are those of the code, and a change that breaks a reader is noticed."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from contracts.base import Event
from webcare import schemas
from webcare.schemas import FOLDER, breaking_changes, breaks, differences, event_types, generate, main


class Shade(msgspec.Struct, frozen=True, kw_only=True):
    """A part."""

    name: str
    tint: Literal["light", "dark"] = "light"


class Place(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A part, as a list."""

    topic: str
    offset: int


class Sample(Event, frozen=True, kw_only=True):
    """An event to change."""

    id: str
    count: int = 0
    nick: str | None = None
    shade: Shade | None = None
    many: tuple[Shade, ...] = ()
    place: Place | None = None
    data: Mapping[str, int] | None = None
    v: int = 1


BASELINE: dict[str, Any] = msgspec.json.schema(Sample)


def changed(edit: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The baseline with an edit of its types."""
    schema = deepcopy(BASELINE)
    edit(schema["$defs"])
    return schema


def _set(of: str, name: str, schema: dict[str, Any], *, required: bool = False) -> Callable[[dict[str, Any]], Any]:
    def edit(types: dict[str, Any]) -> None:
        types[of]["properties"][name] = schema
        if required:
            types[of]["required"].append(name)

    return edit


def _rename(types: dict[str, Any]) -> None:
    types["Sample"]["properties"]["nickname"] = types["Sample"]["properties"].pop("nick")


def _longer(most_needed: int) -> Callable[[dict[str, Any]], Any]:
    def edit(types: dict[str, Any]) -> None:
        types["Place"]["prefixItems"].append({"type": "integer"})
        types["Place"]["minItems"] = most_needed

    return edit


BREAKING: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("a removed field", lambda types: types["Sample"]["properties"].pop("count"), "$.count: removed"),
    ("a new required field", _set("Sample", "size", {"type": "integer"}, required=True), "$.size: new and required"),
    ("a renamed field", _rename, "$.nick: removed"),
    ("becoming required", lambda types: types["Sample"]["required"].append("count"), "$.count: became required"),
    ("becoming optional", lambda types: types["Sample"]["required"].remove("id"), "$.id: became optional"),
    ("another type", _set("Sample", "count", {"type": "string"}), '$.count: type changed from "integer" to "string"'),
    ("a narrower type", _set("Sample", "nick", {"type": "string"}), "$.nick: type changed from string | null to"),
    (
        "a wider type",
        _set("Sample", "count", {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 0}),
        "$.count: type changed from integer to integer | null",
    ),
    ("another default", _set("Sample", "count", {"type": "integer", "default": 1}), "default changed from 0 to 1"),
    ("a limit", _set("Sample", "count", {"type": "integer", "default": 0, "minimum": 1}), "minimum changed"),
    ("other elements", _set("Sample", "many", {"type": "array", "items": {"type": "string"}}), "$.many[]: type"),
    (
        "other values",
        lambda types: types["Sample"]["properties"]["data"]["anyOf"][0].update(additionalProperties={"type": "string"}),
        "$.data[]: type changed",
    ),
    ("a narrower enum", _set("Shade", "tint", {"enum": ["light"], "default": "light"}), "tint: values removed: dark"),
    (
        "a wider enum",
        _set("Shade", "tint", {"enum": ["light", "dark", "grey"], "default": "light"}),
        "$.shade.tint: values added, which older readers refuse: grey",
    ),
    ("an enum made free", _set("Shade", "tint", {"type": "string"}), "tint: type changed from enum to string"),
    (
        "a required field in a part",
        _set("Shade", "size", {"type": "integer"}, required=True),
        "$.shade.size: new and required",
    ),
    ("a shorter list", lambda types: types["Place"]["prefixItems"].pop(), "$.place: elements removed"),
    ("a longer list", _longer(3), "$.place: minItems changed from 2 to 3"),
]


@pytest.mark.parametrize(("edit", "found"), [case[1:] for case in BREAKING], ids=[case[0] for case in BREAKING])
def test_what_breaks_a_reader_is_found(edit: Callable[[dict[str, Any]], Any], found: str) -> None:
    changes = breaking_changes(BASELINE, changed(edit))
    assert any(found in change for change in changes), changes


ALLOWED: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("nothing", lambda types: None),
    ("a new field with a default", _set("Sample", "size", {"type": "integer", "default": 3})),
    ("a new field in a part", _set("Shade", "size", {"type": "integer", "default": 0})),
    ("a new last element with a default", _longer(2)),
    ("other words", lambda types: types["Sample"].update(description="Something else.")),
]


@pytest.mark.parametrize("edit", [case[1] for case in ALLOWED], ids=[case[0] for case in ALLOWED])
def test_what_only_adds_is_allowed(edit: Callable[[dict[str, Any]], Any]) -> None:
    assert breaking_changes(BASELINE, changed(edit)) == []


class Node(msgspec.Struct):
    """A tree."""

    below: "list[Node]" = msgspec.field(default_factory=list)


def test_a_type_that_holds_itself_is_compared_to_its_end() -> None:
    schema = msgspec.json.schema(Node)
    assert breaking_changes(schema, deepcopy(schema)) == []


# ---------------------------------------------------------------------------------------------------- the folder


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert breaks(FOLDER) == []
    assert differences(FOLDER) == [], "run `python -m webcare.schemas`"


def test_every_committed_schema_is_of_a_topic() -> None:
    for path in FOLDER.glob("*.json"):
        topic, version = path.name.removesuffix(".schema.json").rsplit(".v", 1)
        assert topic in event_types()
        assert int(version) >= 1


def test_generating_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in generate(tmp_path)}
    assert {path.name: path.read_bytes() for path in generate(tmp_path)} == first
    assert len(first) == len(event_types())


def test_a_breaking_change_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(tmp_path)
    path = tmp_path / "mentions.raw.v1.schema.json"
    baseline = json.loads(path.read_text("utf-8"))
    baseline["$defs"]["Mention"]["properties"]["mood"] = {"type": "string"}
    path.write_text(json.dumps(baseline), encoding="utf-8")
    assert main([], tmp_path) == 1
    assert main(["--check"], tmp_path) == 1
    assert "mentions.raw.v1.schema.json $.mood: removed" in capsys.readouterr().out
    assert json.loads(path.read_text("utf-8")) == baseline


def test_a_raised_version_gets_a_file_of_its_own_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = msgspec.defstruct("Told", [("id", str), ("v", int, 1)], bases=(Event,), frozen=True, kw_only=True)
    broken = msgspec.defstruct("Told", [("key", int), ("v", int, 1)], bases=(Event,), frozen=True, kw_only=True)
    second = msgspec.defstruct("Told", [("key", int), ("v", int, 2)], bases=(Event,), frozen=True, kw_only=True)
    monkeypatch.setattr(schemas, "event_types", lambda: {"told": first})
    assert main([], tmp_path) == 0
    before = (tmp_path / "told.v1.schema.json").read_bytes()
    monkeypatch.setattr(schemas, "event_types", lambda: {"told": broken})
    assert main([], tmp_path) == 1
    monkeypatch.setattr(schemas, "event_types", lambda: {"told": second})
    assert main([], tmp_path) == 0
    assert (tmp_path / "told.v1.schema.json").read_bytes() == before
    assert (tmp_path / "told.v2.schema.json").exists()


def test_checking_says_which_files_are_out_of_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert "dead.v1.schema.json" in capsys.readouterr().out
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
