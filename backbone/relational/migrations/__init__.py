"""Brings the tables of a database to the newest revision, and back.

A revision is a file in `versions`. A new one goes with the change of `tables.py` that needs it, and sets `HEAD`; a
test compares what the revisions make with what `tables.py` says.
"""

from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from backbone.errors import BadInput

HEAD = "0006"
_VERSION_TABLE = "alembic_version"
_LOCK = 0x77656263617265
"""The advisory lock of whoever changes the tables: the same number in every version."""


def upgrade(connection: Connection) -> None:
    """To the newest revision, in one transaction: all of it or nothing. At once where it is there already.

    Several processes may do this at the same time: the first does it, the others wait for it and find it done.
    """
    with connection.begin():
        _one_at_a_time(connection)
        current = revision(connection)
        if current != HEAD:
            _refuse_newer(current)
            _move(connection, "upgrade", "head")


def refuse_other(connection: Connection) -> None:
    """BadInput ``other_desk`` where the tables are not those of this version. Changes nothing."""
    with connection.begin():
        current = revision(connection)
    if current != HEAD:
        raise BadInput(
            f"The desk is at revision {current}, and this version reads {HEAD}.",
            code="other_desk",
            remedy="Use the version of webcare that runs on it.",
        )


def downgrade(connection: Connection, to: str) -> None:
    """Back to revision `to` (``base``: no tables), in one transaction. What has no place there is lost."""
    with connection.begin():
        _move(connection, "downgrade", to)


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None where it has no tables of ours."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    current: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
    return current


def _one_at_a_time(connection: Connection) -> None:
    """On SQLite whoever writes is alone already."""
    if connection.dialect.name == "postgresql":
        for limit in ("lock_timeout", "statement_timeout"):  # a large table may take long
            connection.exec_driver_sql(f"SET LOCAL {limit} = 0")
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _refuse_newer(current: str | None) -> None:
    if current is not None and current > HEAD:
        raise BadInput(
            f"The desk is at revision {current}, which this version ({HEAD}) does not know.",
            code="newer_desk",
            remedy="Use the version of webcare that wrote it, or a newer one.",
        )


def _move(connection: Connection, command_name: str, to: str) -> None:
    # Here, not above: a desk that is up to date opens without it, and it takes a good part of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    getattr(command, command_name)(config, to)
