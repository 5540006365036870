"""Opening hours against an oracle that looks at every minute, over the days on which the clock changes."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.domain.hours import DAYS_KEPT, add_open_time, deadline, is_open, next_open
from services.router.domain.settings import ALWAYS, Hours, Interval, Queue, Target
from services.router.domain.wallclock import at_wall, wall

AMSTERDAM = "Europe/Amsterdam"
MINUTE = timedelta(minutes=1)
DAYS = 5
CHANGES = [
    (AMSTERDAM, date(2026, 3, 29)),
    (AMSTERDAM, date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Asia/Kolkata", date(2026, 5, 1)),
]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def office(**changes: object) -> Hours:
    weekdays = (Interval(start=time(9), end=time(17)),)
    plain: dict[str, object] = {"name": "office", "timezone": AMSTERDAM, "week": dict.fromkeys(range(5), weekdays)}
    return Hours(**{**plain, **changes})


class Oracle:
    """Which minutes are open, found by watching the wall clock minute by minute."""

    def __init__(self, hours: Hours, middle: date) -> None:
        zone = ZoneInfo(hours.timezone)
        begin = datetime.combine(middle - timedelta(days=DAYS), time(0), UTC)
        self.minutes = [begin + n * MINUTE for n in range(2 * DAYS * 1440)]
        shown = [minute.astimezone(zone).replace(tzinfo=None) for minute in self.minutes]
        self._highest = list(accumulate(shown, max))
        self.open = [False] * len(self.minutes)
        for n in range(2 * DAYS + 2):
            day = middle + timedelta(days=n - DAYS - 1)
            intervals = hours.exceptions.get(day, hours.week.get(day.weekday(), ()))
            for interval in intervals:
                last = day if interval.end > interval.start else day + timedelta(days=1)
                first = bisect_left(self._highest, datetime.combine(day, interval.start))
                end = bisect_left(self._highest, datetime.combine(last, interval.end))
                self.open[first:end] = [True] * len(self.open[first:end])

    def next_open(self, start: int) -> int | None:
        return next((n for n in range(start, len(self.open)) if self.open[n]), None)

    def after(self, start: int, minutes: int) -> int | None:
        """The end of the minute in which that many open minutes have passed."""
        for n in range(start, len(self.open)):
            minutes -= self.open[n]
            if minutes == 0:
                return n + 1
        return None


clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
intervals = st.builds(lambda start, end: Interval(start=start, end=end), clock_times, clock_times)
days = st.lists(intervals, max_size=3).map(tuple)


@settings(max_examples=25, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    week=st.fixed_dictionaries(dict.fromkeys(range(7), days)),
    exceptions=st.dictionaries(st.integers(-2, 2), days, max_size=2),
    starts=st.lists(st.integers(2 * 1440, 2 * DAYS * 1440 - 2 * 1440), min_size=5, max_size=5),
    minutes=st.integers(1, 1500),
)
def test_hours_agree_with_a_clock_watched_minute_by_minute(change, week, exceptions, starts, minutes):
    """Open or not, the next opening and the end of a duration are what watching the wall clock gives."""
    timezone, middle = change
    special = {middle + timedelta(days=n): hours for n, hours in exceptions.items()}
    hours = Hours(name="any", timezone=timezone, week=week, exceptions=special)
    oracle = Oracle(hours, middle)
    for start in starts:
        instant = oracle.minutes[start]
        assert is_open(hours, instant) == oracle.open[start]
        expected = oracle.next_open(start)
        if expected is not None:
            assert next_open(hours, instant) == oracle.minutes[expected]
        done = oracle.after(start, minutes)
        if done is not None and done < len(oracle.minutes):
            assert add_open_time(hours, instant, minutes * MINUTE) == oracle.minutes[done]


@settings(max_examples=300, deadline=None)
@given(
    timezone=st.sampled_from([zone for zone, _ in CHANGES] + ["Pacific/Apia", "Africa/Casablanca"]),
    shown=st.datetimes(local("2010-01-01T00:00"), local("2030-01-01T00:00")),
)
def test_a_wall_time_becomes_the_first_instant_that_shows_it_or_later(timezone, shown):
    """At the instant the clock shows the time or, where it was skipped, later; a second before it does not."""
    instant = at_wall(timezone, shown)
    assert wall(timezone, instant) >= shown
    assert wall(timezone, instant - timedelta(seconds=1)) < shown


def test_a_skipped_time_is_the_moment_of_the_skip_and_a_repeated_one_its_first_pass():
    """02:30 does not exist in March and exists twice in October."""
    assert at_wall(AMSTERDAM, local("2026-03-29T02:30")) == utc("2026-03-29T01:00")
    assert at_wall(AMSTERDAM, local("2026-10-25T02:30")) == utc("2026-10-25T00:30")


def test_a_whole_day_can_be_skipped():
    """Samoa had no 30 December 2011."""
    assert wall("Pacific/Apia", at_wall("Pacific/Apia", local("2011-12-30T10:00"))) == local("2011-12-31T00:00")


def test_public_holidays_are_days_off_and_exceptions_win_over_them():
    """King's Day 2026 is a Monday; an exception opens it after all."""
    closed = office(holidays="NL")
    assert next_open(closed, utc("2026-04-27T08:00")) == utc("2026-04-28T07:00")
    extra = office(holidays="NL", exceptions={date(2026, 4, 27): (Interval(start=time(12), end=time(14)),)})
    assert next_open(extra, utc("2026-04-27T08:00")) == utc("2026-04-27T10:00")


