"""Who is on call: the one resolver that pager, API and dashboard all ask.

Turns are as long as the wall clock says: a hand-over at 09:00 stays at 09:00 over summer time, and every instant
belongs to exactly one turn.
"""

from datetime import datetime, timedelta

import msgspec

from services.router.domain.settings import Rotation, Schedule
from services.router.domain.wallclock import at_wall, wall


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One turn and why it is this person's: `end` is the next hand-over."""

    schedule: str
    person: str
    start: datetime
    end: datetime
    turn: int
    """Counted from the anchor, which is 0; before it, negative."""
    reason: str = "rotation"


def explain(schedule: Schedule, instant: datetime) -> Shift | None:
    """The turn that `instant` falls in; None if nobody is in the rotation."""
    rotation = schedule.rotation
    if not rotation.people:
        return None
    turn = _turn(schedule, instant)
    return Shift(
        schedule=schedule.name,
        person=rotation.people[turn % len(rotation.people)],
        start=_begins(schedule, turn),
        end=_begins(schedule, turn + 1),
        turn=turn,
    )


def on_call(schedule: Schedule, instant: datetime) -> str | None:
    """Who is on call at `instant`."""
    shift = explain(schedule, instant)
    return None if shift is None else shift.person


def next_change(schedule: Schedule, instant: datetime) -> datetime | None:
    """When somebody else takes over; None if nobody else ever does."""
    shift = explain(schedule, instant)
    if shift is None:
        return None
    people = schedule.rotation.people
    for turn in range(shift.turn + 1, shift.turn + len(people)):
        if people[turn % len(people)] != shift.person:
            return _begins(schedule, turn)
    return None


def _turn(schedule: Schedule, instant: datetime) -> int:
    since = wall(schedule.timezone, instant) - _anchor(schedule.rotation)
    turn = since // _length(schedule.rotation)
    # On the day the clock changes, the wall clock may show the hand-over twice or never: the instant decides.
    while _begins(schedule, turn + 1) <= instant:
        turn += 1
    while _begins(schedule, turn) > instant:
        turn -= 1
    return turn


def _begins(schedule: Schedule, turn: int) -> datetime:
    return at_wall(schedule.timezone, _anchor(schedule.rotation) + turn * _length(schedule.rotation))


def _anchor(rotation: Rotation) -> datetime:
    return datetime.combine(rotation.anchor, rotation.handover)


def _length(rotation: Rotation) -> timedelta:
    return rotation.every * (timedelta(weeks=1) if rotation.unit == "week" else timedelta(days=1))
