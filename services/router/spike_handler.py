"""Spikes in, incidents on the desk: opened, kept up to date and resolved with the spike."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from backbone.handling import Delivered, Rejected
from backbone.ports import Clock, Desk, DeskTransaction, NewRecord, Partition
from backbone.records import Cause, Spike
from contracts.topics import SPIKE_EVENTS
from contracts.volume import SpikeEvent
from services.router.domain.settings import RouterSettings
from services.router.incidents import raise_incident, spike_evidence, spike_incident
from services.router.positions import Positions, bury

_REMEMBERED = 1000
"""Spikes of a brand among which a repeated event finds its own."""


class SpikeHandler:
    """Keeps its own offsets. The same event twice has its effect once; an update of an unheard-of spike opens it."""

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
            for each in new:
                await self._take(tx, each.event, now)
        self._places.moved(after)
        self._changed()
        return ()

    async def _take(self, tx: DeskTransaction, event: SpikeEvent, now: datetime) -> None:
        known = await tx.spikes([event.brand], open_only=False, limit=_REMEMBERED)
        spike = next((each for each in known if each.id == event.spike_id), None)
        if spike is None:
            if event.kind != "closed":
                await self._open(tx, event, now)
        elif spike.closed_at is None and event.kind == "updated":
            await self._update(tx, spike, event, now)
        elif spike.closed_at is None and event.kind == "closed":
            await self._close(tx, spike, event, now)

    async def _open(self, tx: DeskTransaction, event: SpikeEvent, now: datetime) -> None:
        incident = spike_incident(event, now)
        held, _ = await raise_incident(tx, incident, self._settings, _cause(now, incident.reason))
        spike = Spike(
            id=event.spike_id,
            series=event.series,
            brand=event.brand,
            opened_at=event.at,
            closed_at=None,
            evidence=spike_evidence(event),
            incident_id=held.id,
            drill=event.drill,
        )
        await tx.put_spike(spike)

    async def _update(self, tx: DeskTransaction, spike: Spike, event: SpikeEvent, now: datetime) -> None:
        evidence = spike_evidence(event)
        # What it was opened on stays; what it has grown to stands beside it.
        await tx.put_spike(replace(spike, evidence={**spike.evidence, "latest": evidence}))
        if spike.incident_id is not None and (await tx.incident(spike.incident_id)).state != "resolved":
            await tx.update_evidence(spike.incident_id, evidence, _cause(now, event.evidence.reason or "spike_updated"))

    async def _close(self, tx: DeskTransaction, spike: Spike, event: SpikeEvent, now: datetime) -> None:
        await tx.put_spike(replace(spike, closed_at=event.at))
        if spike.incident_id is not None:
            await tx.resolve_incident(spike.incident_id, _cause(now, "spike_over"))


def _cause(now: datetime, reason: str) -> Cause:
    return Cause(actor="router", method="system", at=now, reason=reason)
