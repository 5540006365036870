"""Incidents, and the runs of their escalation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

import msgspec
from sqlalchemy import (
    BigInteger,
    Text,
    Update,
    and_,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from backbone.errors import Conflict, NotFound
from backbone.records import Cause, Incident, IncidentState, Run, Timer
from backbone.relational import pages
from backbone.relational.rows import INCIDENTS, RUNS, json_text, micros, micros_or_none
from backbone.relational.tables import incidents, runs
from backbone.relational.work import Work

ACK = "ack"
ESCALATE = "escalate"

_INCIDENT = select(*INCIDENTS.columns)
_BY_ID = _INCIDENT.where(incidents.c.id == bindparam("id"))
_OPEN = incidents.c.state != literal_column("'resolved'")  # as the partial index says it, so that it is used
_OPEN_OF_KEY = _INCIDENT.where(incidents.c.dedup_key == bindparam("key"), _OPEN)
_NEWEST = (incidents.c.opened_at, incidents.c.id)


def _change(*conditions: Any, **values: Any) -> Update:
    """A conditional write of one incident that returns it as it then is."""
    changed = update(incidents).where(incidents.c.id == bindparam("an_id"), *conditions).values(**values)
    return changed.returning(*INCIDENTS.columns)


_AT = bindparam("at", type_=BigInteger)
_PERSON = bindparam("person", type_=Text)
_SEEN = bindparam("expected_seq", type_=BigInteger)  # whatever the caller says it saw
_NEXT = incidents.c.seq + 1
_RAN_OUT = and_(incidents.c.state == "acknowledged", incidents.c.ack_expires_at <= _AT)
_SAME_PERSON = and_(incidents.c.state == "acknowledged", incidents.c.acked_by == _PERSON)
_NOT_ACKED: dict[str, Any] = {"acked_by": None, "acked_at": None, "ack_expires_at": None}

_COUNT = _change(_OPEN, mentions=incidents.c.mentions + 1)
_EVIDENCE = _change(_OPEN, evidence=bindparam("new_evidence"), seq=_NEXT)
_ACKNOWLEDGE = _change(
    or_(incidents.c.state == "triggered", _SAME_PERSON, _RAN_OUT),
    or_(_SEEN < 0, incidents.c.seq == _SEEN),
    state="acknowledged",
    acked_by=_PERSON,
    acked_at=case((_SAME_PERSON, incidents.c.acked_at), else_=_AT),
    ack_expires_at=bindparam("until"),
    seq=_NEXT,
)
_UNACKNOWLEDGE = _change(_RAN_OUT, state="triggered", epoch=incidents.c.epoch + 1, seq=_NEXT, **_NOT_ACKED)
_RESOLVE = _change(_OPEN, state="resolved", resolved_by=_PERSON, resolved_at=_AT, ack_expires_at=None, seq=_NEXT)

_RUN = select(*RUNS.columns).where(runs.c.incident_id == bindparam("incident"), runs.c.epoch == bindparam("of_epoch"))
_STOP_RUN = update(runs).where(runs.c.incident_id == bindparam("incident"), runs.c.done.is_(False)).values(done=True)

# ------------------------------------------------------------------------------------------------------- incidents


def open_or_count(work: Work, incident: Incident, cause: Cause) -> tuple[Incident, bool]:
    """See `DeskTransaction.open_incident`; ``incident.opened``, or ``incident.mention_added``.

    A mention that is only counted has its row in the audit trail but no event, and `seq` stays: in a storm nobody's
    command shall be refused because the count moved. An incident with this id that was resolved stays as it is.
    """
    while True:
        if work.add_new(incidents, [INCIDENTS.values(incident)]):
            work.owed.tell("incident.opened", None, incident, cause)
            return incident, True
        before = work.find(INCIDENTS, work.lock(_OPEN_OF_KEY), key=incident.dedup_key)
        if before is not None:
            return _count(work, before, cause), False
        same = work.find(INCIDENTS, _BY_ID, id=incident.id)
        if same is not None:
            return same, False


def _count(work: Work, before: Incident, cause: Cause) -> Incident:
    after = work.find(INCIDENTS, _COUNT, an_id=before.id)
    assert after is not None, "the incident is locked and open"
    work.owed.note("incident.mention_added", before, after, cause)
    return after


def by_id(work: Work, incident_id: str) -> Incident:
    """See `DeskTransaction.incident`."""
    incident = work.find(INCIDENTS, work.lock(_BY_ID), id=incident_id)
    if incident is None:
        raise NotFound(
            f"There is no incident {incident_id}.", code="no_such_incident", remedy="Look for it in the list."
        )
    return incident


def newest(
    work: Work,
    brands: Sequence[str] | None,
    states: Sequence[IncidentState] | None,
    limit: int,
    before: str | None,
) -> Sequence[Incident]:
    """See `DeskTransaction.incidents`.

    In a transaction that writes, only it asks for the incidents of these brands until its end: who opens one because
    no other tells the same story decides alone.
    """
    statement = _INCIDENT.order_by(*(column.desc() for column in _NEWEST)).limit(limit)
    if brands is not None:
        work.alone("incidents", *brands)
        statement = statement.where(incidents.c.brand.in_(brands))
    if states is not None:
        statement = statement.where(incidents.c.state.in_(states))
        statement = statement if "resolved" in states else statement.where(_OPEN)
    if before is not None:
        last = by_id(work, before)
        statement = statement.where(tuple_(*_NEWEST) < tuple_(micros(last.opened_at), last.id))
    return work.records(INCIDENTS, statement)


def update_evidence(work: Work, incident_id: str, evidence: dict[str, Any], cause: Cause) -> Incident:
    """See `DeskTransaction.update_evidence`; Conflict ``resolved`` where it is closed."""
    before = by_id(work, incident_id)
    after = work.find(INCIDENTS, _EVIDENCE, an_id=incident_id, new_evidence=json_text(evidence))
    if after is None:
        _refuse(before, "resolved", f"is resolved by {before.resolved_by}")
    work.owed.tell("incident.updated", before, after, cause)
    return after


def acknowledge(
    work: Work, incident_id: str, person: str, expires_at: datetime | None, expected_seq: int | None, cause: Cause
) -> Incident:
    """See `DeskTransaction.acknowledge`; ``incident.acknowledged``, or ``incident.ack_renewed`` by who has it."""
    before = by_id(work, incident_id)
    after = work.find(
        INCIDENTS,
        _ACKNOWLEDGE,
        an_id=incident_id,
        at=micros(cause.at),
        person=person,
        until=micros_or_none(expires_at),
        expected_seq=-1 if expected_seq is None else expected_seq,
    )
    if after is None:
        _refuse_acknowledge(before, person, expected_seq, cause.at)
    _stop(work, incident_id, cause)
    _set_ack_timer(work, incident_id, expires_at)
    renewed = before.state == "acknowledged" and before.acked_by == person
    work.owed.tell("incident.ack_renewed" if renewed else "incident.acknowledged", before, after, cause)
    return after


def unacknowledge(work: Work, incident_id: str, cause: Cause) -> Incident | None:
    """See `DeskTransaction.unacknowledge`; ``incident.unacknowledged``."""
    before = work.find(INCIDENTS, work.lock(_BY_ID), id=incident_id)
    after = work.find(INCIDENTS, _UNACKNOWLEDGE, an_id=incident_id, at=micros(cause.at))
    if before is None or after is None:
        return None
    work.owed.cancel(ACK, incident_id)
    work.owed.tell("incident.unacknowledged", before, after, cause)
    return after


def resolve(work: Work, incident_id: str, cause: Cause) -> Incident:
    """See `DeskTransaction.resolve_incident`; ``incident.resolved``."""
    before = by_id(work, incident_id)
    after = work.find(INCIDENTS, _RESOLVE, an_id=incident_id, at=micros(cause.at), person=cause.actor)
    if after is None:
        return before
    _stop(work, incident_id, cause)
    work.owed.cancel(ACK, incident_id)
    work.owed.tell("incident.resolved", before, after, cause)
    return after


def _stop(work: Work, incident_id: str, cause: Cause) -> None:
    """Nobody else shall be paged for it: the run is over, pages not yet sending are superseded."""
    work.run(_STOP_RUN, {"incident": incident_id})
    work.owed.cancel(ESCALATE, incident_id)
    pages.supersede(work, incident_id, cause)


def _set_ack_timer(work: Work, incident_id: str, expires_at: datetime | None) -> None:
    if expires_at is None:
        work.owed.cancel(ACK, incident_id)
    else:
        work.owed.schedule(Timer(kind=ACK, subject=incident_id, due_at=expires_at))


def _refuse_acknowledge(before: Incident, person: str, expected_seq: int | None, at: datetime) -> NoReturn:
    if before.state == "resolved":
        _refuse(before, "resolved", f"is resolved by {before.resolved_by}")
    running = before.ack_expires_at is None or before.ack_expires_at > at
    if before.state == "acknowledged" and before.acked_by != person and running:
        _refuse(before, "acknowledged", f"is acknowledged by {before.acked_by}")
    _refuse(before, "stale", f"has changed: it is at seq {before.seq}, not {expected_seq}")


def _refuse(incident: Incident, code: str, why: str) -> NoReturn:
    raise Conflict(
        f"Incident {incident.id} {why}.",
        code=code,
        remedy="Nothing was changed. Look at it as it is now.",
        current=msgspec.to_builtins(incident),
    )


# ------------------------------------------------------------------------------------------------------------ runs


def put_run(work: Work, run: Run) -> None:
    """See `DeskTransaction.put_run`."""
    work.put(runs, RUNS.values(run))


def run_of(work: Work, incident_id: str, epoch: int) -> Run | None:
    """See `DeskTransaction.run`."""
    return work.find(RUNS, _RUN, incident=incident_id, of_epoch=epoch)
