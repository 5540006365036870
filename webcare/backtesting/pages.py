"""From what the detector said to the pages that somebody would have got."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from backbone.records import Incident, Spike
from contracts.volume import SpikeEvent
from services.router.domain.explaining import figures_of, lead_of
from services.router.domain.folding import ROUTER, akin, heard, home_of, is_news, opened
from services.router.incidents import spike_incident


class SpikePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page about a spike; figures are those of the moment of the page."""

    number: int
    at: datetime
    brand: str
    series: str
    also: tuple[str, ...] = ()
    """Other series of the same crisis, which got no page of their own."""
    explained_by: str
    """The most specific of its series that holds most of what was too much, as far as the history goes."""
    direction: str
    since: datetime
    """Start of the window that gave it away."""
    over: datetime | None
    """When the last of its series was back within expectation; None: not before the history ends."""
    expected: float
    seen: int
    window_s: int
    chance: float
    people: int
    share_negative: float
    reason: str
    words_nl: str | None = None
    words_en: str | None = None
    campaign: str | None = None
    history_days: float
    peak_per_hour: float | None = None

    @property
    def delay_s(self) -> float:
        """Seconds from the start of the window to the page."""
        return (self.at - self.since).total_seconds()

    def meets(self, brand: str, start: datetime, end: datetime | None) -> bool:
        """It is about this brand, and its time overlaps with this."""
        begins_before = end is None or self.since <= end
        return self.brand == brand and begins_before and (self.over is None or start <= self.over)


class _Folding:
    """What the router makes of spikes when no person comes between: incidents, each with the spikes folded into it."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.opened_by: dict[str, SpikeEvent] = {}
        self._spikes: dict[str, dict[str, Spike]] = {}

    def take(self, event: SpikeEvent) -> None:
        spikes = self._spikes.setdefault(event.brand, {})
        known = spikes.get(event.spike_id)
        if known is None:
            spikes[event.spike_id] = self._placed(opened(event), event)
        elif is_news(known, event):
            spikes[event.spike_id] = heard(known, event)
            self._resolve_if_over(self.incidents[str(known.incident_id)], event)

    def members(self, incident: Incident) -> list[Spike]:
        """Its spikes, in order of their opening."""
        spikes = self._spikes[incident.brand].values()
        return [spike for spike in spikes if spike.incident_id == incident.id]

    def _placed(self, spike: Spike, event: SpikeEvent) -> Spike:
        known = list(self._spikes[event.brand].values())
        near = {each.incident_id: self.incidents[each.incident_id] for each in akin(spike, known) if each.incident_id}
        home = home_of(spike, event.at, known, near)
        incident = home.incident if home else spike_incident(spike, event.at)
        if home is None:
            self.incidents[incident.id] = incident
            self.opened_by[incident.id] = event
        return replace(spike, incident_id=incident.id)

    def _resolve_if_over(self, incident: Incident, event: SpikeEvent) -> None:
        if all(each.closed_at is not None for each in self.members(incident)):
            over = replace(incident, state="resolved", resolved_at=event.at, resolved_by=ROUTER)
            self.incidents[incident.id] = over


def pages_of(events: Iterable[SpikeEvent]) -> list[SpikePage]:
    """The pages of one detector's events, which are in order: one for each incident that the router would open."""
    folding = _Folding()
    for event in events:
        folding.take(event)
    return [
        _page(number, folding.opened_by[incident.id], folding.members(incident))
        for number, incident in enumerate(folding.incidents.values(), 1)
    ]


def _page(number: int, event: SpikeEvent, members: Sequence[Spike]) -> SpikePage:
    told = event.evidence
    ends = [each.closed_at for each in members]
    peaks = [peak for each in members if (peak := figures_of(each).get("peak_per_hour")) is not None]
    return SpikePage(
        number=number,
        at=event.at,
        brand=event.brand,
        series=event.series,
        also=tuple(dict.fromkeys(each.series for each in members if each.series != event.series)),
        explained_by=lead_of(members).series,
        direction=event.direction,
        since=told.since,
        over=None if None in ends else max(filter(None, ends)),
        expected=told.expected,
        seen=told.seen,
        window_s=told.window_s,
        chance=told.chance,
        people=told.people,
        share_negative=told.share_negative,
        reason=told.reason,
        words_nl=told.words.nl if told.words else None,
        words_en=told.words.en if told.words else None,
        campaign=told.campaign,
        history_days=told.history_days,
        peak_per_hour=max(peaks, default=None),
    )
