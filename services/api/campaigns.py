"""Campaigns as the api knows them: the configuration's, and those on the desk."""

from collections.abc import Sequence
from datetime import datetime

from backbone.campaigns import Campaign
from backbone.ports import DeskTransaction
from services.api import views
from services.api.context import Api

Brands = tuple[str, ...] | None


async def declared(
    api: Api, desk: DeskTransaction, brands: Brands, ending_after: datetime | None, limit: int
) -> list[Campaign]:
    """Those of these brands that end after then, by (start, id); of those on the desk `limit` at most."""
    found = [
        each
        for each in api.settings.campaigns
        if (brands is None or each.brand in brands) and (ending_after is None or each.ends_at > ending_after)
    ]
    found += await desk.campaigns(brands, ending_after, limit)
    return sorted(found, key=lambda each: (each.starts_at, each.id))


def configured(api: Api, campaign_id: str) -> Campaign | None:
    """The campaign of the configuration with this id."""
    return next((each for each in api.settings.campaigns if each.id == campaign_id), None)


def standing_by(api: Api, campaigns: Sequence[Campaign], now: datetime) -> list[views.ExtraRow]:
    """Who is paged as well now, once for each campaign that names them."""
    display = {person.name: person.display for person in api.settings.door.people}
    return [
        views.ExtraRow(
            person=person,
            display=display.get(person, person),
            campaign=campaign.name,
            campaign_id=campaign.id,
            brand=campaign.brand,
            until=campaign.ends_at,
        )
        for campaign in campaigns
        if campaign.state(now) == "running"
        for person in campaign.people
    ]
