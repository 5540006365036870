"""Which campaigns counting has to tell: pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from backbone.campaigns import Campaign
from contracts.campaigns import CampaignTold
from contracts.volume import DeclaredCampaign, VolumeUpdate

DAY = 24 * 60
"""Minutes before its start and after its end in which a campaign is told."""

Near = Mapping[str, tuple[DeclaredCampaign, ...]]
"""By brand."""


def minute_of(at: datetime) -> int:
    """The minute since 1970 that holds this instant."""
    return int(at.timestamp() // 60)


def near(configured: Iterable[Campaign], told: Iterable[CampaignTold], minute: int) -> Near:
    """What runs in this minute, ended at most a day before it or begins at most a day after it; by start and id.

    One that was called off before it began is told no more. A minute in which one starts or ends is part of it.
    """
    found: dict[str, list[DeclaredCampaign]] = {}
    pairs = [(each.brand, _declared(each.id, each)) for each in configured]
    pairs += [(each.brand, _declared(each.campaign_id, each)) for each in told]
    for brand, each in pairs:
        if each.start < each.end and each.start - DAY <= minute < each.end + DAY:
            found.setdefault(brand, []).append(each)
    return {brand: tuple(sorted(some, key=lambda each: (each.start, each.id))) for brand, some in found.items()}


def stamped(updates: Sequence[VolumeUpdate], campaigns: Near) -> Sequence[VolumeUpdate]:
    """The updates, with their brand's campaigns. A drill has none."""
    if not campaigns:
        return updates
    return [
        replace(update, campaigns=campaigns[update.brand]) if update.brand in campaigns and not update.drill else update
        for update in updates
    ]


def _declared(campaign_id: str, campaign: Campaign | CampaignTold) -> DeclaredCampaign:
    return DeclaredCampaign(
        id=campaign_id,
        start=minute_of(campaign.starts_at),
        end=-int(-campaign.ends_at.timestamp() // 60),
        factor=campaign.factor,
        caution=campaign.caution,
    )
