"""What became of it: changes of the desk, replies to send, and what could not be read."""

from typing import Any

from contracts.base import Event, Instant


class WorkEvent(Event, frozen=True, kw_only=True):
    """One change of the desk, on `work.events`, keyed by subject: what the live stream and webhooks carry.

    `kind` is ``item.opened``, ``item.claimed``, ``incident.acknowledged``, ``page.accepted`` and so on; `reason`
    is the named decision behind it; `data` is the subject's public representation after the change.
    """

    id: str
    kind: str
    at: Instant
    brand: str
    subject: str
    actor: str
    reason: str
    data: dict[str, Any]
    drill: bool = False
    v: int = 1


class ReplyRequested(Event, frozen=True, kw_only=True):
    """A person's answer that is to be delivered to the platform, on `reply.requested`, keyed by item."""

    id: str
    item_id: str
    mention_id: str
    brand: str
    channel: str
    source: str
    thread: str | None
    text: str
    author: str
    at: Instant
    drill: bool = False
    v: int = 1


class DeadLetter(Event, frozen=True, kw_only=True):
    """A record that no handler can take, on `<topic>.dead`, with why, whole, so that it can be replayed."""

    topic: str
    partition: int
    offset: int
    key: str
    payload: bytes
    reason: str
    """Stable code, such as ``not_json`` or ``wrong_type``."""
    detail: str
    """Where and what, in words, without the message's text."""
    group: str
    at: Instant
    v: int = 1
