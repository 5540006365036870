"""The spike step on a log: volume updates in, spike events out, state kept by key."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from backbone.handling import Delivered, Rejected
from backbone.keyed import Changes, KeyedStates
from backbone.ports import EventLog, KeyedState, NewRecord, Partition
from contracts.topics import VOLUME_BLOCKS
from contracts.volume import VolumeUpdate
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState


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
        self.calendar = settings.calendar
        self._series: KeyedStates[SeriesState, VolumeUpdate] = KeyedStates(SpikeStep(settings))
        # Updates and the passing of time both read, await and write the same state.
        self._turn = asyncio.Lock()

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Read the state again; start where the group stands."""
        self._series.load(await self._state.all())
        return committed

    async def handle(
        self,
        batch: Sequence[Delivered[VolumeUpdate]],
        rejected: Sequence[Rejected],  # noqa: ARG002 - the runner writes their dead letters
    ) -> Sequence[NewRecord]:
        """Take in the updates, in order."""
        async with self._turn:
            await self._keep(self._series.take_in(each.event for each in batch))
        return ()

    def series(self, name: str) -> SeriesState | None:
        """What is known of one series: not to be changed."""
        return self._series.get(name)

    def next_due(self) -> datetime | None:
        """When `tick` has something to do."""
        return self._series.next_due()

    async def tick(self, now: datetime) -> bool:
        """Time has passed: close what is over. True if anything changed."""
        due = self._series.next_due()
        if due is None or due > now:
            return False
        async with self._turn:
            changes = self._series.let_pass(now)
            await self._keep(changes)
        return bool(changes.states)

    async def _keep(self, changes: Changes[SeriesState]) -> None:
        if changes.outputs:
            await self._log.append(changes.outputs)
        if changes.states:
            await self._state.save(self._series.encoded(changes.states))
            self._series.keep(changes.states)
