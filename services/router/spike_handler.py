"""Spikes in, incidents on the desk: opened, kept up to date and resolved with their spikes, one for each crisis."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from backbone.handling import Delivered, Rejected
from backbone.ports import Clock, Desk, DeskTransaction, NewRecord, Partition
from backbone.records import Cause, Incident, Spike
from contracts.topics import SPIKE_EVENTS
from contracts.volume import SpikeEvent
from services.router.domain.folding import ROUTER, akin, goes_on, heard, home_of, is_news, opened
from services.router.domain.settings import RouterSettings
from services.router.incidents import raise_incident, spike_incident, tell_spikes
from services.router.positions import Positions, bury


class SpikeHandler:
    """Keeps its own offsets. The same event twice has its effect once; an update of an unheard-of spike opens it.

    Series of a brand lie in several partitions, which several routers may have: their events come in any order.
    """

    group = "router.spikes"
    topics: Sequence[str] = (SPIKE_EVENTS.name,)
    owns_offsets = True

    def __init__(self, desk: Desk, settings: RouterSettings, clock: Clock, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._places = Positions(desk, self.group)

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Start where the desk stands, whatever the log remembers."""
        await self._places.load()
        return {partition: self._places.next(partition) for partition in committed}

    async def handle(self, batch: Sequence[Delivered[SpikeEvent]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        """All effects of the batch, or none."""
        new, dead, after = self._places.fresh(batch, rejected)
        if not after:
            return ()
        now = self._clock.now()
        async with self._desk.transaction() as tx:
            await self._places.advance(tx, after)
            await bury(tx, dead, self.group, now)
            await tx.count(Counter(("dead_spike_events", each.reason) for each in dead))
            await self._fold(tx, [each.event for each in new], now)
        self._places.moved(after)
        self._changed()
        return ()

    async def _fold(self, tx: DeskTransaction, events: Sequence[SpikeEvent], now: datetime) -> None:
        """Take the events in order. Another router that hears of the same brands waits until this one is done."""
        if not events:
            return
        brands, ids = ({getattr(event, name) for event in events} for name in ("brand", "spike_id"))
        since = min(event.at for event in events)
        folding = _Folding(tx, await tx.spikes_going_on(sorted(brands), sorted(ids), since), self._settings, now)
        for event in events:
            await folding.take(event)


class _Folding:
    """The spikes of some brands as they stand in one transaction, and what events do to them and their incidents."""

    def __init__(self, tx: DeskTransaction, known: Iterable[Spike], settings: RouterSettings, now: datetime) -> None:
        self._tx = tx
        self._known = {spike.id: spike for spike in known}
        self._settings = settings
        self._now = now

    async def take(self, event: SpikeEvent) -> None:
        spike = self._known.get(event.spike_id)
        if spike is None:
            if event.kind != "closed":
                await self._place(opened(event), event)
        elif is_news(spike, event):
            await self._follow(heard(spike, event), event)

    async def _place(self, spike: Spike, event: SpikeEvent) -> None:
        """Fold it into the incident it belongs to, or open one."""
        near = {each.incident_id: None for each in akin(spike, self._known.values()) if each.incident_id}
        incidents = {incident_id: await self._tx.incident(incident_id) for incident_id in near}
        home = home_of(spike, event.at, self._of(spike.brand), incidents)
        if home is None:
            incident = spike_incident(spike, self._now)
            held, new = await raise_incident(self._tx, incident, self._settings, self._cause(incident.reason))
            await self._keep(replace(spike, incident_id=held.id))
            if not new:
                await self._tell(held, incident.reason)
        else:
            kind = home.incident.kind
            await self._tx.count({("alarms", kind): 1, ("incidents_folded", kind): 1})
            await self._keep(replace(spike, incident_id=home.incident.id))
            await self._tell(home.incident, home.reason)

    async def _follow(self, spike: Spike, event: SpikeEvent) -> None:
        incident = None if spike.incident_id is None else await self._tx.incident(spike.incident_id)
        if incident is not None and goes_on(spike, incident, self._members(incident), event.at):
            await self._place(spike, event)
            return
        await self._keep(spike)
        if incident is None or incident.state == "resolved":
            return
        ended = all(each.closed_at is not None for each in self._members(incident))
        over = "silence_over" if spike.direction == "down" else "spike_over"
        grown = event.evidence.reason or "spike_updated"
        await self._tell(incident, grown if event.kind == "updated" else over if ended else "part_over")
        if ended:
            await self._tx.resolve_incident(incident.id, self._cause(over))

    async def _keep(self, spike: Spike) -> None:
        self._known[spike.id] = spike
        await self._tx.put_spike(spike)

    async def _tell(self, incident: Incident, reason: str) -> None:
        await tell_spikes(self._tx, incident, self._members(incident), self._cause(reason))

    def _of(self, brand: str) -> list[Spike]:
        return [spike for spike in self._known.values() if spike.brand == brand]

    def _members(self, incident: Incident) -> list[Spike]:
        return [spike for spike in self._known.values() if spike.incident_id == incident.id]

    def _cause(self, reason: str) -> Cause:
        return Cause(actor=ROUTER, method="system", at=self._now, reason=reason)
