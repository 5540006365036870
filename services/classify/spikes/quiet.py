"""A stream that stops: when to look, what to tell, and what ends it."""

from datetime import datetime

from backbone.ids import derive
from contracts.volume import SpikeEvent
from services.classify.spikes.baseline import Baseline, day_level
from services.classify.spikes.events import least_usual_hour, silence_event, silent_spread
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.silence import hourly, silent_at
from services.classify.spikes.state import SeriesState, Silence

_HORIZON_HOURS = 7 * 24
_AGAIN_MIN = 24 * 60
_WATCHED = "|source="
_TYPICAL = 10.0
"""About as many are expected when nothing at all becomes a surprise."""
_FADED = 0.6
"""Where the last day held less than this part of the usual, the stream is fading: that it ends is no surprise."""


def hear(state: SeriesState, minute: int, at: datetime, settings: SpikeSettings) -> list[SpikeEvent]:
    """A mention of this minute came: a silence is over, and the next one is looked for."""
    state.heard = max(state.heard, minute)
    silence, baseline = state.silence, state.baseline
    if silence is None or baseline is None or minute <= silence.told:
        look_later(state, settings)
        return []
    ended = silence_event(state, baseline, silence, minute, "over", "speaks_again", at, settings)
    state.silence = None
    look_later(state, settings)
    return [ended]


def listen(state: SeriesState, minute: int, at: datetime, settings: SpikeSettings) -> list[SpikeEvent]:
    """Nothing came for long: tell it once it is a surprise, or look again when it would be."""
    baseline = state.baseline
    if baseline is None or state.silence is not None or state.look_for_silence is None:
        state.look_for_silence = None
        return []
    when = _silent_at(state, baseline, settings)
    if when is None or when > minute:
        state.look_for_silence = when
        return []
    silence = Silence(derive("silence", state.series, state.heard), state.heard + 1, minute)
    state.silence, state.look_for_silence = silence, None
    reason = "silent_longer_than_usual"
    return [silence_event(state, baseline, silence, minute, "opened", reason, at, settings)]


def look_later(state: SeriesState, settings: SpikeSettings) -> None:
    """Set when to look for a silence, unless that is set or a spike is open.

    Each mention moves the end of waiting; it is enough to work it out when the last one has come. Where no silence
    could be told, that is found out once a day.
    """
    baseline = state.baseline
    if baseline is None or state.look_for_silence is not None or state.spike is not None:
        return
    watched = not state.drill and (not state.part or _WATCHED in state.series)
    if watched and state.heard >= baseline.first_hour * 60 + settings.silence_after_days * 1440:
        when = _silent_at(state, baseline, settings)
        state.look_for_silence = state.heard + _AGAIN_MIN if when is None else when


def _silent_at(state: SeriesState, baseline: Baseline, settings: SpikeSettings) -> int | None:
    if day_level(baseline) < _FADED:
        return None
    first = state.heard // 60
    expected = [least_usual_hour(state, baseline, hour, settings) for hour in range(first, first + _HORIZON_HOURS)]
    decades = settings.silence_surprise(part=state.part)
    between = hourly(first * 60, expected).between
    when = silent_at(between, silent_spread(baseline, _TYPICAL), state.heard + 1, decades, _HORIZON_HOURS * 60 - 120)
    return None if when is None else max(when, state.heard + settings.least_silence_min)
