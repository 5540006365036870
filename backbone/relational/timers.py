"""Timers and the audit trail."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from backbone.records import AuditEntry, Timer
from backbone.relational import pages
from backbone.relational.rows import AUDIT, TIMERS, instant, micros
from backbone.relational.tables import audit, incidents, items, timers
from backbone.relational.work import DROP_TIMER, Work

_DUE = (
    select(*TIMERS.columns)
    .where(timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at, timers.c.kind, timers.c.subject)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(func.min(timers.c.due_at))


def take(work: Work, now: datetime, limit: int) -> Sequence[Timer]:
    """See `DeskTransaction.take_timers`.

    Commands lock an item or incident before its timer. Here it is the other way round, so nothing is waited for: a
    timer whose subject somebody is changing now stays for the next time.
    """
    work.settle_timers()
    due = work.records(TIMERS, work.lock(_DUE, skip=True), now=micros(now), limit=limit)
    subjects = {timer.subject for timer in due}
    free = work.free(items, subjects) & work.free(incidents, subjects)
    due = [timer for timer in due if timer.subject in free]
    work.run_all(DROP_TIMER, [{"a_kind": timer.kind, "a_subject": timer.subject} for timer in due])
    return due


def next_due(work: Work) -> datetime | None:
    """See `Desk.next_due`; a page being sent is due when its sender's lease runs out."""
    times = [time for time in (work.run(_NEXT_DUE).scalar(), pages.next_due(work)) if time is not None]
    return instant(min(times)) if times else None


def trail(work: Work, subject: str | None, incident_id: str | None, after: int, limit: int) -> Sequence[AuditEntry]:
    """See `DeskTransaction.audit`."""
    work.settle()
    statement = select(*AUDIT.columns).where(audit.c.number > after).order_by(audit.c.number).limit(limit)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    if incident_id is not None:
        statement = statement.where(audit.c.incident_id == incident_id)
    return work.records(AUDIT, statement)
