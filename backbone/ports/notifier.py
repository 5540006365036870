"""The notifier: one channel that reaches people."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What reaches a person: title and body in their language, and where to look."""

    page_id: str
    person: str
    address: str
    """A URL or an e-mail address, by the notifier's kind."""
    kind: str
    brand: str
    code: str
    """Short incident code, in the text too, so that a human sees a repeat as a repeat."""
    title: str
    body: str
    url: str | None
    at: datetime
    attempt: int
    drill: bool
    secret: str | None = msgspec.field(default=None)
    """Signing secret of the address, where it has one."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How a send ended. Only a 2xx (or the mail server's acceptance) is ``accepted``."""

    outcome: Literal["accepted", "temporary", "permanent"]
    detail: str
    ref: str | None = None


class Notifier(Protocol):
    """One channel that reaches people."""

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        """Try once, within the adapter's time limit; never raises for what the other side does.

        The same key may be sent again after a crash: the receiver may fold repeats by it.
        """
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...
