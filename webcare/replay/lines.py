"""A replay file as a script: mentions that arrive and people who act, each at its own time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from backbone.errors import BadInput
from contracts.mentions import Mention
from services.ingest.domain.brands import Brand, IngestSettings
from services.ingest.domain.normalise import FIELDS, Arrival, Refused, to_mention
from services.ingest.domain.times import parse_instant
from services.ingest.files import Row, read_rows

SOURCE = "replay"
_TARGETS = (*("mention", "mention_id", "item", "item_id", "incident", "incident_id", "incident_kind", "target", "on"),)
"""Where an action says to what, the first that is there. Ids of items are not known beforehand: a mention's will do."""
_VERBS = ("acknowledge", "claim", "release", "reply", "resolve")


class Action(NamedTuple):
    """What a person does, and to what: a mention's item, an item, an incident, or (none given) the first in line."""

    verb: Literal["acknowledge", "claim", "release", "reply", "resolve"]
    person: str | None
    brand: str | None
    target: str | None
    """A mention's id, an item's, an incident's, or ``latest``, ``spike``, ``silence``, ``critical``: the newest."""
    text: str | None


class Line(NamedTuple):
    """One line of the script: when, where in the file, and what happens."""

    at: datetime
    number: int
    happens: Mention | Action


class Script(NamedTuple):
    """The whole file in order of time (then of line), and what could not be taken."""

    lines: tuple[Line, ...]
    received: int
    refused: Counter[str]
    brands: tuple[str, ...]
    digest: str

    @property
    def accepted(self) -> int:
        """How many mentions it holds."""
        return sum(isinstance(line.happens, Mention) for line in self.lines)


def columns_of(**named: str) -> dict[str, str]:
    """Our field -> the file's column: as named, the rest by their own names."""
    return {**{field: field for field in FIELDS}, **named}


def read_script(path: Path, columns: Mapping[str, str], latest: datetime, settings: IngestSettings | None) -> Script:
    """Read a replay file. Without settings, each brand that the file names is watched.

    Bad lines are refused with a named reason and counted; raises BadInput when the file itself cannot be read.
    """
    rows = list(read_rows(path, dict(columns)))
    acting = [row for row in rows if _is_action(row.value)]
    sent = [row for row in rows if not _is_action(row.value)]
    if settings is None:
        settings, sent = _watch_all(sent, path)
    refused: Counter[str] = Counter()
    lines: list[Line] = []
    for row in sent:
        _add(lines, refused, partial(_mention_line, row, path.name, latest, settings))
    accepted = len(lines)
    for row in acting:
        _add(lines, refused, partial(_action_line, row))
    lines.sort(key=lambda line: (line.at, line.number))
    bad_actions = accepted + len(acting) - len(lines)
    names = tuple(brand.name for brand in settings.brands)
    return Script(tuple(lines), len(sent) + bad_actions, refused, names, _digest(path))


def _add(lines: list[Line], refused: Counter[str], make: Callable[[], Line]) -> None:
    try:
        lines.append(make())
    except Refused as error:
        refused[error.code] += 1


def _is_action(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("kind") == "action"


def _watch_all(sent: Sequence[Row], path: Path) -> tuple[IngestSettings, list[Row]]:
    """Settings that watch each brand named; where no line names one, the file is about a single brand."""
    named = {str(row.value.get("brand")) for row in sent if isinstance(row.value, Mapping) and row.value.get("brand")}
    if not named:
        single = path.name.split(".")[0] or SOURCE
        sent = [_with_brand(row, single) for row in sent]
        named = {single}
    return IngestSettings(brands=tuple(Brand(name=name) for name in sorted(named))), list(sent)


def _with_brand(row: Row, brand: str) -> Row:
    return Row(row.line, {**row.value, "brand": brand}) if isinstance(row.value, Mapping) else row


def _mention_line(row: Row, name: str, latest: datetime, settings: IngestSettings) -> Line:
    if isinstance(row.value, Refused):
        raise row.value
    if isinstance(row.value, Mapping) and not row.value.get("created_at"):
        raise Refused("created_at_missing", "created_at", f"is missing in line {row.line}.", "A replay runs by it.")
    origin = f"{name}:{row.line}"
    arrival = Arrival(latest, origin, source=SOURCE, channel=SOURCE, strict=False, latest=latest)
    mention = to_mention(_without(row.value, "kind"), arrival, settings)
    return Line(mention.created_at, row.line, _received_when_written(mention))


def _without(value: object, field: str) -> object:
    return {k: v for k, v in value.items() if k != field} if isinstance(value, Mapping) else value


def _received_when_written(mention: Mention) -> Mention:
    return msgspec.structs.replace(mention, received_at=mention.created_at)


def _action_line(row: Row) -> Line:
    assert isinstance(row.value, Mapping)
    value = row.value
    verb = str(_first(value, "action", "verb", "do") or "").lower()
    if verb not in _VERBS:
        raise Refused("unknown_action", "action", f"{verb[:40]!r} in line {row.line}.", f"One of {', '.join(_VERBS)}.")
    try:
        at = parse_instant(_first(value, "created_at", "at", "time", "timestamp") or "", naive_is_utc=True)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("created_at_unreadable", "created_at", f"{error} in line {row.line}.") from error
    action = Action(
        verb=verb,  # type: ignore[arg-type]
        person=_first(value, "by", "person", "actor", "who", "author", "user", "agent"),
        brand=_first(value, "brand"),
        target=_first(value, *_TARGETS),
        text=_first(value, "text", "reply"),
    )
    return Line(at, row.line, action)


def _first(value: Mapping[Any, Any], *names: str) -> str | None:
    return next((str(value[name]) for name in names if value.get(name) not in (None, "")), None)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.", code="unreadable_file") from error
