"""Campaigns that people declared on the spot."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, bindparam, select, update

from backbone.campaigns import Campaign
from backbone.errors import NotFound
from backbone.ids import derive
from backbone.records import Cause
from backbone.relational.rows import CAMPAIGNS, micros
from backbone.relational.tables import campaigns
from backbone.relational.work import Work
from contracts.campaigns import CampaignTold
from contracts.topics import CAMPAIGNS as TOPIC

_CAMPAIGNS = select(*CAMPAIGNS.columns)
_BY_ID = _CAMPAIGNS.where(campaigns.c.id == bindparam("id"))
_AT = bindparam("at", type_=BigInteger)
_END = (
    update(campaigns)
    .where(campaigns.c.id == bindparam("an_id"), campaigns.c.ends_at > _AT)
    .values(ends_at=_AT, ended_by=bindparam("person"), seq=campaigns.c.seq + 1)
    .returning(*CAMPAIGNS.columns)
)

_encode = msgspec.json.Encoder().encode


def declare(work: Work, campaign: Campaign, cause: Cause) -> Campaign:
    """See `DeskTransaction.declare_campaign`."""
    if not work.add_new(campaigns, [CAMPAIGNS.values(campaign)]):
        return by_id(work, campaign.id)
    _tell(work, "campaign.declared", None, campaign, cause)
    return campaign


def by_id(work: Work, campaign_id: str) -> Campaign:
    """See `DeskTransaction.campaign`."""
    campaign = work.find(CAMPAIGNS, work.lock(_BY_ID), id=campaign_id)
    if campaign is None:
        raise NotFound(
            f"There is no campaign {campaign_id}.", code="no_such_campaign", remedy="Look for it in the list."
        )
    return campaign


def in_order(work: Work, brands: Sequence[str] | None, ending_after: datetime | None, limit: int) -> Sequence[Campaign]:
    """See `DeskTransaction.campaigns`."""
    statement = _CAMPAIGNS.order_by(campaigns.c.ends_at.desc(), campaigns.c.id.desc()).limit(limit)
    if brands is not None:
        statement = statement.where(campaigns.c.brand.in_(brands))
    if ending_after is not None:
        statement = statement.where(campaigns.c.ends_at > micros(ending_after))
    return work.records(CAMPAIGNS, statement)


def end(work: Work, campaign_id: str, cause: Cause) -> Campaign:
    """See `DeskTransaction.end_campaign`."""
    before = by_id(work, campaign_id)
    after = work.find(CAMPAIGNS, _END, an_id=campaign_id, at=micros(cause.at), person=cause.actor)
    if after is None:
        return before
    _tell(work, "campaign.ended", before, after, cause)
    return after


def _tell(work: Work, action: str, before: Campaign | None, after: Campaign, cause: Cause) -> None:
    """The audit row, the work event, and the event for whoever counts messages."""
    work.owed.tell(action, before, after, cause)
    told = CampaignTold(
        id=derive("evt", after.id, "told", after.seq),
        campaign_id=after.id,
        name=after.name,
        brand=after.brand,
        starts_at=after.starts_at,
        ends_at=after.ends_at,
        factor=after.factor,
        caution=after.caution,
        at=cause.at,
        seq=after.seq,
    )
    work.owed.publish(TOPIC.name, after.brand, _encode(told))
