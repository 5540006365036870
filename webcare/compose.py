"""What the api is given by the composition: who may enter, who is on call, what is expected, whether sums hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from backbone.metrics import Metrics
from backbone.ports import Archive, Clock, Desk, EventLog
from backbone.series import series_name
from backbone.web.operations import RunnerState
from backbone.web.people import Door
from contracts.topics import MENTIONS_EXPRESS, MENTIONS_RAW
from services.api.ports import ApiPorts, OnCall, Rate, Sums
from services.api.settings import ApiSettings, QueueDisplay, TargetDisplay
from services.classify.spikes.baseline import calendar_rate
from services.classify.spikes.calendar import Calendar
from services.classify.spikes.state import SeriesState
from services.ingest.domain.brands import IngestSettings
from services.router.domain.conservation import conservation
from services.router.domain.settings import Queue, RouterSettings
from services.router.paging.schedule import explain
from webcare.dead import DeadBeforeTheDesk

DEAD_BEFORE_THE_DESK = ("dead", "no_verdict")


def api_settings(
    settings: RouterSettings, door: Door, brands: Sequence[str], names: Mapping[str, tuple[str, ...]] | None = None
) -> ApiSettings:
    """The api's own settings, from the router's; `names` is what a brand is called besides its name."""
    return ApiSettings(
        door=door,
        brands=tuple(brands),
        brand_names=dict(names or {}),
        queues=tuple(_display(queue) for queue in settings.queues),
        campaigns=settings.campaigns,
        reachable=tuple(person.name for person in settings.people if person.channels),
        claim_lease=settings.claim_lease,
        ack_lease=settings.paging.ack_lease,
    )


def names_of(settings: IngestSettings) -> dict[str, tuple[str, ...]]:
    """What each brand is called besides its name."""
    return {brand.name: (*brand.names, *brand.hashtags, *brand.accounts.values()) for brand in settings.brands}


def _display(queue: Queue) -> QueueDisplay:
    targets = [
        TargetDisplay(
            urgency=urgency,
            within_s=int(target.within.total_seconds()),
            next_opening=f"{target.next_opening:%H:%M}" if target.next_opening else None,
        )
        for urgency, target in queue.targets.items()
    ]
    return QueueDisplay(name=queue.name, hours=queue.hours.name, targets=tuple(targets))


class Known(NamedTuple):
    """What only the composition can tell the api."""

    settings: RouterSettings
    metrics: Metrics
    series: Callable[[str], SeriesState | None]
    """What the spike step knows of a series."""
    states: Callable[[], Sequence[tuple[str, str]]]
    """What runs in this process, and how it does."""
    calendar: Calendar = Calendar()
    """By which the spike step expects."""
    can_miss: frozenset[str] = frozenset()


def api_ports(log: EventLog, desk: Desk, archive: Archive, clock: Clock, known: Known) -> ApiPorts:
    """The api's ports."""
    dead = DeadBeforeTheDesk(log)
    return ApiPorts(
        desk=desk,
        archive=archive,
        log=log,
        clock=clock,
        metrics=known.metrics,
        on_call=_on_call(known.settings),
        expected=_expected(known.series, known.calendar),
        conservation=lambda: _sums(log, desk, dead),
        runners=lambda: [_state(name, state) for name, state in known.states()],
        can_miss=known.can_miss,
    )


def _on_call(settings: RouterSettings) -> Callable[[datetime], list[OnCall]]:
    display = {person.name: person.display for person in settings.people}

    def now_on_call(at: datetime) -> list[OnCall]:
        shifts = [(schedule.name, explain(schedule, at)) for schedule in settings.schedules]
        return [
            OnCall(schedule=name, person=shift.person, display=display.get(shift.person, shift.person), until=shift.end)
            for name, shift in shifts
            if shift
        ]

    return now_on_call


def _expected(
    series_of: Callable[[str], SeriesState | None], calendar: Calendar
) -> Callable[[str, datetime, datetime], list[Rate]]:
    """What today's expectation says of each hour: messages a minute, from people an hour and messages a person."""

    def rates(series: str, since: datetime, until: datetime) -> list[Rate]:
        state = series_of(series_name(series))
        if state is None or state.baseline is None:
            return []
        first = since.replace(minute=0, second=0, microsecond=0)
        hours = range(int((until - first) / timedelta(hours=1)) + 1)
        return [_rate(state, calendar, first + timedelta(hours=hour)) for hour in hours]

    return rates


def _rate(state: SeriesState, calendar: Calendar, hour: datetime) -> Rate:
    assert state.baseline is not None
    since = int(hour.timestamp() // 3600)
    people = calendar_rate(state.baseline, since, calendar) * state.mean_factor(since * 60, since * 60 + 60)
    each = state.habits.messages / state.habits.people[2] if state.habits.people[2] else 1.0
    return Rate(since=hour.astimezone(UTC), per_minute=people * max(1.0, each) / 60)


async def _sums(log: EventLog, desk: Desk, dead: DeadBeforeTheDesk) -> Sums:
    """The law as the stores tell it: what is durable was accepted."""
    ends = [await log.end_offsets(topic.name) for topic in (MENTIONS_RAW, MENTIONS_EXPRESS)]
    accepted = sum(offset for each in ends for offset in each.values())
    counts = {**await desk.counts(), DEAD_BEFORE_THE_DESK: await dead.count()}
    law = conservation(accepted, 0, accepted, counts, at_rest=False)
    figures = {name: n for name, n in law.sums.items() if name not in ("received", "refused")}
    return Sums(holds=law.holds, figures={**figures, "in_flight": law.in_flight})


def _state(name: str, state: str) -> RunnerState:
    return RunnerState(name=name, ready=state == "running", detail=state)
