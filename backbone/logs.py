"""Logs: one line per event, as JSON or for the console, without what people wrote or who they are.

An event is a stable snake_case name with fields. Lines of libraries come out in the same form.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from backbone.errors import WebcareError

REDACTED = "[redacted]"

PERSONAL_FIELDS = frozenset(
    {
        "address",
        "author",
        "author_name",
        "body",
        "display_name",
        "email",
        "excerpt",
        "handle",
        "highlight",
        "key",
        "mention",
        "name",
        "payload",
        "person_name",
        "phone",
        "reply",
        "secret",
        "text",
        "title",
        "token",
        "url",
        "value",
    }
)
"""Fields whose values are never written, wherever they are nested."""

_ADDRESSES = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBERS = re.compile(r"(?<![\w.:-])\+?\d(?:[ ./()-]?\d){8,14}(?![\w:-])")


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank personal fields, and e-mail addresses and telephone numbers in any other text."""
    return {field: _clean(field, value) for field, value in event.items()}


def _clean(field: str, value: Any) -> Any:
    if field in PERSONAL_FIELDS:
        return REDACTED
    if isinstance(value, str):
        return _NUMBERS.sub(REDACTED, _ADDRESSES.sub(REDACTED, value))
    if isinstance(value, Mapping):
        return {name: _clean(str(name), inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(field, inner) for inner in value]
    return value


def failure(error: BaseException) -> dict[str, Any]:
    """What may be logged of an exception: its type, where it was raised, and its words only where they are ours."""
    fields: dict[str, Any] = {"type": type(error).__name__, "frames": _frames(error.__traceback__)}
    if isinstance(error, WebcareError):
        fields |= {"code": error.code, "message": str(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        fields["cause"] = failure(cause)
    return fields


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _exceptions(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by what may be logged of it: messages and values of foreign exceptions may quote people."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    if info and error is None:
        error = sys.exc_info()[1]
    return {**event, "exception": failure(error)} if error is not None else event


def setup(style: Literal["json", "console"], level: str = "INFO", stream: TextIO = sys.stderr) -> None:
    """Send all logging of this process to `stream`; called once, by whoever starts the process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "alembic", "uvicorn"):
        # The first two log every request with its address, and the address of a page may hold a secret.
        logging.getLogger(chatty).setLevel("WARNING")


def _renderers(style: Literal["json", "console"], stream: TextIO) -> list[Any]:
    if style == "console":
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    return [structlog.processors.JSONRenderer()]
