"""Keyed state: small records of one stateful step."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class KeyedState(Protocol):
    """Small records by key, of one stateful step; moves with its partition."""

    async def load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of `keys` that have a record."""
        ...

    async def save(self, records: Mapping[str, bytes]) -> None:
        """Replace records, all durably or raise."""
        ...

    async def all(self) -> Mapping[str, bytes]:
        """Every record."""
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...
