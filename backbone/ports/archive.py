"""The archive: an index of classified mentions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from contracts.mentions import ClassifiedMention


class ArchiveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. `text` is words (all must be there; "quoted phrase"; -word excludes; word* prefix;
    word~ its other forms too, where the archive knows them)."""

    text: str = ""
    brands: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None
    sentiments: tuple[str, ...] | None = None
    urgencies: tuple[str, ...] | None = None
    intents: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    drill: bool | None = None


class ArchiveHit(msgspec.Struct, frozen=True, kw_only=True):
    """One mention found, with the places that matched marked by ``<mark>`` in `highlight` (the rest escaped)."""

    mention: ClassifiedMention
    highlight: str | None


class ArchivePage(msgspec.Struct, frozen=True, kw_only=True):
    """Hits, newest first; `total` is exact; `next` continues."""

    hits: tuple[ArchiveHit, ...]
    total: int
    next: str | None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many mentions began in this interval, in all and by sentiment and urgency."""

    start: datetime
    count: int
    sentiment: dict[str, int]
    urgency: dict[str, int]


class Archive(Protocol):
    """An index of classified mentions. Never the only copy; can be rebuilt from `mentions.classified`."""

    async def index(self, mentions: Sequence[tuple[ClassifiedMention, int]]) -> None:
        """Upsert (mention, version) pairs by mention id, all or raise; an older version than the stored is ignored."""
        ...

    async def search(self, query: ArchiveQuery, limit: int, after: str | None = None) -> ArchivePage:
        """Hits by `created_at` descending, then id. A query that cannot be read raises BadInput."""
        ...

    async def histogram(self, query: ArchiveQuery, interval_s: int) -> Sequence[Bucket]:
        """Counts per interval (aligned to the epoch), empty ones between the first and the last included."""
        ...

    async def facets(
        self, query: ArchiveQuery, fields: Sequence[str], limit: int = 20
    ) -> Mapping[str, Mapping[str, int]]:
        """Counts per value of brand, channel, lang, sentiment, urgency, intent, care; most first."""
        ...

    async def expire(self, before: datetime) -> int:
        """Forget mentions created before; returns how many."""
        ...

    async def ping(self) -> None:
        """Return if the archive answers, else raise Unavailable."""
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...
