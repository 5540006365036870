"""What a period, an incident, an item or a story is about, in words that stand out against the brand's history."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from backbone.errors import BadInput
from backbone.ports import ArchiveQuery, DeskTransaction
from backbone.records import Incident, StoredMention
from backbone.series import series_parts
from backbone.web.problem import problems
from contracts.mentions import Sentiment, Urgency
from services.api.bodies import PersonRoute
from services.api.context import Api, Id, Instant, Name, Names, TheApi, ThePerson, none_if_empty
from services.api.topics import LONGEST_PERIOD, About
from services.api.views.topics import Topics, topics

router = APIRouter(prefix="/v1", tags=["topics"], route_class=PersonRoute)

_MOST_COPIES = 200
_DEFAULT_PERIOD = timedelta(days=1)
_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "negative": {"sentiments": ("negative",)},
    "urgent": {"urgencies": ("critical", "high")},
}


class LimitQuery(BaseModel):
    """How many terms."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=10, ge=1, le=50)


class TopicQuery(LimitQuery):
    """Which mentions; they are compared with those of the same channel, sentiment and urgency before them."""

    brand: Name
    since: Instant | None = Field(default=None, description="A day before `until`, where it is absent.")
    until: Instant | None = Field(default=None, description="Exclusive. Now, where it is absent.")
    channel: Names = Field(default=[])
    sentiment: list[Sentiment] = Field(default=[], max_length=3)
    urgency: list[Urgency] = Field(default=[], max_length=4)
    drill: bool | None = Field(default=None, description="Only rehearsals, or none of them; absent: both.")


@router.get("/topics", responses=problems(403, 422), summary="What a brand's mentions of a period are about")
async def of_period(api: TheApi, person: ThePerson, query: Annotated[TopicQuery, Query()]) -> Topics:
    """Terms (words, and pairs of words) said by more people than the 28 days before make likely."""
    until = query.until or api.now().replace(second=0, microsecond=0)
    since = query.since or until - _DEFAULT_PERIOD
    if since >= until:
        raise BadInput("since is not before until.", code="wrong_range", remedy="Swap them.")
    if until - since > LONGEST_PERIOD:
        remedy = f"Ask for at most {LONGEST_PERIOD.days} days."
        raise BadInput(f"That is {(until - since).days} days.", code="wrong_range", remedy=remedy)
    asked = ArchiveQuery(
        brands=person.scope([query.brand]),
        channels=none_if_empty(query.channel),
        sentiments=none_if_empty(query.sentiment),
        urgencies=none_if_empty(query.urgency),
        since=since,
        until=until,
        drill=query.drill,
    )
    return topics(query.brand, await api.topics.of_period(asked), query.limit)


@router.get("/incidents/{incident_id}/topics", responses=problems(404, 422), summary="What an incident is about")
async def of_incident(api: TheApi, person: ThePerson, incident_id: Id, query: Annotated[LimitQuery, Query()]) -> Topics:
    """Of a spike: the mentions of its series since it began. Of another: those of its item and copies of them."""
    async with api.ports.desk.reading() as desk:
        found = await desk.incident(incident_id)
        person.must_see(found.brand, f"incident {incident_id}")
        mentions = await _item_mentions(desk, found.item_id) if found.item_id is not None else []
    about = await (_of_spike(api, found) if found.kind == "spike" else api.topics.of_mentions(found.brand, mentions))
    return topics(found.brand, about, query.limit)


@router.get("/items/{item_id}/topics", responses=problems(404, 422), summary="What an item is about")
async def of_item(api: TheApi, person: ThePerson, item_id: Id, query: Annotated[LimitQuery, Query()]) -> Topics:
    """The mentions of its conversation and copies of them, against the brand's history before it."""
    async with api.ports.desk.reading() as desk:
        found = await desk.item(item_id)
        person.must_see(found.brand, f"item {item_id}")
        mentions = await _item_mentions(desk, item_id)
    return topics(found.brand, await api.topics.of_mentions(found.brand, mentions), query.limit)


@router.get("/stories/{story_id}/topics", responses=problems(404, 422), summary="What a story is about")
async def of_story(api: TheApi, person: ThePerson, story_id: Id, query: Annotated[LimitQuery, Query()]) -> Topics:
    """Its first mentions, against the brand's history before it."""
    async with api.ports.desk.reading() as desk:
        found = await desk.story_figures(story_id)
        person.must_see(found.brand, f"story {story_id}")
        mentions = await desk.story_mentions(story_id, _MOST_COPIES)
    return topics(found.brand, await api.topics.of_mentions(found.brand, mentions), query.limit)


async def _item_mentions(desk: DeskTransaction, item_id: str) -> list[StoredMention]:
    """Its own conversation's, and those of the story it tells, in order of time."""
    story = await desk.item_story(item_id)
    told = await desk.story_mentions(story.id, _MOST_COPIES) if story is not None else []
    mentions = {one.id: one for one in (*told, *await desk.item_mentions(item_id))}
    return sorted(mentions.values(), key=lambda one: (one.created_at, one.id))


async def _of_spike(api: Api, incident: Incident) -> About:
    until = incident.resolved_at or api.now().replace(second=0, microsecond=0)
    since = max(incident.first_mention_at, until - LONGEST_PERIOD)
    query = ArchiveQuery(
        brands=(incident.brand,),
        since=min(since, until - timedelta(minutes=1)),
        until=until,
        drill=incident.drill,
    )
    return await api.topics.of_period(replace(query, **_of_series(str(incident.evidence.get("series", "")))))


def _of_series(series: str) -> dict[str, tuple[str, ...]]:
    """Which mentions a series counts: those of a source cannot be asked for apart."""
    _, field, value = series_parts(series)
    if field == "kind":
        return _KINDS.get(value, {})
    return {"channels": (value,)} if field == "channel" else {}
