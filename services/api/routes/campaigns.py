"""Campaigns: leads declare periods in which more is expected, and end them."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from backbone.campaigns import LEAST_FACTOR, MOST_CAUTION, MOST_FACTOR, Campaign
from backbone.errors import BadInput, Conflict
from backbone.ports import DeskTransaction
from backbone.web.auth import Caller
from backbone.web.problem import problems
from backbone.web.refusals import Forbidden, PreconditionFailed
from services.api import views
from services.api.bodies import PersonRoute
from services.api.campaigns import configured, declared
from services.api.commands import Asked, TheCommand, once
from services.api.context import Api, Command, Filters, Id, Instant, Name, Names, Storable, TheApi, ThePerson

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=PersonRoute)

LONGEST = timedelta(days=366)
"""How far ahead one may end: who counts messages forgets what was told over 400 days ago."""
MOST = 50
"""Of one brand that go on, are planned, or ended within a day."""
_DECLARE = frozenset({"lead", "admin"})
_DAY = timedelta(days=1)


class CampaignQuery(Filters):
    """Which campaigns."""

    running: bool = Field(default=False, description="Only those that run now.")
    ended: bool = Field(default=False, description="Those that are over too.")
    limit: int = Field(default=200, ge=1, le=500)


class DeclareCommand(Command):
    """What is expected, from when to when, and who stands by."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^|:]+$"), Storable]
    brand: Name
    starts_at: Instant | None = Field(default=None, strict=False, description="Left out: now.")
    ends_at: Instant = Field(strict=False)
    factor: float = Field(default=2.0, ge=LEAST_FACTOR, le=MOST_FACTOR)
    caution: float = Field(default=1.0, ge=1, le=MOST_CAUTION)
    people: Names = Field(default=[], description="Who is paged as well while it runs.")


class EndCommand(Command):
    """Nothing needs to be said to end one."""


@router.get("", responses=problems(403, 422), summary="Campaigns that run or are planned, by their start")
async def campaigns(api: TheApi, person: ThePerson, query: Annotated[CampaignQuery, Query()]) -> views.CampaignList:
    now = api.now()
    async with api.ports.desk.reading() as desk:
        found = await declared(api, desk, person.scope(query.brand), None if query.ended else now, query.limit)
    shown = [each for each in found if not query.running or each.state(now) == "running"]
    return views.CampaignList(at=now, campaigns=[views.campaign(each, now) for each in shown])


@router.post(
    "",
    responses=problems(400, 403, 409, 413, 415, 422),
    response_model=views.Campaign,
    summary="Declare a campaign",
)
async def declare(api: TheApi, asked: TheCommand, body: DeclareCommand) -> Response:
    """It begins and ends by itself; of several that run the largest factor counts. Leads and admins only."""
    _must_lead(asked.caller)
    asked.caller.scope([body.brand])

    async def act(desk: DeskTransaction) -> tuple[views.Campaign, int]:
        cause = asked.cause(api, "campaign_declared")
        now = cause.at
        campaign = _campaign(asked, body, now)
        _must_make_sense(api, campaign, now)
        await _must_have_room(desk, campaign, now)
        held = await desk.declare_campaign(campaign, cause)
        return views.campaign(held, now), held.seq

    return await once(api, asked, body, act)


@router.post(
    "/{campaign_id}/end",
    responses=problems(400, 403, 404, 409, 412, 413, 415, 422),
    response_model=views.Campaign,
    summary="End a campaign now",
)
async def end(api: TheApi, asked: TheCommand, campaign_id: Id, body: EndCommand | None = None) -> Response:
    """One that is planned is called off; one that is over stays as it is. Leads and admins only."""
    _must_lead(asked.caller)

    async def act(desk: DeskTransaction) -> tuple[views.Campaign, int]:
        cause = asked.cause(api, "campaign_ended")
        now = cause.at
        _must_be_on_the_desk(api, asked, campaign_id, now)
        campaign = await desk.campaign(campaign_id)
        asked.caller.must_see(campaign.brand, f"campaign {campaign_id}")
        if asked.seen is not None and campaign.seq not in asked.seen:
            current = views.campaign(campaign, now).model_dump(mode="json")
            raise PreconditionFailed("It changed since you read it.", code="changed", current=current)
        after = await desk.end_campaign(campaign_id, cause)
        return views.campaign(after, now), after.seq

    return await once(api, asked, body, act)


def _must_lead(caller: Caller) -> None:
    if _DECLARE.isdisjoint(caller.roles):
        remedy = "Ask a lead or an admin."
        raise Forbidden(f"{caller.display} may not declare or end campaigns.", code="leads_only", remedy=remedy)


def _campaign(asked: Asked, body: DeclareCommand, now: datetime) -> Campaign:
    return Campaign(
        id=asked.own_id("cmp", body.name, body.brand, now.isoformat()),
        name=body.name,
        brand=body.brand,
        starts_at=body.starts_at or now,
        ends_at=body.ends_at,
        factor=body.factor,
        caution=body.caution,
        people=tuple(dict.fromkeys(body.people)),
        declared_by=asked.caller.name,
        declared_at=now,
    )


def _must_make_sense(api: Api, campaign: Campaign, now: datetime) -> None:
    """What no single field shows."""
    if campaign.brand not in api.settings.brands:
        remedy = f"There are: {', '.join(api.settings.brands) or 'none'}."
        raise BadInput(f"There is no brand {campaign.brand}.", code="unknown_brand", remedy=remedy)
    if campaign.ends_at <= max(campaign.starts_at, now):
        raise BadInput("It would be over before it begins.", code="campaign_over", remedy="Send a later `ends_at`.")
    if campaign.ends_at > now + LONGEST:
        remedy = "Let it end within 366 days, or write it in the configuration."
        raise BadInput("It ends too far ahead.", code="campaign_too_long", remedy=remedy)
    for person in campaign.people:
        if person not in api.settings.reachable:
            remedy = f"There are: {', '.join(api.settings.reachable) or 'none'}."
            raise BadInput(f"There is nobody called {person} who can be paged.", code="unknown_person", remedy=remedy)


async def _must_have_room(desk: DeskTransaction, campaign: Campaign, now: datetime) -> None:
    if len(await desk.campaigns([campaign.brand], now - _DAY, MOST)) >= MOST:
        raise Conflict(
            f"{campaign.brand} has {MOST} campaigns that go on, are planned, or ended within a day.",
            code="too_many_campaigns",
            remedy="End some that are planned, or wait for a day.",
        )


def _must_be_on_the_desk(api: Api, asked: Asked, campaign_id: str, now: datetime) -> None:
    campaign = configured(api, campaign_id)
    if campaign is not None:
        asked.caller.must_see(campaign.brand, f"campaign {campaign_id}")
        raise Conflict(
            f"{campaign.name} stands in the configuration.",
            code="configured_campaign",
            remedy="Change it in the file and start the services anew.",
            current=views.campaign(campaign, now).model_dump(mode="json"),
        )
