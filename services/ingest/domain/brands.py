"""Which organisations are watched, and by which accounts, names, hashtags and search terms."""

import msgspec


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that is watched. Terms are compared without case and accents, on word borders."""

    name: str
    accounts: dict[str, str] = {}
    """Channel -> account, with or without ``@``."""
    names: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """A mention found in the wild that holds one of these is not about the brand; an addressed one always counts."""
    vip_authors: tuple[str, ...] = ()
    """Handles or author ids whose messages take the fast lane."""


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What ingest decides by. A push may name its brand; without one the terms decide."""

    brands: tuple[Brand, ...]
    max_text: int = 20_000
    """Characters; a longer text is refused."""
    max_body: int = 5_000_000
    """Bytes of one request, after decompression too."""
    max_batch: int = 5_000
    """Mentions in one request."""
    max_depth: int = 16
    """Levels of JSON."""
    min_year: int = 2004
    max_ahead_s: int = 86_400
    """How far in the future `created_at` may lie."""
