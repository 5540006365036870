"""Who may come in, and how the door is set."""

from datetime import timedelta
from typing import Literal

import msgspec

Role = Literal["agent", "lead", "agency", "reader", "admin"]

READS_ONLY: frozenset[Role] = frozenset({"reader"})
"""Who has no other role than these may look and not act."""


class PersonKey(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may come in."""

    name: str
    display: str
    key_hash: str
    """SHA-256 of the key, in hex. The key itself is nowhere kept."""
    roles: tuple[Role, ...] = ("agent",)
    brands: tuple[str, ...] | None = None
    """What this person may see; None is every brand."""


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """How a service is entered."""

    people: tuple[PersonKey, ...] = ()
    auth_off: bool = False
    """For a demonstration only: without a key everybody is the first of `people`."""
    session_life: timedelta = timedelta(hours=12)
    session_secret: str = ""
    """Signs sessions. The same for every instance of a service, or empty: then each start makes its own."""
