"""One open transaction, and how statements are run in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Delete, Dialect, Select, Table, bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Executable, UpdateBase

from backbone.records import Item
from backbone.relational import tables
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
        self.owed = owed
        self.reading = reading
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

    def records_in(self, rows: Rows[R], statement: Executable, values: Iterable[str], **others: Any) -> list[R]:
        """All records of a statement that has an IN list ``values``, whatever its length."""
        wanted = dict.fromkeys(values)
        return [record for part in _chunks(wanted) for record in self.records(rows, statement, values=part, **others)]

    def lock(self, statement: Select[Any], *, skip: bool = False) -> Select[Any]:
        """`statement`, locking its rows until the end; with `skip`, without those that others locked.

        On SQLite this has no effect and needs none: a transaction that writes is the only one.
        """
        return statement if self.reading else statement.with_for_update(skip_locked=skip)

    def run_all(self, statement: UpdateBase, rows: Sequence[Values]) -> None:
        """Run one statement for each of many rows, which all have the same columns.

        The same as SQLAlchemy's own way with a list, but for its work per row, which was a third of a batch. Values
        go to the driver as they are: rows hold only what both drivers take for their columns.
        """
        if rows:
            sql, order = _compiled(statement, self._connection.dialect, tuple(rows[0]))
            self._connection.exec_driver_sql(sql, list(map(order, rows)))

    def add(self, table: Table, rows: Sequence[Values]) -> None:
        """Add rows, which break no constraint."""
        self.run_all(_insert(table), rows)

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
        """Add rows, or replace those with the same primary key."""
        self.run_all(_upsert(self._database, table), rows)

    def add_new(self, table: Table, rows: Sequence[Values]) -> list[str]:
        """Add rows; those that break a unique constraint are left out. Returns the ids of those added."""
        if not rows:
            return []
        return list(self.run(_add_new(self._database, table), rows).scalars())

    def settle(self) -> None:
        """Write what is owed so far."""
        owed = self.owed
        self.settle_timers()
        if owed.counts:
            ordered = sorted(owed.counts.items())  # the same order everywhere, so that two writers cannot deadlock
            rows = [{"name": name, "reason": reason, "n": n} for (name, reason), n in ordered]
            self.run_all(_add_up(self._database, tables.counters), rows)
            owed.counts.clear()
        self.add(tables.audit, owed.audit)
        self.add(tables.outbox, owed.events)
        owed.audit.clear()
        owed.events.clear()

    def settle_timers(self) -> None:
        """Write the timers set and dropped so far."""
        ordered = sorted(self.owed.timers.items())
        self.put(tables.timers, *(TIMERS.values(timer) for _, timer in ordered if timer is not None))
        gone = [{"a_kind": kind, "a_subject": subject} for (kind, subject), timer in ordered if timer is None]
        self.run_all(DROP_TIMER, gone)
        self.owed.timers.clear()


DROP_TIMER: Delete = delete(tables.timers).where(
    tables.timers.c.kind == bindparam("a_kind"), tables.timers.c.subject == bindparam("a_subject")
)


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


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
def _upsert(database: str, table: Table) -> UpdateBase:
    statement = _INSERT[database](table)
    replaced = {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
    upsert: UpdateBase = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)
    return upsert


@cache
def _add_new(database: str, table: Table) -> Executable:
    statement: Executable = _INSERT[database](table).on_conflict_do_nothing().returning(table.c.id)
    return statement


@cache
def _add_up(database: str, table: Table) -> UpdateBase:
    statement = _INSERT[database](table)
    total = table.c.n + statement.excluded.n
    upsert: UpdateBase = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_={"n": total})
    return upsert
