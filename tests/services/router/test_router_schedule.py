"""Who is on call: every instant belongs to one person, and hand-overs keep to the wall clock."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.domain.settings import Rotation, Schedule
from services.router.domain.wallclock import wall
from services.router.paging.schedule import explain, next_change, on_call

ZONES = ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "UTC"]

schedules = st.builds(
    lambda people, zone, anchor, handover, unit, every: Schedule(
        name="s",
        timezone=zone,
        rotation=Rotation(people=tuple(people), anchor=anchor, handover=handover, unit=unit, every=every),
    ),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4),
    st.sampled_from(ZONES),
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    st.sampled_from(["day", "week"]),
    st.integers(1, 3),
)
instants = st.integers(0, 4 * 365 * 86400).map(
    lambda second: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)


def weekly(*people: str) -> Schedule:
    rotation = Rotation(people=people, anchor=date(2026, 3, 23), handover=time(9))
    return Schedule(name="weekly", timezone="Europe/Amsterdam", rotation=rotation)


@settings(max_examples=200, deadline=None)
@given(schedule=schedules, instant=instants)
def test_turns_follow_each_other_without_gap_or_overlap(schedule, instant):
    """The turn holds its instant, begins where the one before ends and gives way to the next person in line."""
    shift = explain(schedule, instant)
    assert shift is not None
    assert shift.start <= instant < shift.end
    before, after = explain(schedule, shift.start - timedelta(microseconds=1)), explain(schedule, shift.end)
    assert before is not None
    assert after is not None
    assert (before.turn, before.end) == (shift.turn - 1, shift.start)
    assert (after.turn, after.start) == (shift.turn + 1, shift.end)
    people = schedule.rotation.people
    assert after.person == people[(people.index(shift.person) + 1) % len(people)] or len(set(people)) < len(people)


@settings(max_examples=100, deadline=None)
@given(schedule=schedules, instant=instants)
def test_nobody_changes_before_the_next_change(schedule, instant):
    """Until the change the same person is on call, from it on another; without one it never changes."""
    change = next_change(schedule, instant)
    if change is None:
        assert len(set(schedule.rotation.people)) == 1
        return
    assert on_call(schedule, change - timedelta(microseconds=1)) == on_call(schedule, instant)
    assert on_call(schedule, change) != on_call(schedule, instant)


def test_a_weekly_hand_over_stays_at_nine_over_summer_time():
    """Two years of turns all begin at 09:00 on Monday, whatever the hours in a week."""
    schedule = weekly("anna", "bram")
    instant = datetime(2026, 3, 23, 12, tzinfo=UTC)
    lengths = set()
    for _ in range(104):
        shift = explain(schedule, instant)
        assert shift is not None
        start = wall(schedule.timezone, shift.start)
        assert (start.weekday(), start.time()) == (0, time(9))
        lengths.add((shift.end - shift.start) // timedelta(hours=1))
        instant = shift.end
    assert lengths == {167, 168, 169}


def test_before_the_anchor_the_rotation_runs_backwards():
    """The week before the first person's is the last person's."""
    schedule = weekly("anna", "bram", "cor")
    assert on_call(schedule, datetime(2026, 3, 20, tzinfo=UTC)) == "cor"
    assert on_call(schedule, datetime(2026, 3, 24, tzinfo=UTC)) == "anna"


def test_an_empty_rotation_has_nobody():
    """No people: nobody on call, and no change to come."""
    assert on_call(weekly(), datetime(2026, 3, 24, tzinfo=UTC)) is None
    assert next_change(weekly(), datetime(2026, 3, 24, tzinfo=UTC)) is None
