"""The campaigns as far as this process has heard: those of the configuration, and what is told on `campaigns`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from backbone.campaigns import Campaign
from backbone.decoding import decode
from backbone.errors import WebcareError
from backbone.ports import EventLog, Partition, Record
from contracts.campaigns import CampaignTold
from contracts.topics import CAMPAIGNS
from contracts.volume import VolumeUpdate
from services.classify.domain.campaigns import Near, minute_of, near, stamped

EVERY = timedelta(seconds=5)
_AT_ONCE = 500
_LOG = structlog.get_logger("webcare.classify")


class Campaigns:
    """Stamps volume updates with what is declared for their brand.

    Every process reads the whole topic from its start, in no group, and keeps what it says: of events about the same
    campaign the one with the highest `seq` holds. It looks for news with a batch, at most once in `every`.
    """

    def __init__(self, log: EventLog, configured: Sequence[Campaign] = (), every: timedelta = EVERY) -> None:
        """With `every` 0 it looks with each batch: for a log in this process, which is asked at no cost."""
        self._log = log
        self._configured = configured
        self._every = every
        self._told: dict[str, CampaignTold] = {}
        self._places: dict[Partition, int] = {}
        self._complete = False
        self._looked_at: datetime | None = None
        self._near: Near = {}
        self._near_in: int | None = None
        """The minute for which that holds; None: not worked out since the last news."""

    async def stamp(self, updates: Sequence[VolumeUpdate], now: datetime) -> Sequence[VolumeUpdate]:
        """The updates with their campaigns; those of a brand that has none near are left as they are.

        Raises what the log raises until the topic was read once, so that a start in the middle of a campaign never
        counts without it. After that a log that does not answer changes nothing, and is asked again later.
        """
        if self._is_time(now):
            self._looked_at = now
            await self._look()
        minute = minute_of(now)
        if self._near_in != minute:
            self._near, self._near_in = near(self._configured, self._told.values(), minute), minute
        return stamped(updates, self._near)

    def _is_time(self, now: datetime) -> bool:
        """A clock that was put back does not keep it from looking."""
        at = self._looked_at
        return not self._complete or at is None or not at <= now < at + self._every

    async def _look(self) -> None:
        try:
            await self._read()
        except WebcareError as error:
            if not self._complete:
                raise
            _LOG.warning("campaigns_not_heard", code=error.code)

    async def _read(self) -> None:
        if not self._places:
            self._places = dict(await self._log.start_offsets(CAMPAIGNS.name))
        for partition, end in (await self._log.end_offsets(CAMPAIGNS.name)).items():
            while (place := self._places[partition]) < end:
                records = await self._log.read(partition, place, min(_AT_ONCE, end - place))
                self._hear(records)
                self._places[partition] = records[-1].offset + 1 if records else end
        self._complete = True

    def _hear(self, records: Sequence[Record]) -> None:
        delivered, rejected = decode(records)
        for event in (each.event for each in delivered):
            known = self._told.get(event.campaign_id)
            if known is None or known.seq <= event.seq:
                self._told[event.campaign_id] = event
                self._near_in = None
        for each in rejected:
            _LOG.warning("campaign_unreadable", offset=each.record.offset, reason=each.reason, detail=each.detail)
