"""One open transaction, and how statements are run in it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Executable, UpdateBase

from backbone.records import Item
from backbone.relational import arrays, tables
from backbone.relational.owed import Owed
from backbone.relational.rows import TIMERS, Rows, Values

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")

CHUNK = 1_000
"""So many values go into one IN list: far below what either database takes."""

_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Work:
    """One open transaction. Its methods run in the database's own thread (or greenlet), one at a time."""

    def __init__(self, connection: Connection, owed: Owed, *, reading: bool) -> None:
        self._connection = connection
        self._database = connection.dialect.name
        self.has_arrays = self._database == "postgresql"
        """A statement can take many values as one array."""
        self.owed = owed
        self.reading = reading
        self.serial = reading or self._database == "sqlite"
        """Nobody else writes meanwhile, or what they write does not matter: locks have no effect and need none."""
        self.locked: dict[str, Item] = {}
        """Items this transaction has locked, as they stand now."""

    def run(self, statement: Executable, values: Values | Sequence[Values] | None = None) -> CursorResult[Any]:
        """Run one statement."""
        return self._connection.execute(statement, values)

    def first(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row of a statement, if it has one."""
        return self._connection.execute(statement, values).first()

    def find(self, rows: Rows[R], statement: Executable, **values: Any) -> R | None:
        """The first record of a statement, if it has one."""
        row = self.first(statement, **values)
        return None if row is None else rows.record(row)

    def records(self, rows: Rows[R], statement: Executable, **values: Any) -> list[R]:
        """All records of a statement, in its order."""
        return [rows.record(row) for row in self._connection.execute(statement, values)]

    def among(self, column: ColumnElement[Any], name: str = "values") -> ColumnElement[bool]:
        """The condition that `column` is one of the values of `records_in`, which come under `name`.

        In an array, where the database has them: one statement, and one plan, for every number of values.
        """
        if self._database == "postgresql":
            kind = BigInteger if isinstance(column.type, BigInteger) else Text
            return column == any_(bindparam(name, type_=ARRAY(kind)))
        return column.in_(bindparam(name, expanding=True))

    def records_in(self, rows: Rows[R], statement: Select[Any], values: Iterable[str]) -> list[R]:
        """All records of a statement that has an `among`, however many values there are."""
        return [record for part in chunks(sorted(set(values))) for record in self.records(rows, statement, values=part)]

    def lock(self, statement: Select[Any], *, skip: bool = False) -> Select[Any]:
        """`statement`, locking its rows until the end; with `skip`, without those that others locked."""
        return statement if self.serial else _locking(statement, skip=skip)

    def free(self, table: Table, ids: Collection[str]) -> set[str]:
        """Those of `ids` whose row in `table` is locked now, or that have none there; without those others locked."""
        if self.serial or not ids:
            return set(ids)
        there = select(table.c.id).where(self.among(table.c.id)).order_by(table.c.id)
        wanted = {"values": sorted(ids)}
        ours = set(self.run(there.with_for_update(skip_locked=True), wanted).scalars())
        return set(ids) - (set(self.run(there, wanted).scalars()) - ours)

    def alone(self, kind: str, *names: str) -> None:
        """Wait until no other transaction that writes is in the part of that name, and keep others out to the end.

        For decisions on rows that are not there yet, which cannot be locked.
        """
        if not self.serial:
            for name in sorted(names):
                self.run(_WAIT, {"part": f"{kind} {name}"})

    def first_in(self, kind: str) -> bool:
        """As `alone`, but False at once where another transaction is in that part."""
        if self.serial:
            return True
        return bool(self.run(_TRY, {"part": kind}).scalar())

    def run_all(self, statement: UpdateBase, rows: Sequence[Values]) -> None:
        """Run one statement for each of many rows, which all have the same columns.

        The same as SQLAlchemy's own way with a list, but for its work per row, which was a third of a batch. Values
        go to the driver as they are: rows hold only what both drivers take for their columns.
        """
        if rows:
            sql, order = _compiled(statement, self._connection.dialect, tuple(rows[0]))
            self._connection.exec_driver_sql(sql, list(map(order, rows)))

    def add(self, table: Table, rows: Sequence[Values]) -> None:
        """Add rows, which break no constraint, in their order."""
        if rows and self._database == "postgresql":
            self._at_once((arrays.insert(table, tuple(rows[0])), rows))
        else:
            self.run_all(_insert(table), rows)

    def store(self, table: Table, rows: Sequence[Values]) -> None:
        """Write the columns that `rows` have beside their ``id``, all the same ones."""
        if rows and self._database == "postgresql":
            self._at_once((arrays.update(table, tuple(rows[0])), rows))
        elif rows:
            self.run_all(_update(table, tuple(rows[0])), [{"an_id": row["id"], **row} for row in rows])

    def _at_once(self, *writes: tuple[UpdateBase, Sequence[Values]]) -> None:
        """Run statements that take each column of all rows as an array, in one round trip and in no order."""
        texts = tuple(_text(statement, self._connection.dialect) for statement, _ in writes)
        values = [zip(*map(itemgetter(*rows[0]), rows), strict=True) for _, rows in writes]
        self._connection.exec_driver_sql(arrays.together(texts), tuple(chain.from_iterable(values)))

    def try_add(self, table: Table, rows: Sequence[Values]) -> None:
        """Add all rows, or none of them and raise IntegrityError; the transaction can go on."""
        savepoint = self._connection.begin_nested()
        try:
            self.add(table, rows)
        except IntegrityError:  # after any other error the whole transaction is over, and its savepoints with it
            savepoint.rollback()
            raise
        savepoint.commit()

    def put(self, table: Table, *rows: Values) -> None:
        """Add rows, or replace those with the same primary key, of which the last one counts."""
        if rows and self._database == "postgresql":
            self._at_once((arrays.upsert(table, tuple(rows[0])), arrays.last_of_each(table, rows)))
        else:
            self.run_all(_upsert(table), rows)

    def add_new(self, table: Table, rows: Sequence[Values]) -> list[str]:
        """Add rows; those that break a unique constraint are left out. Returns what is first in the keys of the others.

        Of two that add the same at the same moment, the second waits and leaves it out.
        """
        if not rows:
            return []
        return list(self.run(_add_new(self._database, table), rows).scalars())

    def _add_up(self, table: Table, rows: Sequence[Values]) -> None:
        if self._database == "postgresql":
            self._at_once((arrays.add_up(table, tuple(rows[0])), rows))
        else:
            self.run_all(_add_up(table), rows)

    def settle(self) -> None:
        """Write what is owed so far."""
        self._settle_rows()
        owed = self.owed
        if owed.counts:  # last: all writers meet here
            ordered = sorted(owed.counts.items())  # the same order everywhere, so that two writers cannot deadlock
            self._add_up(tables.counters, [{"name": name, "reason": reason, "n": n} for (name, reason), n in ordered])
            owed.counts.clear()

    def _settle_rows(self) -> None:
        if self._database == "postgresql":
            self._drop_timers()
            writes = [(arrays.insert(table, tuple(rows[0])), rows) for table, rows in self._owed_rows() if rows]
            if timers := self._timers_set():
                writes.append((arrays.upsert(tables.timers, tuple(timers[0])), timers))
            if writes:
                self._at_once(*writes)
        else:
            self.settle_timers()
            for table, rows in self._owed_rows():
                self.add(table, rows)
        self.owed.timers.clear()
        self.owed.audit.clear()
        self.owed.events.clear()

    def _owed_rows(self) -> tuple[tuple[Table, Sequence[Values]], ...]:
        return (tables.audit, self.owed.audit), (tables.outbox, self.owed.events)

    def settle_timers(self) -> None:
        """Write the timers set and dropped so far."""
        self.put(tables.timers, *self._timers_set())
        self._drop_timers()
        self.owed.timers.clear()

    def _timers_set(self) -> list[Values]:
        return [TIMERS.values(timer) for _, timer in sorted(self.owed.timers.items()) if timer is not None]

    def _drop_timers(self) -> None:
        ordered = sorted(self.owed.timers.items())
        gone = [{"a_kind": kind, "a_subject": subject} for (kind, subject), timer in ordered if timer is None]
        self.run_all(DROP_TIMER, gone)


_PART = func.hashtextextended(bindparam("part", type_=Text), 0)
_WAIT = select(func.pg_advisory_xact_lock(_PART))
_TRY = select(func.pg_try_advisory_xact_lock(_PART))

DROP_TIMER: Delete = delete(tables.timers).where(
    tables.timers.c.kind == bindparam("a_kind"), tables.timers.c.subject == bindparam("a_subject")
)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists that one statement takes."""
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


@cache
def _locking(statement: Select[Any], *, skip: bool) -> Select[Any]:
    return statement.with_for_update(skip_locked=skip)


@cache
def _compiled(
    statement: UpdateBase, dialect: Dialect, columns: tuple[str, ...]
) -> tuple[str, Callable[[Values], tuple[Any, ...]]]:
    """The statement's text for one driver, and what puts the values of a row in the order it wants them."""
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler), "a statement with rows"
    names = compiled.positiontup or []
    fixed = {name: compiled.params[name] for name in names if name not in columns}
    return str(compiled), _ordered(names, fixed)


@cache
def _text(statement: UpdateBase, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def _ordered(names: Sequence[str], fixed: Values) -> Callable[[Values], tuple[Any, ...]]:
    """What makes a row's values a tuple in the order of `names`; those the statement itself gives are `fixed`."""
    if fixed:
        return lambda row: tuple(row[name] if name in row else fixed[name] for name in names)
    get = itemgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


@cache
def _insert(table: Table) -> UpdateBase:
    return insert(table)


@cache
def _update(table: Table, names: tuple[str, ...]) -> UpdateBase:
    values: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in names if name != "id"}
    return update(table).where(table.c.id == bindparam("an_id")).values(values)


@cache
def _upsert(table: Table) -> UpdateBase:
    statement = sqlite.insert(table)
    replaced = {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)


@cache
def _add_new(database: str, table: Table) -> Executable:
    statement: Executable = _INSERT[database](table).on_conflict_do_nothing().returning(table.primary_key.columns[0])
    return statement


@cache
def _add_up(table: Table) -> UpdateBase:
    statement = sqlite.insert(table)
    total = table.c.n + statement.excluded.n
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_={"n": total})
