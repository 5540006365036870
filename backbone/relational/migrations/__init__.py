"""Brings the tables of a database to the newest revision, and back.

A revision is a file in `versions`. A new one goes with the change of `tables.py` that needs it, and sets `HEAD`; a
test compares what the revisions make with what `tables.py` says.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from backbone.errors import BadInput

HEAD = "0001"
_VERSION_TABLE = "alembic_version"


def upgrade(connection: Connection) -> None:
    """To the newest revision, in one transaction: all of it or nothing. At once where it is there already."""
    with connection.begin():
        current = revision(connection)
        if current != HEAD:
            _refuse_newer(current)
            _move(connection, "upgrade", "head")


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
