"""What the api is given by the composition: who may enter, who is on call, what is expected, whether sums hold."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from backbone.metrics import Metrics
from contracts.topics import MENTIONS_EXPRESS, MENTIONS_RAW
from services.api.ports import ApiPorts, OnCall, Rate, RunnerState, Sums
from services.api.settings import ApiSettings, PersonKey, QueueDisplay, TargetDisplay
from services.classify.spikes.baseline import expected_rate
from services.classify.spikes.state import SeriesState
from services.router.domain.conservation import conservation
from services.router.domain.settings import Queue, RouterSettings
from services.router.paging.schedule import explain
from webcare.adapters import Adapters
from webcare.chain import Chain
from webcare.dead import DeadBeforeTheDesk

DEAD_BEFORE_THE_DESK = ("dead", "no_verdict")


def api_settings(settings: RouterSettings, people: Sequence[PersonKey], brands: Sequence[str]) -> ApiSettings:
    """The api's own settings, from the router's."""
    return ApiSettings(
        people=tuple(people),
        brands=tuple(brands),
        queues=tuple(_display(queue) for queue in settings.queues),
        claim_lease=settings.claim_lease,
        ack_lease=settings.paging.ack_lease,
    )


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


def api_ports(
    adapters: Adapters,
    settings: RouterSettings,
    metrics: Metrics,
    chain: Chain,
    parts: Callable[[], list[tuple[str, str]]] = list,
) -> ApiPorts:
    """The api's ports. `parts` tells what else must run for the system to be ready."""
    dead = DeadBeforeTheDesk(adapters.log)
    return ApiPorts(
        desk=adapters.desk,
        archive=adapters.archive,
        log=adapters.log,
        clock=adapters.clock,
        metrics=metrics,
        on_call=_on_call(settings),
        expected=_expected(chain),
        conservation=lambda: _sums(adapters, dead),
        runners=lambda: [_state(name, state) for name, state in (*chain.states(), *parts())],
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


def _expected(chain: Chain) -> Callable[[str, datetime, datetime], list[Rate]]:
    """What today's expectation says of each hour: messages a minute, from people an hour and messages a person."""

    def rates(series: str, since: datetime, until: datetime) -> list[Rate]:
        state = chain.spikes.series(series)
        if state is None or state.baseline is None:
            return []
        first = since.replace(minute=0, second=0, microsecond=0)
        hours = range(int((until - first) / timedelta(hours=1)) + 1)
        return [_rate(state, first + timedelta(hours=hour)) for hour in hours]

    return rates


def _rate(state: SeriesState, hour: datetime) -> Rate:
    assert state.baseline is not None
    people = expected_rate(state.baseline, hour.timestamp() / 60 + 30)
    each = state.habits.messages / state.habits.people[2] if state.habits.people[2] else 1.0
    return Rate(since=hour.astimezone(UTC), per_minute=people * max(1.0, each) / 60)


async def _sums(adapters: Adapters, dead: DeadBeforeTheDesk) -> Sums:
    """The law as the stores tell it: what is durable was accepted."""
    ends = [await adapters.log.end_offsets(topic.name) for topic in (MENTIONS_RAW, MENTIONS_EXPRESS)]
    accepted = sum(offset for each in ends for offset in each.values())
    counts = {**await adapters.desk.counts(), DEAD_BEFORE_THE_DESK: await dead.count()}
    law = conservation(accepted, 0, accepted, counts, at_rest=False)
    figures = {name: n for name, n in law.sums.items() if name not in ("received", "refused")}
    return Sums(holds=law.holds, figures={**figures, "in_flight": law.in_flight})


def _state(name: str, state: str) -> RunnerState:
    return RunnerState(name=name, ready=state == "running", detail=state)
