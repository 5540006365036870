"""The live counter and spike step over a history, with the history's own time as the clock."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from backbone.keyed import Changes, KeyedStates
from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.counting import Arrival, BlockCounter
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from webcare.backtesting.campaigns import Declared
from webcare.backtesting.material import Heard

_AT_ONCE = timedelta(seconds=10)
"""What is counted together. Live, a batch is what waits: less than a second's mentions, unless there is a backlog."""
_MOST_AT_ONCE = 500
_MINUTE = timedelta(minutes=1)
_PLACE = ("backtest", 0)
_EVENT = msgspec.json.Decoder(SpikeEvent)


class Detector:
    """The spike step under one set of settings: `events` is all it said so far, in order."""

    def __init__(self, settings: SpikeSettings, declared: Declared | None = None) -> None:
        self._declared = declared or Declared()
        self._states: KeyedStates[SeriesState, VolumeUpdate] = KeyedStates(SpikeStep(settings))
        self.events: list[SpikeEvent] = []

    def take(self, updates: Sequence[VolumeUpdate], at: datetime) -> None:
        """Take in what was counted at this instant, after what fell due before; instants rise."""
        self.let_pass(at)
        self._keep(self._states.take_in(self._declared.stamp(updates, at)))

    def let_pass(self, until: datetime) -> None:
        """Nothing arrives up to this instant: each series is looked at when it asked to be."""
        looked: datetime | None = None
        while (due := self._states.next_due()) is not None:
            # One that asks for the same instant again is looked at every minute, and keeps no other from its turn.
            now = due if looked is None else max(due, looked + _MINUTE)
            if now > until:
                return
            self._keep(self._states.let_pass(now))
            looked = now

    def _keep(self, changes: Changes[SeriesState]) -> None:
        self._states.keep(changes.states)
        self.events += [_EVENT.decode(record.value) for record in changes.outputs]


class Counting:
    """Counts a history as the live system counts arrivals, and tells what each batch held."""

    def __init__(self, tell: Callable[[Sequence[VolumeUpdate], datetime], None], sources: Iterable[str] = ()) -> None:
        """`sources` are counted apart."""
        self._tell = tell
        self._counter = BlockCounter(sources)
        self._batch: list[Heard] = []
        self._offset = 0
        self._clock: datetime | None = None
        self.series: set[str] = set()

    def take(self, heard: Iterable[Heard]) -> None:
        """Count these, each at its time; clocks do not go back, so that one that does counts as the one before."""
        for each in heard:
            one = each._replace(at=max(each.at, self._clock or each.at))
            self._clock = one.at
            if self._batch and (one.at - self._batch[0].at >= _AT_ONCE or len(self._batch) == _MOST_AT_ONCE):
                self.flush()
            self._batch.append(one)

    def flush(self) -> None:
        """Count what still waits."""
        if not self._batch:
            return
        at = self._batch[-1].at
        arrivals = [Arrival(*_PLACE, self._offset + n, one.mention, one.verdict) for n, one in enumerate(self._batch)]
        self._offset += len(arrivals)
        self._batch = []
        updates = self._counter.count(arrivals, at)
        self.series.update(update.series for update in updates)
        self._tell(updates, at)
