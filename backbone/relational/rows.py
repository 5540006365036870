"""Records to rows and back. Instants become microseconds, objects become JSON text; all else stands as it is."""

import types
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from sqlalchemy import Column, Table

from backbone.campaigns import Campaign
from backbone.corrections import Correction
from backbone.records import (
    Attempt,
    AuditEntry,
    Incident,
    Item,
    OutboxRow,
    Page,
    Reply,
    Run,
    Spike,
    StoredMention,
    Story,
    Timer,
)
from backbone.relational import tables

R = TypeVar("R", bound=msgspec.Struct)
Values = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def micros_or_none(at: datetime | None) -> int | None:
    """The same, where there may be no instant."""
    return None if at is None else micros(at)


def instant(microseconds: int) -> datetime:
    """The instant that many microseconds after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def json_text(value: object) -> str:
    """`value` as JSON."""
    return _encode(value).decode()


def _converters(kind: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    """How a field of this type is written and read; None where it stands as it is."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if datetime in kinds:
        return micros, instant
    if any(get_origin(one) is tuple for one in kinds):
        return json_text, lambda written: tuple(_decode(written))
    return (json_text, _decode) if any(get_origin(one) is dict for one in kinds) else None


class Rows(Generic[R]):
    """How records of one type lie in their table."""

    def __init__(self, record: type[R], table: Table) -> None:
        hints = get_type_hints(record)
        self._record = record
        self.table = table
        self.columns: list[Column[Any]] = [table.c[name] for name in record.__struct_fields__]
        converters = {name: _converters(hints[name]) for name in record.__struct_fields__}
        self._write = [(name, pair[0]) for name, pair in converters.items() if pair is not None]
        self._read = [(index, pair[1]) for index, pair in enumerate(converters.values()) if pair is not None]

    def values(self, record: R) -> Values:
        """The row of `record`."""
        row = msgspec.structs.asdict(record)
        for name, write in self._write:
            value = row[name]
            if value is not None:
                row[name] = write(value)
        return row

    def record(self, row: Iterable[Any]) -> R:
        """The record of a row of `columns`."""
        values = list(row)
        for index, read in self._read:
            if values[index] is not None:
                values[index] = read(values[index])
        return self._record(**dict(zip(self._record.__struct_fields__, values, strict=True)))


class _ItemRows(Rows[Item]):
    """An item's row has its place in the handling order too."""

    def values(self, record: Item) -> Values:
        row = super().values(record)
        row["due_order"] = tables.NO_DUE if row["due_at"] is None else row["due_at"]
        return row


ITEMS = _ItemRows(Item, tables.items)
MENTIONS = Rows(StoredMention, tables.mentions)
REPLIES = Rows(Reply, tables.replies)
INCIDENTS = Rows(Incident, tables.incidents)
RUNS = Rows(Run, tables.runs)
PAGES = Rows(Page, tables.pages)
ATTEMPTS = Rows(Attempt, tables.attempts)
SPIKES = Rows(Spike, tables.spikes)
TIMERS = Rows(Timer, tables.timers)
AUDIT = Rows(AuditEntry, tables.audit)
OUTBOX = Rows(OutboxRow, tables.outbox)
STORIES = Rows(Story, tables.stories)
CORRECTIONS = Rows(Correction, tables.corrections)
CAMPAIGNS = Rows(Campaign, tables.campaigns)
