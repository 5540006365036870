"""Declared campaigns, and who stands by for them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from backbone import campaigns as declared
from services.api.views.base import View


class Campaign(View):
    """A declared period: what is expected in it, and who is paged as well."""

    id: str
    name: str
    brand: str
    starts_at: datetime
    ends_at: datetime = Field(description="Up to but not including this instant.")
    state: declared.CampaignState = Field(description="What it is now: the clock starts and ends it.")
    factor: float = Field(description="How many times as much as usual is expected.")
    caution: float = Field(description="How many times as rare as elsewhere a false page must be.")
    people: list[str] = Field(description="Who is paged as well while it runs.")
    source: Literal["configuration", "desk"] = Field(description="One of the configuration cannot be ended here.")
    declared_by: str | None
    declared_at: datetime | None
    ended_by: str | None = Field(description="Who ended it before its time.")
    seq: int


class CampaignList(View):
    """Campaigns by their start."""

    at: datetime
    campaigns: list[Campaign]


class ExtraRow(View):
    """Somebody who is paged as well, because of a campaign that runs."""

    person: str
    display: str
    campaign: str
    campaign_id: str
    brand: str
    until: datetime


def campaign(record: declared.Campaign, now: datetime) -> Campaign:
    """A campaign as it stands at `now`."""
    shown = {name: getattr(record, name) for name in Campaign.model_fields if name != "state"}
    return Campaign.model_validate({**shown, "people": list(record.people), "state": record.state(now)})
