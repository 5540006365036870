"""Campaigns: declared periods in which more (or less) is expected of a brand, and who stands by meanwhile."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

CampaignState = Literal["planned", "running", "ended"]

LEAST_FACTOR, MOST_FACTOR = 0.1, 100.0
MOST_CAUTION = 1000.0


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One declared period of one brand. Nobody starts or ends it: what it is follows from the clock and its times."""

    id: str
    name: str
    brand: str
    starts_at: datetime
    ends_at: datetime
    """It runs up to but not including this instant; one that was ended by somebody ends then."""
    factor: float
    """How many times as much as usual is expected; below 1: less."""
    caution: float = 1.0
    """How many times as rare as elsewhere a false page must be; 1 or more."""
    people: tuple[str, ...] = ()
    """Who is paged as well while it runs."""
    declared_by: str | None = None
    """None: it stands in the configuration."""
    declared_at: datetime | None = None
    ended_by: str | None = None
    """Who ended it before its time."""
    seq: int = 0

    @property
    def source(self) -> Literal["configuration", "desk"]:
        """Where it stands."""
        return "configuration" if self.declared_by is None else "desk"

    def state(self, now: datetime) -> CampaignState:
        """What it is at `now`. Ended before it began: ended."""
        if now >= self.ends_at:
            return "ended"
        return "running" if now >= self.starts_at else "planned"


class Extra(msgspec.Struct, frozen=True):
    """Somebody who is paged as well, and the campaign because of which."""

    person: str
    campaign: str


def running(campaigns: Iterable[Campaign], brand: str, now: datetime) -> list[Campaign]:
    """The brand's campaigns that run at `now`, by (start, id)."""
    found = [each for each in campaigns if each.brand == brand and each.state(now) == "running"]
    return sorted(found, key=lambda each: (each.starts_at, each.id))


def extra_people(campaigns: Iterable[Campaign]) -> tuple[Extra, ...]:
    """Everybody who stands by for these campaigns, each once, because of the first that names them."""
    found: dict[str, Extra] = {}
    for campaign in campaigns:
        for person in campaign.people:
            found.setdefault(person, Extra(person, campaign.name))
    return tuple(found.values())
