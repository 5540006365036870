"""What is told of a spike or a silence, with everything that speaks for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from backbone.ids import derive
from contracts.volume import ForecastHour, SpikeEvent, SpikeEvidence, TopChannel, TopStory
from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import Baseline
from services.classify.spikes.forecast import forecast
from services.classify.spikes.judge import Judged, usual_share_negative
from services.classify.spikes.life import Phase
from services.classify.spikes.scan import chance
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.silence import silence_decades
from services.classify.spikes.state import OpenSpike, SeriesState, Silence
from services.classify.spikes.telling import tell
from services.classify.spikes.windows import messages_per_person, top_channels, top_stories

_KINDS = {"opened": "opened", "growing": "updated", "peaked": "updated", "over": "closed"}
_HOURS_AHEAD = 6
_HOUR = 2
_LONG_STRETCHES = (2, 3)


def spike_event(
    state: SeriesState,
    baseline: Baseline,
    spike: OpenSpike,
    found: Judged,
    phase: Phase,
    reason: str,
    at: datetime,
    settings: SpikeSettings,
) -> SpikeEvent:
    """A turn in the life of a spike."""
    seen = _evidence(state, baseline, found, settings)
    life = spike.life
    evidence = replace(
        seen,
        reason=reason,
        story=found.story or spike.story,
        per_hour=float(per_hour(state, found.window.end)),
        peak_per_hour=life.peak,
        peak_at=moment(life.peak_at),
    )
    return _event(state, spike.id, phase, "up", found.window.end - 1, evidence, at, settings)


def silence_event(
    state: SeriesState,
    baseline: Baseline,
    silence: Silence,
    minute: int,
    phase: Phase,
    reason: str,
    at: datetime,
    settings: SpikeSettings,
) -> SpikeEvent:
    """A stream that stopped, or speaks again; `minute` ends the window in which nothing came."""
    usual = _summed(partial(least_usual_hour, state, baseline, settings=settings), silence.since, minute)
    decades = silence_decades(usual, silent_spread(baseline, usual))
    evidence = SpikeEvidence(
        expected=round(usual * messages_per_person(state.habits, _HOUR), 3),
        seen=0,
        window_s=(minute - silence.since) * 60,
        chance=float(f"{chance(decades):.3g}"),
        since=moment(silence.since),
        people=0,
        share_negative=0.0,
        share_urgent=0.0,
        history_days=_history_days(baseline, minute),
        reason=reason,
    )
    return _event(state, silence.id, phase, "down", minute, evidence, at, settings)


def usual_between(state: SeriesState, baseline: Baseline, start: int, end: int, settings: SpikeSettings) -> float:
    """How many people are expected from minute `start` up to minute `end`."""
    return _summed(partial(usual_hour, state, baseline, settings=settings), start, end)


def usual_hour(state: SeriesState, baseline: Baseline, hour: int, settings: SpikeSettings) -> float:
    """How many people are expected in this hour."""
    return base.calendar_rate(baseline, hour, settings.calendar) * state.mean_factor(hour * 60, hour * 60 + 60)


def least_usual_hour(state: SeriesState, baseline: Baseline, hour: int, settings: SpikeSettings) -> float:
    """The same, where a campaign that brings nothing is no fault of the stream's."""
    factor = state.mean_factor(hour * 60, hour * 60 + 60)
    return base.calendar_rate(baseline, hour, settings.calendar) * min(1.0, factor)


def silent_spread(baseline: Baseline, usual: float) -> float:
    """Relative variance, beyond Poisson, of a long stretch in which so many are expected."""
    return max(base.spread(baseline, window, max(usual, 1.0)) for window in _LONG_STRETCHES)


def per_hour(state: SeriesState, end: int) -> int:
    """Messages an hour, by the quarter that ends with minute `end - 1`."""
    return 4 * _arrivals(state, end - 15, end)


def _summed(usual: Callable[[int], float], start: int, end: int) -> float:
    hours = range(start // 60, (end - 1) // 60 + 1)
    return sum(usual(hour) * (min(end, hour * 60 + 60) - max(start, hour * 60)) / 60 for hour in hours)


def _arrivals(state: SeriesState, start: int, end: int) -> int:
    return sum(one.arrivals for one in state.recent if start <= one.minute < end)


def moment(minute: int) -> datetime:
    """The instant at which a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def _event(
    state: SeriesState,
    spike_id: str,
    phase: Phase,
    direction: str,
    minute: int,
    evidence: SpikeEvidence,
    at: datetime,
    settings: SpikeSettings,
) -> SpikeEvent:
    words = tell(state.series, phase, direction, evidence, ZoneInfo(settings.calendar.zone))
    kind = "updated" if evidence.reason == "goes_on" else _KINDS[phase]
    return SpikeEvent(
        id=derive("spikeevent", spike_id, kind, minute),
        spike_id=spike_id,
        series=state.series,
        brand=state.brand,
        kind=kind,  # type: ignore[arg-type]
        at=at,
        evidence=replace(evidence, words=words),
        drill=state.drill,
        phase=phase,
        direction=direction,  # type: ignore[arg-type]
    )


def _evidence(state: SeriesState, baseline: Baseline, found: Judged, settings: SpikeSettings) -> SpikeEvidence:
    """In messages, since that is what a reader counts; the chance is that of so many people."""
    window = found.window
    per_person = messages_per_person(state.habits, window.place)
    counted = max(window.arrivals, 1)
    long = window.end - window.start > 60
    stories = top_stories(state.recent, window.start, window.end)
    channels = top_channels(state.recent, window.start, window.end)
    campaign = state.campaign(window.end - 1)
    return SpikeEvidence(
        expected=round(found.usual * per_person, 3),
        seen=round(window.people * per_person) if long else window.arrivals,
        window_s=(window.end - window.start) * 60,
        chance=float(f"{chance(found.decades):.3g}"),
        since=moment(window.start),
        people=window.people if long else min(window.people, window.arrivals),
        share_negative=round(window.negative / counted, 3),
        share_urgent=round(window.urgent / counted, 3),
        stories=tuple(TopStory(signature=story, seen=count) for story, count in stories),
        history_days=_history_days(baseline, window.end),
        channels=tuple(TopChannel(channel=channel, seen=count) for channel, count in channels),
        usual_share_negative=round(usual_share_negative(state.habits), 3),
        campaign=campaign.id if campaign else None,
        forecast=_forecast(state, baseline, window.end, settings),
    )


def _forecast(state: SeriesState, baseline: Baseline, end: int, settings: SpikeSettings) -> tuple[ForecastHour, ...]:
    """The next hours in messages; the hour before the last one is known by quarters of the clock."""
    told = dict(state.quarters)
    before = [told.get((end - 60) // 15 - ago, 0) for ago in (4, 3, 2, 1)]
    last_hour = [_arrivals(state, end - 15 * ago, end - 15 * ago + 15) for ago in (4, 3, 2, 1)]
    per_person = messages_per_person(state.habits, _HOUR)
    hours = range(end, end + _HOURS_AHEAD * 60, 60)
    usual = [per_person * usual_between(state, baseline, begin, begin + 60, settings) for begin in hours]
    relative = base.spread(baseline, _HOUR, max(usual[0], 1.0))
    return forecast([*before, *last_hour], usual, relative, moment(end))


def _history_days(baseline: Baseline, end: int) -> float:
    return round((end - baseline.first_hour * 60) / 1440, 2)
