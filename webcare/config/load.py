"""From the file to a checked configuration, or to the list of what is wrong and where."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backbone.errors import BadInput
from webcare.config.document import Document, Place, Unreadable, read_document
from webcare.config.references import check_references
from webcare.config.schema import ConfigFile


class Complaint(NamedTuple):
    """One thing that is wrong: where, what, and what to do."""

    line: int
    where: str
    message: str
    remedy: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "note" if self.warning else "error"
        where = f"{self.where}: " if self.where else ""
        return f"line {self.line}: {kind}: {where}{self.message} {self.remedy}".rstrip()


class Loaded(NamedTuple):
    """A configuration that holds, with what is worth a note."""

    config: ConfigFile
    notes: tuple[Complaint, ...]


class InvalidConfig(BadInput):
    """The configuration does not hold. `complaints` has every error, in order of line."""

    def __init__(self, path: Path, complaints: list[Complaint]) -> None:
        self.complaints = sorted(complaints)
        listed = "\n".join(f"{path}, {complaint}" for complaint in self.complaints)
        super().__init__(listed, code="invalid_config")


def load_config(path: Path) -> Loaded:
    """Read and check the file; raises InvalidConfig with every error found, each with its line and remedy."""
    try:
        document = read_document(path)
        config = ConfigFile.model_validate(document.data)
    except Unreadable as error:
        raise InvalidConfig(path, [Complaint(error.line, "", error.message, error.remedy)]) from error
    except ValidationError as error:
        raise InvalidConfig(path, list(_complaints(error, document))) from error
    found = [_complaint(document, *each) for each in check_references(config)]
    if errors := [complaint for complaint in found if not complaint.warning]:
        raise InvalidConfig(path, errors)
    return Loaded(config, tuple(sorted(found)))


def _complaint(document: Document, place: Place, message: str, remedy: str, warning: bool) -> Complaint:
    place = document.as_written(place)
    return Complaint(document.line_of(place), _written(place), message, remedy, warning)


def _complaints(error: ValidationError, document: Document) -> Iterator[Complaint]:
    for detail in error.errors(include_url=False):
        place = _in_file(detail["loc"], document)
        message, remedy = _words(detail)
        yield Complaint(document.line_of(place), _written(place), message, remedy)


def _in_file(loc: tuple[int | str, ...], document: Document) -> Place:
    """The path as it stands in the file: without the names of validators, and days beside the rest."""
    place: Place = ()
    for part in loc:
        if part in ("[key]", "week") and (*place, part) not in document.lines:
            continue
        place = (*place, part)
    return document.as_written(place)


def _written(place: Place) -> str:
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _words(detail: ErrorDetails) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing.", "Add it."
    if kind == "extra_forbidden":
        return "is not a setting here.", _did_you_mean(str(detail["loc"][-1]))
    if kind == "literal_error":
        return f"{detail['input']!r} is not one of these.", f"Choose {context.get('expected', '')}."
    if kind == "value_error":
        what, _, remedy = str(context.get("error", detail["msg"])).partition("; ")
        return f"{what}.", f"{remedy[:1].upper()}{remedy[1:]}." if remedy else ""
    return f"{detail['msg']}.", _EXPECTED.get(kind, "")


_EXPECTED = {
    "list_type": "Write a list: [a, b], or lines that begin with -.",
    "dict_type": "Write name: value pairs, indented below.",
    "model_type": "Write name: value pairs, indented below.",
    "string_type": "Write a word, in quotes where it holds special characters.",
    "bool_parsing": "Write true or false.",
    "int_parsing": "Write a whole number.",
    "too_short": "Give at least one.",
    "float_parsing": "Write a number such as 2.5.",
    "greater_than_equal": "See docs/configuration.md for what it may be.",
    "less_than_equal": "See docs/configuration.md for what it may be.",
    "string_pattern_mismatch": "See docs/configuration.md for how this is written.",
}


def _settings(part: type[BaseModel]) -> Iterator[str]:
    """Every name a file may hold."""
    for name, field in part.model_fields.items():
        yield field.alias or name
        yield from (inner for kind in _models(field.annotation) for inner in _settings(kind))


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)


_KNOWN = sorted(set(_settings(ConfigFile)))


def _did_you_mean(written: str) -> str:
    near = get_close_matches(written, _KNOWN, n=1)
    return f"Did you mean {near[0]!r}?" if near else "Take it out, or see docs/configuration.md."
