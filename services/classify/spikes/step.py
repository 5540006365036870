"""The spike step: what an update, or the passing of time, makes of a series. Pure.

The same updates give the same state and events, however often they are told: an update that holds nothing new changes
nothing. Mentions are folded minute by minute of event time, so that a batch that caught up with an hour says what that
hour would have said.
"""

from bisect import bisect_left
from datetime import datetime
from typing import Literal

import msgspec

from backbone.ids import derive
from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.spikes.baseline import WINDOWS, Baseline
from services.classify.spikes.judge import (
    Judged,
    content_bonus,
    enough_people,
    evidence,
    is_calm,
    judge,
    moment,
    most_surprising,
)
from services.classify.spikes.learn import advance, learn_late
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import RECENT_MINUTES, Minute, OpenSpike, SeriesState, take_new

_LOOK_AGAIN_MIN = 5
_NAMES = ("5m", "15m", "60m", "6h", "24h")
_HOUR = WINDOWS.index(60)


def new_series(update: VolumeUpdate) -> SeriesState:
    """A series that is seen for the first time."""
    return SeriesState(series=update.series, brand=update.brand, drill=update.drill)


def step(state: SeriesState, update: VolumeUpdate, settings: SpikeSettings) -> tuple[SeriesState, list[SpikeEvent]]:
    """Take in what is new in the update. The given state is not changed."""
    after = state.copy()
    clock = _minute(update.at)
    fresh = _as_of_now(after, take_new(after, update), clock + settings.future_min, clock)
    events: list[SpikeEvent] = []
    for minute in sorted(fresh):
        events += _fold(after, fresh[minute], update.at, settings)
    return after, events


def tick(state: SeriesState, now: datetime, settings: SpikeSettings) -> tuple[SeriesState, list[SpikeEvent]]:
    """Time has passed: close a spike that has come back to its expectation. The given state is not changed."""
    minute = _minute(now)
    if state.spike is None or minute <= state.newest:
        return state, []
    after = state.copy()
    baseline = advance(after, minute)
    judged = judge(after, baseline, minute, note=False)
    return after, _follow(after, baseline, judged, minute, now, settings)


def next_due(state: SeriesState, settings: SpikeSettings) -> datetime | None:
    """When `tick` has something to do if nothing arrives; only while a spike is open."""
    if state.spike is None:
        return None
    if state.spike.calm_since is None:
        return moment(state.newest + _LOOK_AGAIN_MIN)
    return moment(max(state.spike.calm_since + settings.close_after_min, state.newest + 1))


def _as_of_now(state: SeriesState, fresh: dict[int, Minute], latest: int, clock: int) -> dict[int, Minute]:
    """Nobody writes tomorrow: what is dated ahead of the clock counts as written now."""
    ahead = [minute for minute in fresh if minute > latest]
    for minute in sorted(ahead):
        moved = msgspec.structs.replace(fresh.pop(minute), minute=clock)
        state.future += moved.arrivals
        fresh[clock] = fresh[clock].plus(moved) if clock in fresh else moved
    return fresh


def _fold(state: SeriesState, new: Minute, at: datetime, settings: SpikeSettings) -> list[SpikeEvent]:
    state.total += new.arrivals
    baseline = advance(state, new.minute)
    if new.minute <= state.newest - RECENT_MINUTES:
        state.late += new.arrivals
        learn_late(baseline, new)
        return []
    _put(state.recent, new)
    end = new.minute + 1
    if state.spike is None and not enough_people(state, end, settings.least_people):
        return []
    judged = judge(state, baseline, end, note=state.spike is None)
    if state.spike is not None:
        return _follow(state, baseline, judged, new.minute, at, settings)
    if new.minute < _minute(at) - settings.history_min:
        return []
    return _open(state, baseline, judged, at, settings)


def _put(recent: list[Minute], new: Minute) -> None:
    place = bisect_left(recent, new.minute, key=lambda one: one.minute)
    if place < len(recent) and recent[place].minute == new.minute:
        recent[place] = recent[place].plus(new)
    else:
        recent.insert(place, new)


def _open(
    state: SeriesState, baseline: Baseline, judged: list[Judged], at: datetime, settings: SpikeSettings
) -> list[SpikeEvent]:
    found = most_surprising(state, judged, settings)
    if found is None or found.margin(settings) < -settings.content_surprise:
        return []
    margin = found.margin(settings)
    if margin + content_bonus(state, found.window, settings) < 0.0:
        return []
    minute = found.window.end - 1
    reason = f"above_expectation_{_NAMES[found.window.place]}{'_with_content' if margin < 0.0 else ''}"
    state.spike = OpenSpike(
        id=derive("spike", state.series, minute),
        since=found.window.start,
        calm_since=None,
        reported=_in_last_hour(state),
        reported_at=minute,
    )
    return [_event(state, baseline, state.spike, found, "opened", at, reason)]


def _follow(
    state: SeriesState,
    baseline: Baseline,
    judged: list[Judged],
    minute: int,
    at: datetime,
    settings: SpikeSettings,
) -> list[SpikeEvent]:
    """An open spike: begin or end the wait for calm, tell that it grew, or close it."""
    spike = state.spike
    assert spike is not None
    if not is_calm(judged, settings):
        state.spike = msgspec.structs.replace(spike, calm_since=None)
        return _grown(state, baseline, state.spike, judged, minute, at, settings)
    since = minute if spike.calm_since is None else spike.calm_since
    state.spike = msgspec.structs.replace(spike, calm_since=since)
    if minute - since < settings.close_after_min:
        return []
    event = _event(
        state, baseline, spike, judged[_HOUR], "closed", at, f"within_expectation_{settings.close_after_min}m"
    )
    state.spike = None
    state.told = minute
    return [event]


def _grown(
    state: SeriesState,
    baseline: Baseline,
    spike: OpenSpike,
    judged: list[Judged],
    minute: int,
    at: datetime,
    settings: SpikeSettings,
) -> list[SpikeEvent]:
    seen = _in_last_hour(state)
    found = most_surprising(state, judged, settings)
    too_soon = minute - spike.reported_at < settings.report_after_min
    if too_soon or found is None or seen < settings.report_growth * spike.reported:
        return []
    state.spike = msgspec.structs.replace(spike, reported=seen, reported_at=minute)
    return [_event(state, baseline, spike, found, "updated", at, "grown_since_last_report")]


def _in_last_hour(state: SeriesState) -> int:
    return sum(one.arrivals for one in state.recent)


def _event(
    state: SeriesState,
    baseline: Baseline,
    spike: OpenSpike,
    found: Judged,
    kind: Literal["opened", "updated", "closed"],
    at: datetime,
    reason: str,
) -> SpikeEvent:
    return SpikeEvent(
        id=derive("spikeevent", spike.id, kind, found.window.end - 1),
        spike_id=spike.id,
        series=state.series,
        brand=state.brand,
        kind=kind,
        at=at,
        evidence=evidence(state, baseline, found, found.decades, reason),
        drill=state.drill,
    )


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)
