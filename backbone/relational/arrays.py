"""Statements for PostgreSQL that write many rows at once: each column of all rows is one array.

The server runs such a statement once, where a statement per row costs it as much again for each.
"""

import re
from collections.abc import Sequence
from functools import cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Table, Text, bindparam, func, select
from sqlalchemy import update as update_
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_
from sqlalchemy.sql.expression import TableValuedAlias, UpdateBase
from sqlalchemy.types import TypeEngine

from backbone.relational.rows import Values

_PARAMETERS = re.compile(r"\$(\d+)")


@cache
def insert(table: Table, names: tuple[str, ...]) -> UpdateBase:
    """Add rows that have these columns, in their order."""
    return _insert(table, names)


@cache
def upsert(table: Table, names: tuple[str, ...]) -> UpdateBase:
    """Add rows that have these columns, or replace those with the same primary key; no key may come twice."""
    statement = _insert(table, names)
    replaced = {name: statement.excluded[name] for name in names if not table.c[name].primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)


@cache
def add_up(table: Table, names: tuple[str, ...]) -> UpdateBase:
    """Add rows that have these columns, or add their ``n`` to the row with the same primary key."""
    statement = _insert(table, names)
    total = table.c.n + statement.excluded.n
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_={"n": total})


@cache
def update(table: Table, names: tuple[str, ...]) -> UpdateBase:
    """Write these columns, beside ``id``, of the rows that have these ids."""
    given = _given(table, names)
    values = {name: given.c[name] for name in names if name != "id"}
    return update_(table).where(table.c.id == given.c.id).values(values)


@cache
def together(texts: tuple[str, ...]) -> str:
    """One statement that does what all of these do, with their parameters one after the other."""
    parts: list[str] = []
    taken = 0
    for text in texts:
        parts.append(_PARAMETERS.sub(partial(_moved, by=taken), text))
        taken += len(_PARAMETERS.findall(text))
    *first, last = parts
    named = ", ".join(f"write_{number} AS ({part})" for number, part in enumerate(first))
    return f"WITH {named} {last}" if named else last


def _moved(parameter: re.Match[str], by: int) -> str:
    return f"${int(parameter[1]) + by}"


def last_of_each(table: Table, rows: Sequence[Values]) -> Sequence[Values]:
    """Of rows with the same primary key the last, ordered by it: so two writers never wait for each other."""
    key = itemgetter(*(column.name for column in table.primary_key))
    return [row for _, row in sorted({key(row): row for row in rows}.items(), key=itemgetter(0))]


def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    given = _given(table, names)
    return insert_(table).from_select(list(names), select(*(given.c[name] for name in names)))


def _given(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    # The parameters are numbered in the order of `names`.
    columns = (bindparam(f"all_{name}", type_=ARRAY(_element(table.c[name].type))) for name in names)
    return func.unnest(*columns).table_valued(*names, name="given").render_derived()


def _element(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """A value has no collation: that of its column holds."""
    return Text() if isinstance(kind, Text) else kind
