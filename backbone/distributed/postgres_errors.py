"""What the errors of PostgreSQL and of the way to it mean, and which setting each is about."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from backbone.errors import BadInput, Unavailable, WebcareError

_OF_THE_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
FAILURES = (SQLAlchemyError, *_OF_THE_DRIVER)
"""What a statement or a connection may raise that is not ours."""


class Unstorable(BadInput):
    """A value that no column takes: nothing of its transaction is kept."""


class _Meaning(NamedTuple):
    code: str
    what: str
    remedy: str


_ADDRESS = "Check that it runs and that WEBCARE_POSTGRES is its address; work goes on by itself."
_AWAY = _Meaning("postgres_away", "cannot be reached", _ADDRESS)
_LOST = _Meaning("postgres_away", "ended the connection", _ADDRESS)
_SILENT = _Meaning("postgres_away", "does not answer in time", _ADDRESS)
_SLOW = _Meaning("desk_busy", "others hold what is needed for too long", "Work goes on by itself; see its locks.")
_CROSSED = _Meaning("desk_busy", "two transactions waited for each other", "Work goes on by itself.")
_PASSWORD = _Meaning("wrong_password", "refuses the password", "Check WEBCARE_POSTGRES_PASSWORD.")
_UNTRUSTED = _Meaning(
    "untrusted_server",
    "has a certificate that is not trusted, or one for another name",
    "WEBCARE_POSTGRES_CA must name the file of its authority, WEBCARE_POSTGRES the host as the certificate has it.",
)
_NO_TLS = _Meaning("no_tls", "does not speak TLS as we do", "Switch TLS on there, or set WEBCARE_POSTGRES_TLS to off.")
_FULL = _Meaning("disk_full", "has no space left on its disk", "Free some space there; work goes on by itself.")
_DISK = _Meaning("disk_error", "cannot read or write its files", "Check its disk and its log.")

_STATES: dict[str, _Meaning] = {
    "25006": _Meaning("read_only", "is read only", "WEBCARE_POSTGRES must name the primary, not a standby."),
    "25P03": _LOST,
    "28P01": _PASSWORD,
    "28000": _Meaning(
        "not_admitted",
        "does not let this user in",
        "Check the user in WEBCARE_POSTGRES, WEBCARE_POSTGRES_TLS, and pg_hba.conf there.",
    ),
    "3D000": _Meaning("no_database", "does not have this database", "Create it, or correct WEBCARE_POSTGRES."),
    "40001": _CROSSED,
    "40P01": _CROSSED,
    "42501": _Meaning(
        "not_allowed", "forbids this user what the desk needs", "Let the user of WEBCARE_POSTGRES own the database."
    ),
    "53100": _FULL,
    "53300": _Meaning(
        "too_many_connections",
        "has no connection left",
        "Raise max_connections there, or let fewer processes use WEBCARE_POSTGRES.",
    ),
    "55P03": _SLOW,
    "57014": _SLOW,
}
_CLASSES: dict[str, _Meaning] = {
    "08": _LOST,
    "53": _Meaning("out_of_resources", "is out of memory or another resource", "Give it more; see its log."),
    "57": _LOST,
    "58": _DISK,
    "XX": _DISK,
}


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise Unavailable or Unstorable for what the database at `where` refused; faults of ours pass unchanged."""
    try:
        yield
    except FAILURES as error:
        meaning = _meaning_of(error, where)
        if meaning is None:
            raise
        raise meaning from error


def _meaning_of(error: BaseException, where: str) -> WebcareError | None:
    inner = _innermost(error)
    state = getattr(inner, "sqlstate", None) or ""
    if state.startswith("22") or isinstance(inner, asyncpg.DataError):
        return Unstorable(
            "A text holds a character, or a number is larger, than the desk can keep.",
            code="unstorable_value",
            remedy="Leave out NUL characters and lone surrogates; keep whole numbers within 32 bits.",
        )
    found = _of_state(state) if state else _of_kind(inner)
    return None if found is None else Unavailable(f"{where} {found.what}.", code=found.code, remedy=found.remedy)


def _innermost(error: BaseException) -> BaseException:
    """The driver's own error, which SQLAlchemy has wrapped twice."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return _innermost(error.orig)
    wrapped = isinstance(error.__cause__, _OF_THE_DRIVER) and not isinstance(error, _OF_THE_DRIVER)
    return error.__cause__ if wrapped and error.__cause__ is not None else error


def _of_state(state: str) -> _Meaning | None:
    return _STATES.get(state) or _CLASSES.get(state[:2])


def _of_kind(error: BaseException) -> _Meaning | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNTRUSTED
    if isinstance(error, ssl.SSLError) or (isinstance(error, ConnectionError) and "rejected SSL" in str(error)):
        return _NO_TLS
    if isinstance(error, TimeoutError):
        return _SILENT
    if isinstance(error, OSError):
        return _AWAY
    if isinstance(error, asyncpg.InternalClientError):
        return _LOST  # the server said that it goes down when the driver was not expecting a word
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    return _LOST if closed else None
