"""Reading YAML with the line of every value, so that a complaint can point at it."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from backbone.errors import BadInput

MAX_BYTES = 1_000_000
Place = tuple[str | int, ...]


class Document(NamedTuple):
    """Plain data, and the line (the first is 1) of each value by its path."""

    data: Any
    lines: dict[Place, int]

    def as_written(self, place: Place) -> Place:
        """The path as it stands in the file: where one thing was written in place of a list, without its number."""
        found: Place = ()
        for part in place:
            if isinstance(part, str) or (*found, part) in self.lines:
                found = (*found, part)
        return found

    def line_of(self, place: Place) -> int:
        """The line of a value, or of the nearest thing around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class Unreadable(BadInput):
    """The file is no YAML that we read; `line` says where."""

    def __init__(self, message: str, line: int, remedy: str = "") -> None:
        super().__init__(message, code="unreadable_yaml", remedy=remedy)
        self.line = line


def read_document(path: Path) -> Document:
    """The YAML file as plain data; raises Unreadable with the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{error.strerror}.", 1, "Check the path.") from error
    if len(raw) > MAX_BYTES:
        raise Unreadable(f"The file is over {MAX_BYTES} bytes.", 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Unreadable("This is not UTF-8.", line, "Save the file as UTF-8.") from error
    return parse_document(text)


def parse_document(text: str) -> Document:
    """YAML text as plain data; raises Unreadable with the line."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*_explained(error)) from error
    except yaml.YAMLError as error:
        raise Unreadable(f"This is not YAML: {error}.", 1) from error
    except RecursionError as error:
        raise Unreadable("It is nested too deep.", 1) from error
    lines: dict[Place, int] = {(): 1}
    if node is None:
        raise Unreadable("The file is empty.", 1, "Start from the example in docs/configuration.md.")
    return Document(_plain(node, (), lines), lines)


def _explained(error: yaml.MarkedYAMLError) -> tuple[str, int, str]:
    mark = error.problem_mark or error.context_mark
    what = f"This is not YAML: {error.problem or error.context}."
    return what, (mark.line + 1 if mark else 1), "Check indentation (spaces, no tabs), colons and quotes."


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    if len(lines) > 50_000 or len(place) > 20:
        raise Unreadable("It holds too much or is nested too deep.", node.start_mark.line + 1)
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*place, index), lines) for index, child in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, place: Place, lines: dict[Place, int]) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
        line = key_node.start_mark.line + 1
        if key is None:
            raise Unreadable("A name must be a plain word.", line)
        if key in found:
            raise Unreadable(f"{key!r} stands here twice.", line, "Keep one of them.")
        found[key] = _plain(value_node, (*place, key), lines)
        lines[(*place, key)] = line
    return found


def _scalar(node: yaml.Node) -> Any:
    written = str(node.value)
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:str":
        return written
    # Only true and false are switches: a hashtag may be called "no" or "on". Times such as 10:00 would be base-60
    # numbers in YAML 1.1, and dates objects: both are words to us.
    return written.lower() == "true" if written.lower() in ("true", "false") else _word_or_number(written)


def _word_or_number(written: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(written)
        except ValueError:
            continue
    return written
