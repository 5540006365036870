"""What is declared on the spot: who counts messages hears of it here."""

from contracts.base import Event, Instant


class CampaignTold(Event, frozen=True, kw_only=True):
    """A campaign as it stands after somebody declared or ended it, on `campaigns`, keyed by brand.

    Of events about the same campaign the one with the highest `seq` holds. The clock starts and ends a campaign, and
    tells nobody.
    """

    id: str
    """Derived from campaign and `seq`: the same event twice has the same id."""
    campaign_id: str
    name: str
    brand: str
    starts_at: Instant
    ends_at: Instant
    """Up to but not including this instant; before `starts_at` where it was called off."""
    factor: float
    """How many times as much as usual is expected."""
    at: Instant
    """When it was declared or ended."""
    caution: float = 1.0
    """How many times as rare as elsewhere a false page must be."""
    seq: int = 0
    v: int = 1
