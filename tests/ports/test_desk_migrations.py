"""The revisions make the tables that the code says, and take them back."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from desk_suite import kinds, opened
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.pool import NullPool

from backbone.embedded.desk import SqliteDesk
from backbone.embedded.sqlite import connect
from backbone.errors import BadInput
from backbone.relational import migrations
from backbone.relational.rows import (
    ATTEMPTS,
    AUDIT,
    INCIDENTS,
    ITEMS,
    MENTIONS,
    OUTBOX,
    PAGES,
    REPLIES,
    RUNS,
    SPIKES,
    STORIES,
    TIMERS,
)
from backbone.relational.tables import metadata

SCHEMA = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic_version%' ORDER BY name"


def engine_of(path: Path) -> Engine:
    engine = create_engine("sqlite://", creator=lambda: connect(path, "normal"), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    with engine_of(tmp_path / "desk.db").connect() as connection:
        yield connection


def schema(connection: Connection) -> list[tuple[str, list[str]]]:
    """What makes each table and index, by its parts: a column that came later stands behind the constraints."""
    with connection.begin():
        return [(name, _parts(sql)) for name, sql in connection.exec_driver_sql(SCHEMA)]


def _parts(sql: str | None) -> list[str]:
    head, _, body = " ".join((sql or "").split()).partition("(")
    body, _, tail = body.rpartition(")")
    return [head.strip(), tail.strip(), *sorted(part.strip() for part in re.split(r",(?![^(]*\))", body))]


def test_the_revisions_make_exactly_the_tables_of_the_code(connection: Connection, tmp_path: Path) -> None:
    migrations.upgrade(connection)
    with connection.begin():
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with engine_of(tmp_path / "direct.db").connect() as direct:
        with direct.begin():
            metadata.create_all(direct)
        assert schema(connection) == schema(direct)


def test_the_way_back_leaves_nothing_and_the_way_up_can_be_gone_again(connection: Connection) -> None:
    migrations.upgrade(connection)
    first = schema(connection)
    migrations.downgrade(connection, "base")
    assert [name for name, _ in schema(connection) if name != "sqlite_sequence"] == []
    migrations.upgrade(connection)
    assert schema(connection) == first


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_an_upgrade_that_fails_leaves_nothing(connection: Connection) -> None:
    with connection.begin():
        connection.exec_driver_sql("CREATE TABLE timers (mine TEXT)")
    with pytest.raises(Exception, match="timers"):
        migrations.upgrade(connection)
    with connection.begin():
        assert inspect(connection).get_table_names() == ["timers"]


async def test_a_desk_that_a_newer_version_wrote_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await (await SqliteDesk.open(path)).close()
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(BadInput, match="9999"):
        await SqliteDesk.open(path)


async def test_a_desk_opens_again_with_what_it_kept(tmp_path: Path) -> None:
    first = await SqliteDesk.open(tmp_path / "desk.db")
    await opened(first, "c1")
    await first.close()
    second = await SqliteDesk.open(tmp_path / "desk.db")
    assert await kinds(second) == ["item.opened"]
    await second.close()


@pytest.mark.parametrize(
    "rows",
    [ITEMS, MENTIONS, REPLIES, INCIDENTS, RUNS, PAGES, ATTEMPTS, SPIKES, TIMERS, AUDIT, OUTBOX, STORIES],
    ids=lambda rows: rows.table.name,
)
def test_a_table_has_the_fields_of_its_record_in_their_order(rows: object) -> None:
    columns = [column.name for column in rows.table.c if column.name != "due_order"]  # type: ignore[attr-defined]
    assert columns == [column.name for column in rows.columns]  # type: ignore[attr-defined]
