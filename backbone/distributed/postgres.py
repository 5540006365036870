"""How a PostgreSQL database is reached: its address, TLS, and limits of time, so that nothing waits for ever."""

import ssl
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backbone.distributed.connections import Postgres
from backbone.errors import BadInput

CONNECT_S = 10.0
LOCK_S = 10
STATEMENT_S = 30
ANSWER_S = 45.0
"""The server ends what takes too long; where it does not answer at all, we do, a little later."""
IDLE_S = 180
"""A transaction in which nothing happens for so long loses its locks: its process hangs or is cut off."""

SESSION = {
    "application_name": "webcare",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "lock_timeout": f"{LOCK_S}s",
    "statement_timeout": f"{STATEMENT_S}s",
    "idle_in_transaction_session_timeout": f"{IDLE_S}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What every session of ours asks of the server."""


def connect(connection: Postgres, size: int) -> AsyncEngine:
    """An engine with up to `size` connections, none of them open yet; BadInput names a setting that is wrong.

    A connection that the server closed meanwhile (a restart) is replaced when it is taken from the pool, at no cost:
    the driver has seen it close.
    """
    engine = create_async_engine(
        _address(connection),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error that is logged must not carry what somebody wrote
        pool_size=size,
        max_overflow=0,
        connect_args={
            "timeout": CONNECT_S,
            "command_timeout": ANSWER_S,
            "server_settings": SESSION,
            "ssl": _tls(connection),
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def name_of(connection: Postgres) -> str:
    """What messages call this database: without user and password."""
    url = _address(connection)
    host = url.host or "a local socket"
    return f"PostgreSQL at {host}{f':{url.port}' if url.port else ''}, database {url.database or 'of the user'},"


def _address(connection: Postgres) -> URL:
    try:
        url = make_url(connection.url).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError) as error:
        raise BadInput(
            "WEBCARE_POSTGRES is no address.",
            code="bad_setting",
            remedy="Write postgresql://user@host:port/database.",
        ) from error
    return url.set(password=connection.password) if connection.password else url


def _tls(connection: Postgres) -> ssl.SSLContext | bool:
    """With TLS the server must prove its name."""
    if not connection.tls:
        return False
    try:
        return ssl.create_default_context(cafile=connection.ca)
    except (ssl.SSLError, OSError) as error:
        raise BadInput(
            f"WEBCARE_POSTGRES_CA: {connection.ca} holds no certificate.",
            code="bad_setting",
            remedy="Name the PEM file of the authority that signed the server's certificate.",
        ) from error


def _refuse_closed(connection: Any, *_: Any) -> None:
    if connection.driver_connection.is_closed():
        raise DisconnectionError
