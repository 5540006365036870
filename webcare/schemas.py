"""JSON Schemas of the event types, generated into `contracts/schemas`, and the guard that keeps them compatible.

What lies in the folder is the baseline. Events live long: code of tomorrow reads what was written today, and a
service that was not yet restarted reads what a newer one writes. So inside a version only a new field with a default
may come. Anything else breaks one of the two readers, widening too: a new class in an enum is refused by whoever
knows only the old ones. A change that must break raises the type's `v`; the schema of the version before stays.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import contracts
from contracts.base import Event
from contracts.topics import ALL_TOPICS, TOPICS
from contracts.work import DeadLetter

FOLDER = Path(contracts.__file__).parent / "schemas"
DEAD = "dead"
"""Stands for all dead-letter topics, which carry the same type."""

Schema = Mapping[str, Any]
_WORDS = frozenset({"title", "description", "examples", "$schema", "$id", "$defs"})
_LOOKED_INTO = frozenset({"properties", "required", "items", "prefixItems", "anyOf", "additionalProperties", "enum"})


# ------------------------------------------------------------------------------------------------------ generate


def event_types() -> dict[str, type[Event]]:
    """The event type of every topic; dead letters once, under ``dead``."""
    return {topic.name: topic.event for topic in TOPICS} | ({DEAD: DeadLetter} if len(ALL_TOPICS) > len(TOPICS) else {})


def schemas() -> dict[str, Schema]:
    """File name -> schema, such as ``mentions.raw.v1.schema.json``."""
    made: dict[str, Schema] = {}
    for topic, event in event_types().items():
        version = next(field.default for field in msgspec.structs.fields(event) if field.name == "v")
        name = f"{topic}.v{version}.schema.json"
        made[name] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": name,
            **msgspec.json.schema(event),
        }
    return made


def generate(folder: Path) -> list[Path]:
    """Write the schema of every type into `folder`, whatever is there; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, schema) for name, schema in schemas().items()]


def _write(path: Path, schema: Schema) -> Path:
    path.write_text(_text(schema), encoding="utf-8")
    return path


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


# ------------------------------------------------------------------------------------------------------- compare


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What in `new` breaks a reader of either version of the same type, each with its place; empty if nothing does."""
    return sorted(set(_Comparison(old, new).compare("$", old, new)))


class _Comparison:
    """Walks two schemas side by side. A pair of types that is being compared already is not entered again."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._entered: set[tuple[str, str]] = set()

    def compare(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        if "$ref" in old or "$ref" in new:
            pair = (old.get("$ref", path), new.get("$ref", path))
            if pair in self._entered:
                return
            self._entered.add(pair)
            old, new = _resolve(self._old, old), _resolve(self._new, new)
        yield from _enum_changes(path, old, new)
        yield from self._fields(path, old, new)
        yield from self._variants(path, old, new)
        yield from self._elements(path, old, new)
        for key in sorted((old.keys() | new.keys()) - _WORDS - _LOOKED_INTO):
            if _shown(old, key) != _shown(new, key):
                yield f"{path}: {key} changed from {_shown(old, key)} to {_shown(new, key)}"

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before.keys() - after.keys():
            yield f"{path}.{name}: removed"
        for name in needed_after - before.keys():
            yield f"{path}.{name}: new and required"
        for name in [name for name in before if name in after]:
            if name in needed_after - needed_before:
                yield f"{path}.{name}: became required"
            if name in needed_before - needed_after:
                yield f"{path}.{name}: became optional"
            yield from self.compare(f"{path}.{name}", before[name], after[name])

    def _variants(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("anyOf", ()), new.get("anyOf", ())
        if len(before) != len(after):
            yield f"{path}: type changed from {_type(old)} to {_type(new)}"
            return
        for was, becomes in zip(before, after, strict=True):
            yield from self.compare(path, was, becomes)

    def _elements(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        for key in ("items", "additionalProperties"):
            was, becomes = old.get(key), new.get(key)
            if isinstance(was, Mapping) and isinstance(becomes, Mapping):
                yield from self.compare(f"{path}[]", was, becomes)
            elif was != becomes:
                yield f"{path}: {key} changed from {was} to {becomes}"
        before, after = old.get("prefixItems", ()), new.get("prefixItems", ())
        if len(after) < len(before):
            yield f"{path}: elements removed"
        for place, (was, becomes) in enumerate(zip(before, after, strict=False)):
            yield from self.compare(f"{path}[{place}]", was, becomes)


def _enum_changes(path: str, old: Schema, new: Schema) -> Iterator[str]:
    if "enum" not in old and "enum" not in new:
        return
    if "enum" not in old or "enum" not in new:
        yield f"{path}: type changed from {_type(old)} to {_type(new)}"
        return
    before, after = set(old["enum"]), set(new["enum"])
    if before - after:
        yield f"{path}: values removed: {', '.join(sorted(map(str, before - after)))}"
    if after - before:
        yield f"{path}: values added, which older readers refuse: {', '.join(sorted(map(str, after - before)))}"


def _resolve(root: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        schema = {**root["$defs"][name], **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return "enum"
    return " | ".join(_type(variant) for variant in schema.get("anyOf", ())) or str(
        schema.get("type") or schema.get("$ref", "any").rpartition("/")[2]
    )


def _shown(schema: Schema, key: str) -> str:
    return json.dumps(schema[key]) if key in schema else "nothing"


# ---------------------------------------------------------------------------------------------------------- main


def breaks(folder: Path) -> list[str]:
    """What in the event types of today breaks the baseline in `folder`."""
    found = []
    for name, schema in schemas().items():
        path = folder / name
        if path.exists():
            found += [f"{name} {change}" for change in breaking_changes(json.loads(path.read_text("utf-8")), schema)]
    return found


def differences(folder: Path) -> list[str]:
    """The files in `folder` that are not what would be generated."""
    made = schemas()
    return [name for name in made if not _is(folder / name, made[name])]


def _is(path: Path, schema: Schema) -> bool:
    return path.exists() and path.read_text("utf-8") == _text(schema)


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Generate, or with ``--check`` only compare. 1 if the baseline would break or, when checking, differs."""
    parser = argparse.ArgumentParser(prog="python -m webcare.schemas", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the files are out of date")
    check = parser.parse_args(arguments).check
    if found := breaks(folder):
        _say(["Nothing was written. These changes break readers of this version:", *found])
        _say(["Give new fields a default and keep the old ones, or raise `v` of the type."])
        return 1
    if not check:
        _say([f"{len(generate(folder))} schemas written to {folder}."])
        return 0
    if found := differences(folder):
        _say(["Out of date; run `python -m webcare.schemas`:", *found])
    return 1 if found else 0


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
