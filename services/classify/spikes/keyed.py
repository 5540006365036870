"""The spike step as a keyed step: a series' state as bytes, its spike events as records."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from backbone.ports import NewRecord
from contracts.topics import SPIKE_EVENTS
from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, next_due, step, tick

_EVENT = msgspec.json.Encoder()
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(SeriesState)


class SpikeStep:
    """What an update, or the passing of time, makes of a series."""

    def __init__(self, settings: SpikeSettings) -> None:
        self._settings = settings

    def key(self, event: VolumeUpdate) -> str:
        return event.series

    def step(self, state: SeriesState | None, event: VolumeUpdate) -> tuple[SeriesState, Sequence[NewRecord]]:
        after, told = step(state or new_series(event), event, self._settings)
        return after, _records(told)

    def tick(self, state: SeriesState, now: datetime) -> tuple[SeriesState, Sequence[NewRecord]]:
        after, told = tick(state, now, self._settings)
        return after, _records(told)

    def next_due(self, state: SeriesState) -> datetime | None:
        return next_due(state, self._settings)

    def encode(self, state: SeriesState) -> bytes:
        return _ENCODER.encode(state)

    def decode(self, record: bytes) -> SeriesState:
        return _DECODER.decode(record)


def _records(events: Sequence[SpikeEvent]) -> list[NewRecord]:
    return [NewRecord(SPIKE_EVENTS.name, event.series, _EVENT.encode(event)) for event in events]
