"""What every event type has in common."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One immutable fact on a topic, sent as a JSON object.

    Unknown fields are ignored by readers; every field that was added after version 1 has a default. Instants are
    UTC with an explicit offset.
    """
