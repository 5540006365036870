"""Which fields of the desk's records stay inside."""

from collections.abc import Mapping
from typing import Any

INTERNAL = frozenset({"author", "conversation", "thread", "dedup_key", "lease_owner"})
"""Platform ids of people and conversations, and how we keep things apart."""


def public(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without them."""
    return {name: value for name, value in record.items() if name not in INTERNAL}
