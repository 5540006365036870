"""What a transaction owes at its end: audit rows, events, counts, timers.

They are gathered while it runs and written together, just before the commit (or before they are read in the same
transaction), so that a batch pays for four statements instead of one per row.
"""

from collections import Counter
from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from backbone.campaigns import Campaign
from backbone.ids import derive
from backbone.records import Cause, Incident, Item, Page, Timer
from backbone.relational.rows import Values, json_text, micros
from contracts.topics import WORK_EVENTS
from contracts.work import WorkEvent

Subject = Item | Incident | Page | Campaign
_NOTHING: Mapping[str, Any] = MappingProxyType({})

# What the audit trail shows of a change: decisions and figures, never a text, a name or an address of an author.
_ITEM_TOLD = (
    "queue state urgency unsure sentiment intent care priority mentions last_mention_id due_at overdue first_reply_at"
    " resolved_at holder lease_until fence incident_id"
)
_INCIDENT_TOLD = "state mentions item_id spike_id acked_by ack_expires_at resolved_by resolved_at epoch"
_PAGE_TOLD = "person channel epoch loop step state due_at attempts accepted_at provider_ref digest_id last_resort"
_CAMPAIGN_TOLD = "name starts_at ends_at factor caution people ended_by"
_TOLD = {
    kind: (tuple(names.split()), attrgetter(*names.split()))
    for kind, names in (
        (Item, _ITEM_TOLD),
        (Incident, _INCIDENT_TOLD),
        (Page, _PAGE_TOLD),
        (Campaign, _CAMPAIGN_TOLD),
    )
}

_encode = msgspec.json.Encoder().encode


class _About(NamedTuple):
    """What the trail needs to know of a subject: the incident it belongs to, what tells its changes apart, and whether
    it is a drill's."""

    incident_id: str | None
    version: int
    drill: bool = False


def _about(subject: Subject) -> _About:
    if isinstance(subject, Item):
        return _About(subject.incident_id, subject.seq, subject.drill)
    if isinstance(subject, Incident):
        return _About(subject.id, subject.seq, subject.drill)
    if isinstance(subject, Campaign):
        return _About(None, subject.seq)
    return _About(subject.incident_id, subject.fence, subject.drill)


def changes(before: Subject | None, after: Subject) -> dict[str, list[Any]]:
    """The fields that changed, each with what it was and what it is; of something new, what is set."""
    names, values_of = _TOLD[type(after)]
    values = values_of(after)
    if before is None:
        return {name: [None, value] for name, value in zip(names, values, strict=True) if value}
    pairs = zip(names, values_of(before), values, strict=True)
    return {name: [was, value] for name, was, value in pairs if value is not was and value != was}


class Owed:
    """What one transaction owes so far. Nothing here touches the database."""

    def __init__(self) -> None:
        self.audit: list[Values] = []
        self.events: list[Values] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.timers: dict[tuple[str, str], Timer | None] = {}
        """By kind and subject: the timer as it shall be, None where it shall be gone."""

    def __bool__(self) -> bool:
        return bool(self.audit or self.events or self.counts or self.timers)

    def tell(
        self, action: str, before: Subject | None, after: Subject, cause: Cause, more: Mapping[str, Any] = _NOTHING
    ) -> None:
        """One change: its audit row and its work event. The event's id follows from what changed, not from when.

        `more` goes to the audit row, beside the fields that changed.
        """
        self.note(action, before, after, cause, more)
        about = _about(after)
        event = WorkEvent(
            id=derive("evt", after.id, action, about.version),
            kind=action,
            at=cause.at,
            brand=after.brand,
            subject=after.id,
            actor=cause.actor,
            reason=cause.reason,
            data=msgspec.to_builtins(after),
            drill=about.drill,
        )
        self.publish(WORK_EVENTS.name, after.id, _encode(event))

    def note(
        self, action: str, before: Subject | None, after: Subject, cause: Cause, more: Mapping[str, Any] = _NOTHING
    ) -> None:
        """One audit row without an event."""
        self.audit.append(
            {
                "at": micros(cause.at),
                "actor": cause.actor,
                "method": cause.method,
                "action": action,
                "subject": after.id,
                "incident_id": _about(after).incident_id,
                "brand": after.brand,
                "reason": cause.reason,
                "data": json_text({**changes(before, after), **more}),
            }
        )

    def publish(self, topic: str, key: str, payload: bytes) -> None:
        """One event for the log."""
        self.events.append({"topic": topic, "key": key, "payload": payload})

    def count(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to the counters."""
        self.counts.update(counts)

    def schedule(self, timer: Timer) -> None:
        """Set or move a timer; the last word on it counts."""
        self.timers[timer.kind, timer.subject] = timer

    def cancel(self, kind: str, *subjects: str) -> None:
        """Drop the timers of this kind of these subjects."""
        for subject in subjects:
            self.timers[kind, subject] = None
