"""The spike step: what an update, or the passing of time, makes of a series. Pure.

The same updates give the same state and events, however often they are told: an update that holds nothing new changes
nothing. Mentions are folded minute by minute of event time, so that a batch that caught up with an hour says what that
hour would have said.
"""

from bisect import bisect_left
from datetime import datetime

import msgspec

from backbone.ids import derive
from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.spikes.baseline import WINDOWS, Baseline
from services.classify.spikes.events import moment, per_hour, spike_event
from services.classify.spikes.judge import (
    Judged,
    content_bonus,
    is_calm,
    judge,
    judge_story,
    most_surprising,
    worth_a_look,
)
from services.classify.spikes.learn import advance, learn_late
from services.classify.spikes.life import begin, due, follow
from services.classify.spikes.quiet import hear, listen, look_later
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import RECENT_MINUTES, Minute, OpenSpike, SeriesState, take_new
from services.classify.spikes.windows import Window

_NAMES = ("5m", "15m", "60m", "6h", "24h")
_HOUR = WINDOWS.index(60)
_QUARTERS_KEPT = 9


def new_series(update: VolumeUpdate) -> SeriesState:
    """A series that is seen for the first time."""
    return SeriesState(series=update.series, brand=update.brand, drill=update.drill)


def step(state: SeriesState, update: VolumeUpdate, settings: SpikeSettings) -> tuple[SeriesState, list[SpikeEvent]]:
    """Take in what is new in the update. The given state is not changed."""
    after = state.copy()
    clock = _minute(update.at)
    if clock >= after.campaigns_at and update.campaigns != after.campaigns:
        after.campaigns, after.campaigns_at = update.campaigns, clock
    fresh = _as_of_now(after, take_new(after, update), clock + settings.future_min, clock)
    events: list[SpikeEvent] = []
    for minute in sorted(fresh):
        events += _fold(after, fresh[minute], update.at, settings)
    return after, events


def tick(state: SeriesState, now: datetime, settings: SpikeSettings) -> tuple[SeriesState, list[SpikeEvent]]:
    """Time has passed: a spike may have peaked or be over, a stream may have stopped. The state is not changed."""
    minute = _minute(now)
    if minute <= state.newest:
        return state, []
    after = state.copy()
    if state.spike is None:
        return after, listen(after, minute, now, settings)
    baseline = advance(after, minute, settings.calendar)
    judged = judge(after, baseline, minute, settings, note=False)
    return after, _follow(after, baseline, judged, minute, now, settings)


def next_due(state: SeriesState, settings: SpikeSettings) -> datetime | None:
    """When `tick` has something to do if nothing arrives."""
    if state.spike is not None:
        ahead = due(state.spike.life, settings.rules)
        return None if ahead is None else moment(max(ahead, state.newest + 1))
    if state.look_for_silence is None:
        return None
    return moment(max(state.look_for_silence, state.newest + 1))


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
    missed = state.silence
    heard = hear(state, new.minute, at, settings)
    baseline = advance(state, new.minute, settings.calendar, missed)
    if new.minute <= state.newest - RECENT_MINUTES:
        state.late += new.arrivals
        learn_late(state, baseline, new, settings.calendar)
        return heard
    _put(state.recent, new)
    _count_quarter(state, new)
    end = new.minute + 1
    if state.spike is None and not worth_a_look(state, baseline, new, settings):
        return heard
    judged = judge(state, baseline, end, settings, note=state.spike is None)
    if state.spike is not None:
        return heard + _follow(state, baseline, judged, new.minute, at, settings)
    story = judge_story(state, baseline, judged[_HOUR].window, settings, note=True)
    if new.minute < _minute(at) - settings.history_min:
        return heard
    return heard + _open(state, baseline, judged, story, at, settings)


def _put(recent: list[Minute], new: Minute) -> None:
    place = bisect_left(recent, new.minute, key=lambda one: one.minute)
    if place < len(recent) and recent[place].minute == new.minute:
        recent[place] = recent[place].plus(new)
    else:
        recent.insert(place, new)


def _count_quarter(state: SeriesState, new: Minute) -> None:
    counts = dict(state.quarters)
    quarter = new.minute // 15
    counts[quarter] = counts.get(quarter, 0) + new.arrivals
    state.quarters = sorted(counts.items())[-_QUARTERS_KEPT:]


def _open(
    state: SeriesState,
    baseline: Baseline,
    judged: list[Judged],
    story: Judged | None,
    at: datetime,
    settings: SpikeSettings,
) -> list[SpikeEvent]:
    found = _speaks(state, judged, story, settings)
    if found is None:
        return []
    window = found.window
    minute = window.end - 1
    state.spike = OpenSpike(
        id=derive("spike", state.series, minute),
        since=window.start,
        life=begin(minute, float(per_hour(state, window.end))),
        story=found.story,
    )
    # An end that was waited for in vain is of no interest any more.
    state.look_for_silence = None
    return [spike_event(state, baseline, state.spike, found, "opened", _reason(found), at, settings)]


def _speaks(state: SeriesState, judged: list[Judged], story: Judged | None, settings: SpikeSettings) -> Judged | None:
    """The window that opens a spike, or the story that does; None where nothing is surprising enough."""
    found = most_surprising(state, judged, settings)
    near = found is not None and found.margin >= -settings.content_surprise
    if found is not None and near and found.margin + content_bonus(state, _content(judged, found), settings) >= 0.0:
        return found
    if story is not None and story.margin >= 0.0:
        return story
    return None


def _content(judged: list[Judged], found: Judged) -> Window:
    """The window whose content speaks: of longer ones than an hour only the last hour's is known."""
    return judged[min(found.window.place, _HOUR)].window


def _reason(found: Judged) -> str:
    if found.story is not None:
        return "one_story_growing"
    return f"above_expectation_{_NAMES[found.window.place]}{'_with_content' if found.margin < 0.0 else ''}"


def _follow(
    state: SeriesState,
    baseline: Baseline,
    judged: list[Judged],
    minute: int,
    at: datetime,
    settings: SpikeSettings,
) -> list[SpikeEvent]:
    """An open spike: its next turn, if there is one; told with the window that speaks most clearly."""
    spike = state.spike
    assert spike is not None
    rate = float(per_hour(state, judged[0].window.end))
    life, turn = follow(spike.life, minute, rate, is_calm(judged, settings), settings.rules)
    state.spike = msgspec.structs.replace(spike, life=life)
    if turn is None:
        return []
    speaking = most_surprising(state, judged, settings) or judged[_HOUR]
    found = judged[_HOUR] if turn.phase == "over" else speaking
    event = spike_event(state, baseline, state.spike, found, turn.phase, turn.reason, at, settings)
    if turn.phase == "over":
        state.spike, state.told = None, minute
        look_later(state, settings)
    return [event]


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)
