"""Which campaigns counting would have known of at a moment of the past."""

from collections.abc import Sequence
from datetime import datetime

from backbone.campaigns import Campaign
from contracts.campaigns import CampaignTold
from contracts.volume import VolumeUpdate
from services.classify.domain.campaigns import Near, minute_of, near, stamped


class Declared:
    """Stamps updates as the live system does. What was declared on the spot is known from then on, not before."""

    def __init__(self, configured: Sequence[Campaign] = (), told: Sequence[CampaignTold] = ()) -> None:
        self._configured = configured
        self._told = sorted(told, key=lambda each: (each.at, each.seq))
        self._near: Near = {}
        self._minute: int | None = None

    def stamp(self, updates: Sequence[VolumeUpdate], at: datetime) -> Sequence[VolumeUpdate]:
        """The updates with the campaigns of their brands."""
        minute = minute_of(at)
        if minute != self._minute:
            self._near, self._minute = near(self._configured, self._known(at), minute), minute
        return stamped(updates, self._near)

    def _known(self, at: datetime) -> Sequence[CampaignTold]:
        """What was said last of each campaign."""
        latest: dict[str, CampaignTold] = {}
        for event in self._told:
            before = latest.get(event.campaign_id)
            if event.at <= at and (before is None or before.seq <= event.seq):
                latest[event.campaign_id] = event
        return tuple(latest.values())
