"""Which organisations are watched, and by which accounts, names, hashtags and search terms."""

import re
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import msgspec

from services.ingest.domain.text import any_of, clue


class Brand(msgspec.Struct, frozen=True, kw_only=True, dict=True):
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

    @cached_property
    def called(self) -> tuple[str, ...]:
        """The terms that address the brand: each account and hashtag after either sign (customers mix them up)."""
        handles = {account.lstrip("@") for account in self.accounts.values()}
        tags = {tag.lstrip("#") for tag in self.hashtags}
        return tuple(f"{sign}{name}" for name in sorted(handles | tags) for sign in ("@", "#"))

    @cached_property
    def patterns(self) -> "Patterns":
        """The brand's terms, ready to be sought."""
        return Patterns(
            called=any_of(self.called),
            named=any_of((self.name, *self.names)),
            search=any_of(self.search),
            exclude=any_of(self.exclude),
        )

    @cached_property
    def vips(self) -> frozenset[str]:
        """`vip_authors` as they are compared."""
        return frozenset(vip.casefold().lstrip("@") for vip in self.vip_authors)


class Patterns(NamedTuple):
    """What finds a brand's terms in a folded text; None where it has no such terms."""

    called: re.Pattern[str] | None
    named: re.Pattern[str] | None
    search: re.Pattern[str] | None
    exclude: re.Pattern[str] | None


class Suspects:
    """The few brands that a text can be about, by its words: most terms hold a word that the text must have too."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._brands = brands
        self._places: dict[str | None, set[int]] = {}
        for place, brand in enumerate(brands):
            for term in (*brand.called, brand.name, *brand.names, *brand.search):
                self._places.setdefault(clue(term), set()).add(place)
        self._always = self._places.pop(None, set())

    def among(self, words: Set[str]) -> list[Brand]:
        """Every brand of which a term is in a text with these words, and perhaps others; in their order."""
        places = self._always.union(*(self._places[word] for word in self._places.keys() & words))
        return [self._brands[place] for place in sorted(places)]


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
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

    @cached_property
    def by_name(self) -> Mapping[str, Brand]:
        """The brands by name."""
        return {brand.name: brand for brand in reversed(self.brands)}

    @cached_property
    def suspects(self) -> Suspects:
        """The brands by the words of their terms."""
        return Suspects(self.brands)

    @cached_property
    def earliest(self) -> datetime:
        """The first `created_at` taken."""
        return datetime(self.min_year, 1, 1, tzinfo=UTC)

    @cached_property
    def ahead(self) -> timedelta:
        """`max_ahead_s` as a length of time."""
        return timedelta(seconds=self.max_ahead_s)