def test_an_evening_that_crosses_midnight_belongs_to_the_day_it_starts_on():
    """Open into a holiday's night, closed on the holiday's own evening."""
    evenings = dict.fromkeys(range(7), (Interval(start=time(18), end=time(2)),))
    hours = office(week=evenings, holidays="NL")
    assert is_open(hours, utc("2026-04-26T23:30"))
    assert not is_open(hours, utc("2026-04-27T19:00"))


def test_who_never_opens_gives_no_deadline():
    """No hours at all: no next opening, no deadline."""
    never = office(week={})
    queue = Queue(name="q", targets={"normal": Target(within=timedelta(hours=1))}, hours=never)
    assert next_open(never, utc("2026-04-27T08:00")) is None
    assert deadline(queue, "normal", utc("2026-04-27T08:00")) is None


@pytest.mark.parametrize(
    ("created", "due"),
    [
        ("2026-06-05T14:30", "2026-06-08T08:30"),  # Friday 16:30, half an hour left: Monday 10:30
        ("2026-06-05T08:00", "2026-06-05T10:00"),  # in hours: two hours later
        ("2026-06-04T20:00", "2026-06-05T09:00"),  # evening: 11:00, later than 10:00
    ],
)
def test_a_target_runs_on_opening_hours(created, due):
    """Two hours of opening time, with 10:00 promised to what came in outside hours."""
    target = Target(within=timedelta(hours=2), next_opening=time(10))
    queue = Queue(name="q", targets={"normal": target}, hours=office())
    assert deadline(queue, "normal", utc(created)) == utc(due)


def test_evening_to_next_morning_holds_where_it_is_later_than_the_target():
    """Half an hour of opening time would be 09:30; the promise says 10:00."""
    target = Target(within=timedelta(minutes=30), next_opening=time(10))
    queue = Queue(name="q", targets={"normal": target}, hours=office())
    assert deadline(queue, "normal", utc("2026-06-05T20:00")) == utc("2026-06-08T08:00")


def test_critical_ignores_hours_only_where_the_queue_says_so():
    """At night a critical item is due at once; a queue may decide otherwise."""
    targets = {"critical": Target(within=timedelta(minutes=15))}
    night = utc("2026-06-05T22:00")
    assert deadline(Queue(name="q", targets=targets, hours=office()), "critical", night) == utc("2026-06-05T22:15")
    strict = Queue(name="q", targets=targets, hours=office(), urgent_ignores_hours=False)
    assert deadline(strict, "critical", night) == utc("2026-06-08T07:15")
    assert deadline(strict, "low", night) is None


def test_always_is_every_instant():
    """The default hours never close."""
    now = utc("2026-10-25T00:30")
    assert is_open(ALWAYS, now)
    assert next_open(ALWAYS, now) == now
    assert add_open_time(ALWAYS, now, timedelta(hours=2)) == now + timedelta(hours=2)
    spelled = Hours(name="spelled", timezone=AMSTERDAM, week=ALWAYS.week)
    assert add_open_time(spelled, now, timedelta(days=9)) == now + timedelta(days=9)


def test_hours_keep_few_days_worked_out_and_say_the_same_of_a_day_again():
    """More days than are kept: the first ones are worked out anew, as they were."""
    kept = office(holidays="NL")
    noons = [utc("2020-01-01T12:00") + timedelta(days=n) for n in range(DAYS_KEPT + 500)]
    first = [is_open(kept, noon) for noon in noons[:20]]
    for noon in noons:
        is_open(kept, noon)
    assert len(kept.worked_out) <= DAYS_KEPT
    assert [is_open(kept, noon) for noon in noons[:20]] == first
    assert first == [is_open(office(holidays="NL"), noon) for noon in noons[:20]]
    assert kept == office(holidays="NL")
