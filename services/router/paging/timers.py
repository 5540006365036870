"""What happens because time passes: leases end, deadlines come, acknowledgements run out, escalations go on."""

from collections.abc import Awaitable, Callable

import structlog

from backbone.errors import NotFound
from backbone.ports import Clock, Desk, DeskTransaction
from backbone.records import Cause, Timer
from services.router.domain.settings import RouterSettings
from services.router.incidents import begin_run, schedule_step, tell_unreached
from services.router.paging.escalation import next_step
from services.router.paging.planning import plan

_AT_ONCE = 50

_log = structlog.get_logger(__name__)

_Fire = Callable[[DeskTransaction, Timer, Cause], Awaitable[None]]


class Timers:
    """Takes due timers in order; each batch is one transaction, so that a crash fires it again, whole."""

    name = "timers"

    def __init__(self, desk: Desk, settings: RouterSettings, clock: Clock) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._fire: dict[str, tuple[str, _Fire]] = {
            "lease": ("lease_expired", _expire_lease),
            "deadline": ("deadline_passed", _mark_overdue),
            "ack": ("acknowledgement_expired", self._unacknowledge),
            "escalate": ("escalation_due", self._escalate),
        }

    async def step(self) -> bool:
        """Fire what is due; False if nothing was."""
        now = self._clock.now()
        async with self._desk.transaction() as tx:
            due = await tx.take_timers(now, _AT_ONCE)
            for timer in due:
                await self._one(tx, timer)
        return bool(due)

    async def _one(self, tx: DeskTransaction, timer: Timer) -> None:
        known = self._fire.get(timer.kind)
        if known is None:
            _log.error("timer_of_unknown_kind", kind=timer.kind, subject=timer.subject)
            return
        reason, fire = known
        try:
            await fire(tx, timer, Cause(actor="timers", method="system", at=self._clock.now(), reason=reason))
        except NotFound as error:
            _log.error("timer_without_subject", kind=timer.kind, subject=timer.subject, error=str(error))

    async def _unacknowledge(self, tx: DeskTransaction, timer: Timer, cause: Cause) -> None:
        incident = await tx.unacknowledge(timer.subject, cause)
        if incident is not None:
            await begin_run(tx, incident, self._settings, cause.at)

    async def _escalate(self, tx: DeskTransaction, timer: Timer, cause: Cause) -> None:
        incident = await tx.incident(timer.subject)
        run = await tx.run(incident.id, int(timer.data.get("epoch", incident.epoch)))
        if run is None:
            _log.error("incident_without_run", incident=incident.id, epoch=incident.epoch)
            return
        decision = next_step(run, incident, self._settings, cause.at)
        await tx.put_run(decision.run)
        if decision.stopped:
            return
        decided = Cause(actor=cause.actor, method=cause.method, at=cause.at, reason=decision.reason)
        await plan(tx, decision, incident, self._settings, decided)
        if decision.next_at is not None:
            await schedule_step(tx, incident, decision.next_at)
        if not decision.people:
            await tell_unreached(tx, incident, decided)


async def _expire_lease(tx: DeskTransaction, timer: Timer, cause: Cause) -> None:
    await tx.expire_lease(timer.subject, cause)


async def _mark_overdue(tx: DeskTransaction, timer: Timer, cause: Cause) -> None:
    await tx.mark_overdue(timer.subject, cause)
