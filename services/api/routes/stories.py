"""Stories: what several mentions say, and who says it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from backbone.web.problem import problems
from services.api import views
from services.api.bodies import PersonRoute
from services.api.context import Id, Name, TheApi, ThePerson
from services.api.domain.cursors import PLACE_CURSOR, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/stories", tags=["stories"], route_class=PersonRoute)


class MentionQuery(BaseModel):
    """Which page of a story's mentions."""

    model_config = ConfigDict(extra="forbid")
    cursor: Name | None = None
    limit: int = Field(default=50, ge=1, le=200)


@router.get("/{story_id}", responses=problems(404), summary="How often a story was told, by whom and where")
async def story(api: TheApi, person: ThePerson, story_id: Id) -> views.Story:
    async with api.ports.desk.reading() as desk:
        found = await desk.story_figures(story_id)
    person.must_see(found.brand, f"story {story_id}")
    return views.Story.model_validate(found)


@router.get("/{story_id}/mentions", responses=problems(400, 404, 422), summary="A story's mentions, oldest first")
async def story_mentions(
    api: TheApi, person: ThePerson, story_id: Id, query: Annotated[MentionQuery, Query()]
) -> views.StoryMentions:
    after = decode_cursor(query.cursor, PLACE_CURSOR) if query.cursor else None
    async with api.ports.desk.reading() as desk:
        figures = await desk.story_figures(story_id)
        person.must_see(figures.brand, f"story {story_id}")
        found = await desk.story_mentions(story_id, query.limit + 1, after)
    shown = found[: query.limit]
    more = encode_cursor((shown[-1].created_at, shown[-1].id)) if len(found) > query.limit else None
    told = views.Story.model_validate(figures)
    return views.StoryMentions(story=told, mentions=[views.mention(one) for one in shown], next=more)
