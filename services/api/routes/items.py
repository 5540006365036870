"""Items: what waits, what it holds, and claim, release, reply, resolve."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, Field

from backbone.ports import DeskTransaction, ItemFilter
from backbone.records import ItemState
from backbone.web.problem import problems
from services.api import views, work
from services.api.bodies import PersonRoute
from services.api.commands import TheCommand, once, tags
from services.api.context import Command, Filters, Id, Name, Storable, TheApi, ThePerson, none_if_empty
from services.api.domain.cursors import ITEM_CURSOR, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/items", tags=["items"], route_class=PersonRoute)

_COMMANDS: dict[int | str, dict[str, Any]] = problems(400, 403, 404, 409, 412, 413, 415, 422)


class ItemQuery(Filters):
    """Which items."""

    queue: Name | None = None
    state: list[ItemState] = Field(default=[], description="Repeat it; none: what is not done.", max_length=3)
    holder: Literal["me"] | None = Field(default=None, description="`me`: what you hold.")
    cursor: Name | None = None
    limit: int = Field(default=50, ge=1, le=200)


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("Should say something")
    return text


Text = Annotated[
    str,
    Field(min_length=1, max_length=5000, examples=["Beste Eva, dank voor je bericht. ^Anna"]),
    Storable,
    AfterValidator(_said),
]


class ClaimCommand(Command):
    """Nothing needs to be said to claim."""


class FenceCommand(Command):
    """`fence` is the item's, as your claim gave it."""

    fence: int = Field(ge=0, le=2**53, examples=[1])


class ReplyCommand(FenceCommand):
    """An answer to the item's newest mention, or to the one that is named."""

    text: Text
    mention_id: Name | None = None


@router.get("", responses=problems(400, 403, 422), summary="What waits, in the order it should be handled")
async def items(api: TheApi, person: ThePerson, query: Annotated[ItemQuery, Query()]) -> views.ItemList:
    which = ItemFilter(
        brands=person.scope(query.brand),
        queue=query.queue,
        states=none_if_empty(query.state) or ("waiting", "claimed"),
        holder=person.name if query.holder else None,
        after=decode_cursor(query.cursor, ITEM_CURSOR) if query.cursor else None,
        limit=query.limit,
    )
    async with api.ports.desk.reading() as desk:
        page = await desk.items(which)
    found = [views.Item.model_validate(item) for item in page.items]
    return views.ItemList(at=api.now(), items=found, next=encode_cursor(page.next) if page.next else None)


@router.get(
    "/{item_id}",
    responses={**problems(400, 404), 304: {"description": "It is as you have it."}},
    response_model=views.ItemDetail,
    summary="One item with its mentions, replies and history",
)
async def item(
    api: TheApi,
    person: ThePerson,
    item_id: Id,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    known = tags(if_none_match) if if_none_match else frozenset[int]()
    async with api.ports.desk.reading() as desk:
        found = await desk.item(item_id)
        person.must_see(found.brand, f"item {item_id}")
        headers = {"ETag": f'"{found.seq}"'}
        story = await desk.item_story(item_id)
        grows = story is not None and story.mentions > found.mentions  # told apart, which leaves the item as it is
        if not grows and (known is None or found.seq in known):
            return Response(status_code=304, headers=headers)
        mentions = await desk.item_mentions(item_id)
        detail = views.ItemDetail(
            item=views.Item.model_validate(found),
            mentions=[views.mention(one) for one in mentions],
            corrections=views.all_corrections(mentions, await desk.corrections([one.id for one in mentions])),
            story=None if story is None else views.Story.model_validate(story),
            replies=[views.Reply.model_validate(one) for one in await desk.item_replies(item_id)],
            audit=[views.AuditRow.model_validate(row) for row in await desk.audit(subject=item_id)],
        )
    return Response(detail.model_dump_json(), media_type="application/json", headers=headers)


@router.post("/{item_id}/claim", responses=_COMMANDS, response_model=views.Item, summary="Take it, alone")
async def claim(api: TheApi, asked: TheCommand, item_id: Id, body: ClaimCommand | None = None) -> Response:
    """A lease of 15 minutes by default; your writes renew it. 409 tells who holds it."""

    async def act(desk: DeskTransaction) -> tuple[views.Item, int]:
        done = await work.claim(api, desk, item_id, asked)
        return views.Item.model_validate(done), done.seq

    return await once(api, asked, body, act)


@router.post("/{item_id}/release", responses=_COMMANDS, response_model=views.Item, summary="Give it back")
async def release(api: TheApi, asked: TheCommand, item_id: Id, body: FenceCommand) -> Response:
    """Back to its queue; 409 if your claim is over."""

    async def act(desk: DeskTransaction) -> tuple[views.Item, int]:
        done = await work.release(api, desk, item_id, body.fence, asked)
        return views.Item.model_validate(done), done.seq

    return await once(api, asked, body, act)


@router.post("/{item_id}/reply", responses=_COMMANDS, response_model=views.ReplyDone, summary="Answer")
async def reply(api: TheApi, asked: TheCommand, item_id: Id, body: ReplyCommand) -> Response:
    """Stored and asked to be delivered; the same words to the same mention in one claim are one reply."""

    async def act(desk: DeskTransaction) -> tuple[views.ReplyDone, int]:
        given, after = await work.reply(api, desk, item_id, body.fence, (body.text, body.mention_id), asked)
        done = views.ReplyDone(reply=views.Reply.model_validate(given), item=views.Item.model_validate(after))
        return done, after.seq

    return await once(api, asked, body, act)


@router.post("/{item_id}/resolve", responses=_COMMANDS, response_model=views.Item, summary="It is done")
async def resolve(api: TheApi, asked: TheCommand, item_id: Id, body: FenceCommand) -> Response:
    """Done, and with it its incident."""

    async def act(desk: DeskTransaction) -> tuple[views.Item, int]:
        done = await work.resolve(api, desk, item_id, body.fence, asked)
        return views.Item.model_validate(done), done.seq

    return await once(api, asked, body, act)
