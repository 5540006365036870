"""What an incident's escalation does next: a pure decision.

The policy is frozen when a run begins; who stands behind a schedule is asked when a step fires. A step behind which
nobody stands costs no time. When the steps are used up, or nobody was found, the last resort is paged.
"""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from backbone.campaigns import Extra
from backbone.records import Incident, Run
from services.router.domain.settings import Policy, RouterSettings
from services.router.paging.schedule import on_call

REPEAT_WAIT = timedelta(minutes=5)
"""Between the last step and the first again (or the last resort), where the policy gives no wait at all."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Page `people` now and look again at `next_at`; without it the run is over."""

    reason: str
    run: Run
    """The run's state after this."""
    people: tuple[str, ...] = ()
    loop: int = 0
    step: int = 0
    """The step that fired; the number of steps for the last resort."""
    next_at: datetime | None = None
    skipped: tuple[int, ...] = ()
    """Steps behind which nobody stood."""
    last_resort: bool = False
    extra: tuple[Extra, ...] = ()
    """Those of `people` who are paged because of a campaign."""
    stopped: bool = False
    """There was nothing left to do: acknowledged, resolved, or replaced by a later run."""


def next_step(run: Run, incident: Incident, settings: RouterSettings, now: datetime) -> Decision:
    """The decision at `now`, which is when the run's timer fired."""
    stopped = _stopped(run, incident)
    if stopped is not None:
        return Decision(reason=stopped, run=replace(run, done=True), stopped=True)
    policy = msgspec.convert(run.policy, Policy)
    skipped: list[int] = []
    step, loop = run.step, run.loop
    while step < len(policy.steps):
        people = resolve(policy.steps[step].notify, settings, now)
        extra = _standing_by(policy, people, settings) if step == 0 else ()
        if people or extra:
            decision = _page(run, policy, people, (loop, step), tuple(skipped), now)
            return replace(decision, people=(*people, *(each.person for each in extra)), extra=extra)
        skipped.append(step)
        step, loop = _after(policy, loop, step)
    return _last_resort(run, policy, settings, loop, tuple(skipped), now)


def resolve(targets: tuple[str, ...], settings: RouterSettings, now: datetime) -> tuple[str, ...]:
    """The people behind ``schedule:<name>`` and ``person:<name>`` who have a channel, each once, in order."""
    schedules = {schedule.name: schedule for schedule in settings.schedules}
    reachable = _reachable(settings)
    found: dict[str, None] = {}
    for target in targets:
        kind, _, name = target.partition(":")
        person: str | None = name
        if kind == "schedule":
            person = on_call(schedules[name], now) if name in schedules else None
        if person is not None and person in reachable:
            found[person] = None
    return tuple(found)


def _reachable(settings: RouterSettings) -> set[str]:
    return {person.name for person in settings.people if person.channels}


def _standing_by(policy: Policy, people: tuple[str, ...], settings: RouterSettings) -> tuple[Extra, ...]:
    """Who is paged with the first step as well; who is on call anyway is paged as such."""
    reachable = _reachable(settings)
    return tuple(each for each in policy.extra if each.person in reachable and each.person not in people)


def first_at(policy: Policy, opened_at: datetime) -> datetime:
    """When the first step fires."""
    return opened_at + (policy.steps[0].after if policy.steps else timedelta(0))


def _stopped(run: Run, incident: Incident) -> str | None:
    if incident.state != "triggered":
        return f"incident_{incident.state}"
    if run.epoch != incident.epoch:
        return "run_replaced"
    return "run_over" if run.done else None


def _page(
    run: Run, policy: Policy, people: tuple[str, ...], fired: tuple[int, int], skipped: tuple[int, ...], now: datetime
) -> Decision:
    step, loop = _after(policy, *fired)
    over = step >= len(policy.steps) and policy.last_resort is None
    return Decision(
        reason="step_before_empty" if skipped else "step_due",
        run=replace(run, step=step, loop=loop, done=over),
        people=people,
        loop=fired[0],
        step=fired[1],
        next_at=None if over else now + _wait(policy, step),
        skipped=skipped,
    )


def _after(policy: Policy, loop: int, step: int) -> tuple[int, int]:
    """(step, loop) that follow; the number of steps where all is used up."""
    if step + 1 < len(policy.steps):
        return step + 1, loop
    return (0, loop + 1) if loop < policy.repeat else (len(policy.steps), loop)


def _wait(policy: Policy, step: int) -> timedelta:
    """Time before a following step: its own; back at the start or at the last resort, the last step's may stand in."""
    if 0 < step < len(policy.steps):
        return policy.steps[step].after
    own = policy.steps[0].after if step == 0 else timedelta(0)
    return own or policy.steps[-1].after or REPEAT_WAIT


def _last_resort(
    run: Run, policy: Policy, settings: RouterSettings, loop: int, skipped: tuple[int, ...], now: datetime
) -> Decision:
    targets = () if policy.last_resort is None else (policy.last_resort,)
    people = resolve(targets, settings, now)
    used_up = run.step >= len(policy.steps) > 0
    reason = ("steps_used_up" if used_up else "nobody_found") if people else "nobody_to_page"
    return Decision(
        reason=reason,
        run=replace(run, step=len(policy.steps), loop=loop, done=True),
        people=people,
        loop=loop,
        step=len(policy.steps),
        skipped=skipped,
        last_resort=bool(people),
    )
