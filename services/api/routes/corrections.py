"""Corrections: people say what a verdict should have been."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, model_validator

from backbone.corrections import HEADS, Correction
from backbone.errors import BadInput, Conflict
from backbone.ports import DeskTransaction
from backbone.records import StoredMention
from backbone.web.problem import problems
from contracts.mentions import Care, Intent, Sentiment, Urgency
from services.api import views, work
from services.api.bodies import PersonRoute
from services.api.commands import Asked, TheCommand, once
from services.api.context import Api, Command, Id, Name, TheApi

router = APIRouter(prefix="/v1/items", tags=["items"], route_class=PersonRoute)

_SETTLES = frozenset({"lead", "admin"})


def _language(code: str) -> str:
    if code != "und" and not (len(code) == 2 and code.isascii() and code.islower()):
        raise ValueError("Should be two small letters such as nl, or und")
    return code


class CorrectCommand(Command):
    """What the verdict should have been; leave out what it has right."""

    mention_id: Name
    revision: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Of the text you judged, as you read it."
    )
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    intent: Intent | None = None
    care: Care | None = None
    lang: Annotated[str, Field(examples=["nl"]), AfterValidator(_language)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.said():
            raise ValueError(f"Should say one of {', '.join(HEADS)}")
        return self

    def said(self) -> dict[str, Any]:
        """What is said, by head."""
        return {head: value for head in HEADS if (value := getattr(self, head)) is not None}


@router.post(
    "/{item_id}/corrections",
    responses=problems(400, 403, 404, 409, 412, 413, 415, 422),
    response_model=views.CorrectionDone,
    summary="Say what a verdict should have been",
)
async def correct(api: TheApi, asked: TheCommand, item_id: Id, body: CorrectCommand) -> Response:
    """It teaches the next model and leaves the item as it is; no claim is needed. Your newer one takes its place."""

    async def act(desk: DeskTransaction) -> tuple[views.CorrectionDone, int]:
        item = await work.seen_item(desk, item_id, asked)
        mention = await _judged(desk, item_id, body)
        item = await desk.correct(
            item_id, _correction(api, asked, mention, body), asked.cause(api, "verdict_corrected")
        )
        given = await desk.corrections([mention.id])
        done = views.CorrectionDone(corrections=views.corrections(mention, given), item=views.Item.model_validate(item))
        return done, item.seq

    return await once(api, asked, body, act)


async def _judged(desk: DeskTransaction, item_id: str, body: CorrectCommand) -> StoredMention:
    """The mention, if it is of this item and still says what the person read."""
    mention = (await desk.mentions([body.mention_id])).get(body.mention_id)
    if mention is None or mention.item_id != item_id:
        remedy = "Choose one of its mentions."
        raise BadInput(f"Mention {body.mention_id} is not of this item.", code="not_of_item", remedy=remedy)
    if body.revision is not None and body.revision != mention.revision:
        raise Conflict(
            "The message was edited since you read it.",
            code="mention_edited",
            remedy="Read it again, then judge what it says now.",
            current={"mention_id": mention.id, "revision": mention.revision},
        )
    return mention


def _correction(api: Api, asked: Asked, mention: StoredMention, body: CorrectCommand) -> Correction:
    return Correction(
        mention_id=mention.id,
        person=asked.caller.name,
        revision=mention.revision,
        brand=mention.brand,
        at=api.now(),
        settles=not _SETTLES.isdisjoint(asked.caller.roles),
        **body.said(),
    )
