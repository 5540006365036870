"""What every event type has in common."""

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment, with its offset: one without is refused when it is read."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One immutable fact on a topic, sent as a JSON object.

    Unknown fields are ignored by readers; every field that was added after version 1 has a default. Instants are
    UTC with an explicit offset.
    """
