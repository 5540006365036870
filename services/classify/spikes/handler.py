"""The spike step on a log: volume updates in, spike events out, state kept by key."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from backbone.handling import Delivered, Rejected
from backbone.ports import EventLog, KeyedState, NewRecord, Partition
from contracts.topics import SPIKE_EVENTS, VOLUME_BLOCKS
from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, next_due, step, tick

_ENCODER = msgspec.json.Encoder()
_STATE_ENCODER = msgspec.msgpack.Encoder()
_STATE = msgspec.msgpack.Decoder(SeriesState)


class SpikesHandler:
    """Runs the pure step over each series.

    Events are appended before the state that knows of them is saved, and the state before the offsets: a crash in
    between tells the same events again, with the same ids.
    """

    group = "spikes"
    topics: Sequence[str] = (VOLUME_BLOCKS.name,)
    owns_offsets = False

    def __init__(self, log: EventLog, state: KeyedState, settings: SpikeSettings) -> None:
        self._log = log
        self._state = state
        self._settings = settings
        self._series: dict[str, SeriesState] = {}
        # Updates and the passing of time both read, await and write the same state.
        self._turn = asyncio.Lock()

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Read the state again; start where the group stands."""
        stored = await self._state.all()
        self._series = {key: _STATE.decode(record) for key, record in stored.items()}
        return committed

    async def handle(
        self,
        batch: Sequence[Delivered[VolumeUpdate]],
        rejected: Sequence[Rejected],  # noqa: ARG002 - the runner writes their dead letters
    ) -> Sequence[NewRecord]:
        """Take in the updates, in order."""
        async with self._turn:
            await self._take_in([each.event for each in batch])
        return ()

    async def _take_in(self, updates: Sequence[VolumeUpdate]) -> None:
        changed: dict[str, SeriesState] = {}
        events: list[SpikeEvent] = []
        for update in updates:
            state = changed.get(update.series) or self._series.get(update.series) or new_series(update)
            changed[update.series], told = step(state, update, self._settings)
            events += told
        await self._keep(changed, events)

    def series(self, name: str) -> SeriesState | None:
        """What is known of one series: not to be changed."""
        return self._series.get(name)

    def next_due(self) -> datetime | None:
        """When `tick` has something to do."""
        due = [at for state in self._series.values() if (at := next_due(state, self._settings))]
        return min(due, default=None)

    async def tick(self, now: datetime) -> bool:
        """Time has passed: close what is over. True if anything changed."""
        due = self.next_due()
        if due is None or due > now:
            return False
        async with self._turn:
            return await self._let_pass(now)

    async def _let_pass(self, now: datetime) -> bool:
        changed: dict[str, SeriesState] = {}
        events: list[SpikeEvent] = []
        for series, state in sorted(self._due(now)):
            changed[series], told = tick(state, now, self._settings)
            events += told
        await self._keep(changed, events)
        return bool(changed)

    def _due(self, now: datetime) -> Iterable[tuple[str, SeriesState]]:
        for series, state in self._series.items():
            due = next_due(state, self._settings)
            if due is not None and due <= now:
                yield series, state

    async def _keep(self, changed: Mapping[str, SeriesState], events: Sequence[SpikeEvent]) -> None:
        if events:
            await self._log.append([NewRecord(SPIKE_EVENTS.name, e.series, _ENCODER.encode(e)) for e in events])
        if changed:
            await self._state.save({series: _STATE_ENCODER.encode(state) for series, state in changed.items()})
            self._series.update(changed)
