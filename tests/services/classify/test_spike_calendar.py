"""Which hour of the week an hour is, where the brand's people live."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classify.spikes.calendar import HOURS_PER_WEEK, Calendar

_SATURDAY, _SUNDAY = 5, 6
_DUTCH = Calendar("Europe/Amsterdam", "NL")
_PLAIN = Calendar("Europe/Amsterdam", None)


def _place(calendar: Calendar, local: datetime) -> int:
    return calendar.place(int(local.timestamp() // 3600))


def _at(year: int, month: int, day: int, hour: int, zone: str = "Europe/Amsterdam") -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZoneInfo(zone))


@settings(deadline=None)
@given(st.integers(), st.sampled_from(["Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns"]), st.booleans())
def test_every_hour_has_a_place_in_the_week(hour: int, zone: str, dutch: bool):
    """Also of years that no calendar knows."""
    assert 0 <= Calendar(zone, "NL" if dutch else None).place(hour) < HOURS_PER_WEEK


@given(st.integers(0, 500_000))
def test_without_a_clock_that_moves_hours_follow_each_other(hour: int):
    """Week after week."""
    calendar = Calendar("UTC", None)
    assert calendar.place(hour + 1) == (calendar.place(hour) + 1) % HOURS_PER_WEEK
    assert calendar.place(hour + HOURS_PER_WEEK) == calendar.place(hour)


def test_the_local_clock_counts():
    """Monday 00:00 in Amsterdam is the first hour, though it is Sunday 22:00 in Greenwich."""
    monday = datetime(2026, 7, 5, 22, tzinfo=UTC)
    assert _place(_PLAIN, monday) == 0
    assert _place(Calendar("UTC", None), monday) == _SUNDAY * 24 + 22


def test_an_hour_is_left_out_when_the_clock_goes_forward():
    """On 29 March 2026 it is 01:00 and then 03:00."""
    hour = int(datetime(2026, 3, 29, 0, tzinfo=UTC).timestamp() // 3600)
    places = [_PLAIN.place(each) % 24 for each in range(hour, hour + 4)]
    assert places == [1, 3, 4, 5]


def test_an_hour_comes_twice_when_the_clock_goes_back():
    """On 25 October 2026 it is 02:00 twice."""
    hour = int(datetime(2026, 10, 25, 0, tzinfo=UTC).timestamp() // 3600)
    places = [_PLAIN.place(each) % 24 for each in range(hour, hour + 4)]
    assert places == [2, 2, 3, 4]


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)])
def test_the_day_after_the_clock_moved_has_its_usual_hours(month: int, day: int):
    """Nine o'clock stays nine o'clock."""
    assert _place(_PLAIN, _at(2026, month, day + 1, 9)) == 9
    assert _place(_PLAIN, _at(2026, month, day - 1, 9)) == _SATURDAY * 24 + 9


def test_a_public_holiday_is_a_sunday():
    """King's Day 2026 is a Monday; the days around it are as they are."""
    assert _place(_DUTCH, _at(2026, 4, 27, 10)) == _SUNDAY * 24 + 10
    assert _place(_PLAIN, _at(2026, 4, 27, 10)) == 10
    assert _place(_DUTCH, _at(2026, 4, 28, 10)) == 24 + 10
    assert _place(_DUTCH, _at(2026, 4, 25, 10)) == _SATURDAY * 24 + 10


def test_a_holiday_begins_and_ends_at_local_midnight():
    """Also where that is another day in Greenwich."""
    assert _place(_DUTCH, datetime(2026, 4, 26, 22, tzinfo=UTC)) == _SUNDAY * 24
    assert _place(_DUTCH, datetime(2026, 4, 27, 21, tzinfo=UTC)) == _SUNDAY * 24 + 23
    assert _place(_DUTCH, datetime(2026, 4, 27, 22, tzinfo=UTC)) == 24


def test_a_holiday_that_falls_on_a_sunday_is_kept_a_day_early():
    """As in 2025: Saturday 26 April counts as a Sunday."""
    assert _place(_DUTCH, _at(2025, 4, 26, 10)) == _SUNDAY * 24 + 10


def test_each_country_has_its_own():
    """King's Day is a Monday like others in Belgium, 21 July is not."""
    belgian = Calendar("Europe/Brussels", "BE")
    assert _place(belgian, _at(2026, 4, 27, 10)) == 10
    assert _place(belgian, _at(2026, 7, 21, 10)) == _SUNDAY * 24 + 10
    assert _place(_DUTCH, _at(2026, 7, 21, 10)) == 24 + 10


def test_where_clocks_differ_by_half_an_hour_the_hour_that_has_begun_counts():
    """18:00 in Greenwich is 23:30 in Kolkata; half an hour on it would be the next day."""
    indian = Calendar("Asia/Kolkata", None)
    monday = datetime(2026, 1, 5, 18, tzinfo=UTC)
    assert _place(indian, monday) == 23
    assert _place(indian, datetime(2026, 1, 5, 19, tzinfo=UTC)) == 24
    assert len({_place(indian, datetime(2026, 1, 5 + n // 24, n % 24, tzinfo=UTC)) for n in range(168)}) == 168
