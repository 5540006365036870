"""The archive: search, facets, volume."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from backbone.errors import BadInput
from backbone.ports import ArchiveQuery
from backbone.web.auth import Caller
from backbone.web.problem import problems
from contracts.mentions import Intent, Sentiment, Urgency
from services.api import views
from services.api.bodies import PersonRoute
from services.api.context import Filters, Instant, Names, Storable, TheApi, ThePerson, none_if_empty
from services.api.domain.cursors import TEXT_CURSOR, decode_cursor, encode_cursor
from services.api.volume import aligned, volume

router = APIRouter(prefix="/v1", tags=["archive"], route_class=PersonRoute)

FIELDS = ("brand", "channel", "lang", "sentiment", "urgency", "intent", "care")


class ArchiveFilters(Filters):
    """Which mentions."""

    q: Annotated[str, Storable] = Field(
        default="", max_length=500, description='Words (all of them); "a phrase"; -not; begin*.', examples=["trein*"]
    )
    channel: Names = Field(default=[])
    lang: Names = Field(default=[])
    sentiment: list[Sentiment] = Field(default=[], max_length=3)
    urgency: list[Urgency] = Field(default=[], max_length=4)
    intent: list[Intent] = Field(default=[], max_length=5)
    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Exclusive. ISO 8601 with an offset.")
    drill: bool | None = Field(default=None, description="Only rehearsals, or none of them; absent: both.")

    def query(self, person: Caller) -> ArchiveQuery:
        """The question to the archive, within what the person may see."""
        if self.since and self.until and self.since >= self.until:
            raise BadInput("since is not before until.", code="wrong_range", remedy="Swap them.")
        return ArchiveQuery(
            text=self.q,
            brands=person.scope(self.brand),
            channels=none_if_empty(self.channel),
            langs=none_if_empty(self.lang),
            sentiments=none_if_empty(self.sentiment),
            urgencies=none_if_empty(self.urgency),
            intents=none_if_empty(self.intent),
            since=self.since,
            until=self.until,
            drill=self.drill,
        )


class SearchQuery(ArchiveFilters):
    """Which page of them."""

    cursor: Annotated[str, Storable] | None = Field(default=None, max_length=1000)
    limit: int = Field(default=50, ge=1, le=200)


class FacetQuery(ArchiveFilters):
    """Counted by what."""

    field: Names = Field(default=list(FIELDS), description="Repeat it.")
    limit: int = Field(default=20, ge=1, le=100, description="Values per field.")


class VolumeQuery(ArchiveFilters):
    """Over which time, in which steps."""

    minutes: int = Field(default=1440, ge=1, le=527_040, description="Up to now (or `until`), where `since` is absent.")
    interval: int = Field(default=300, ge=60, le=86_400, description="Seconds.", multiple_of=60)


@router.get("/search", responses=problems(400, 403, 422), summary="Find mentions, newest first")
async def search(api: TheApi, person: ThePerson, query: Annotated[SearchQuery, Query()]) -> views.SearchPage:
    after = decode_cursor(query.cursor, TEXT_CURSOR) if query.cursor else None
    page = await api.ports.archive.search(query.query(person), query.limit, after)
    more = encode_cursor(page.next) if page.next is not None else None
    return views.SearchPage(hits=[views.found(hit) for hit in page.hits], total=page.total, next=more)


@router.get("/facets", responses=problems(400, 403, 422), summary="How many mentions per value")
async def facets(api: TheApi, person: ThePerson, query: Annotated[FacetQuery, Query()]) -> views.Facets:
    unknown = [field for field in query.field if field not in FIELDS]
    if unknown:
        raise BadInput("There is no such facet.", code="invalid", remedy=f"Choose from {', '.join(FIELDS)}.")
    counted = await api.ports.archive.facets(query.query(person), query.field, query.limit)
    return views.Facets(facets={field: dict(values) for field, values in counted.items()})


@router.get("/volume", responses=problems(400, 403, 422), summary="Arrivals per interval, against expectation")
async def arrivals(api: TheApi, person: ThePerson, query: Annotated[VolumeQuery, Query()]) -> views.Volume:
    step = timedelta(seconds=query.interval)
    end = query.until or api.now()
    until = aligned(end, query.interval)
    until = until if until == end else until + step
    asked = query.query(person)
    since = aligned(asked.since or until - timedelta(minutes=query.minutes), query.interval)
    bounded = msgspec.structs.replace(asked, since=since, until=until)
    series = asked.brands or api.settings.brands
    bars = await volume(api.ports, bounded, () if _narrowed(query) else series, query.interval)
    brands = list(asked.brands) if asked.brands is not None else None
    return views.Volume(brands=brands, since=since, until=until, interval_s=query.interval, bars=list(bars))


def _narrowed(query: VolumeQuery) -> bool:
    return any((query.q, query.channel, query.lang, query.sentiment, query.urgency, query.intent))
