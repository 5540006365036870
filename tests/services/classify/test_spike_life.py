"""The life of a spike: legal turns only, never close together, over exactly once."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.life import Life, Rules, Turn, begin, due, follow

RULES = Rules()
REMINDED = Rules(remind_after_min=60)
LEGAL = {
    ("opened", "growing"),
    ("opened", "peaked"),
    ("opened", "over"),
    ("growing", "growing"),
    ("growing", "peaked"),
    ("growing", "over"),
    ("peaked", "growing"),
    ("peaked", "over"),
}
REASONS = {
    "growing": {"grown_since_last_report", "growing_again"},
    "peaked": {"peaked"},
    "over": {"within_expectation_60m"},
}
STEPS = st.lists(
    st.tuples(st.integers(-3, 400), st.floats(0, 5000) | st.integers(0, 60).map(float), st.booleans()), max_size=60
)


def _live(rates: list[tuple[int, float, bool]], first: float = 40.0) -> list[tuple[int, Turn]]:
    """The turns of a spike that opens in minute 0 and is followed at these minutes."""
    life, turns = begin(0, first), []
    for minute, per_hour, calm in rates:
        life, turn = follow(life, minute, per_hour, calm, RULES)
        if turn is not None:
            turns.append((minute, turn))
    return turns


def _steady(start: int, minutes: int, per_hour: float, calm: bool = False) -> list[tuple[int, float, bool]]:
    return [(start + at, per_hour, calm) for at in range(1, minutes + 1)]


@given(STEPS, st.floats(0, 1000), st.sampled_from([RULES, REMINDED]))
def test_turns_are_legal_apart_and_end_once(steps: list[tuple[int, float, bool]], first: float, rules: Rules):
    """Whatever comes: the allowed order, at least ten minutes between two turns, nothing after the end."""
    life, minute, told, ended = begin(0, first), 0, 0, False
    for gap, per_hour, calm in steps:
        minute += gap
        before = life
        life, turn = follow(life, minute, per_hour, calm, rules)
        assert life.minute >= before.minute
        assert life.peak >= before.peak
        if turn is None:
            assert life.phase == before.phase
            continue
        assert not ended
        if turn.reason == "goes_on":
            assert (rules, turn.phase, calm) == (REMINDED, before.phase, False)
            assert minute - told >= rules.remind_after_min
        else:
            assert (before.phase, turn.phase) in LEGAL
            assert turn.reason in REASONS[turn.phase]
        assert life.phase == turn.phase
        assert minute - told >= RULES.report_after_min
        told, ended = minute, turn.phase == "over"


@given(STEPS, st.floats(0, 1000), st.booleans())
def test_the_same_minute_again_changes_nothing(steps: list[tuple[int, float, bool]], rate: float, calm: bool):
    """Nor does an earlier one."""
    life, minute = begin(0, 40.0), 0
    for gap, per_hour, was_calm in steps:
        minute = max(minute, minute + gap)
        life, _ = follow(life, minute, per_hour, was_calm, RULES)
        assert follow(life, minute, rate, calm, RULES) == (life, None)
        assert follow(life, minute - 7, rate, calm, RULES) == (life, None)


@given(STEPS)
def test_it_survives_being_stored(steps: list[tuple[int, float, bool]]):
    """A life that was written and read goes on as if it had not been."""
    kept = stored = begin(0, 40.0)
    minute = 0
    for gap, per_hour, calm in steps:
        minute += gap
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=Life)
        kept, turn = follow(kept, minute, per_hour, calm, RULES)
        stored, again = follow(stored, minute, per_hour, calm, RULES)
        assert (kept, turn) == (stored, again)


@given(STEPS)
def test_silence_ends_it_when_it_is_followed_at_its_due_times(steps: list[tuple[int, float, bool]]):
    """Ticks lie ahead, are few, and lead to the end an hour and a bit after the calm began."""
    life, minute = begin(0, 40.0), 0
    for gap, per_hour, calm in steps:
        minute += max(gap, 0)
        life, _ = follow(life, minute, per_hour, calm, RULES)
    began, ticks = life.minute, 0
    while (at := due(life, RULES)) is not None:
        assert at > life.minute
        life, _ = follow(life, at, 0.0, True, RULES)
        ticks += 1
    assert life.phase == "over"
    assert ticks <= 20
    assert life.minute <= began + 5 + RULES.close_after_min + RULES.report_after_min


@given(st.floats(0.0, 2000), st.integers(30, 600))
def test_a_steady_rate_tells_nothing(rate: float, minutes: int):
    """As much as when it opened is neither growth nor a peak."""
    assert _live(_steady(0, minutes, rate), first=rate) == []


def test_a_plateau_is_told_again_every_hour_where_that_is_asked_for():
    """In the phase it is in; growth still counts from what was told as such."""
    life, told = begin(0, 100.0), []
    for minute, per_hour, calm in [*_steady(0, 130, 150.0), *_steady(130, 10, 210.0)]:
        life, turn = follow(life, minute, per_hour, calm, REMINDED)
        told += [(minute, *turn)] if turn else []
    assert told == [
        (60, "opened", "goes_on"),
        (120, "opened", "goes_on"),
        (131, "growing", "grown_since_last_report"),
    ]


@given(st.integers(1, 600).map(float), st.lists(st.booleans(), min_size=40, max_size=200))
def test_what_is_sometimes_calm_is_not_over(rate: float, calm: list[bool]):
    """Every minute that is not calm begins the wait anew."""
    rates = [(at + 1, rate, here and (at + 1) % 59 != 0) for at, here in enumerate(calm)]
    assert all(turn.phase != "over" for _, turn in _live(rates, first=rate))


def test_a_crisis_from_beginning_to_end():
    """Told as it doubles, when it has peaked, when a second wave comes, and once when it is over."""
    rise = [(at, 40.0 * 2 ** (at / 15), False) for at in range(1, 61)]
    fall = [(60 + at, 640.0 * 2 ** (-at / 20), False) for at in range(1, 101)]
    wave = [(160 + at, 20.0 * 2 ** (at / 10), False) for at in range(1, 41)]
    end = [(200 + at, max(2.0, 320.0 * 2 ** (-at / 10)), at > 60) for at in range(1, 240)]
    told = _live([*rise, *fall, *wave, *end])
    assert [turn.reason for _, turn in told] == [
        "grown_since_last_report",
        "grown_since_last_report",
        "grown_since_last_report",
        "grown_since_last_report",
        "peaked",
        "growing_again",
        "peaked",
        "within_expectation_60m",
    ]
    assert [at for at, _ in told][:4] == [15, 30, 45, 60]
    assert 100 <= told[4][0] <= 120
    assert told[-1][0] == 200 + 61 + 60


def test_a_leap_of_hours_is_not_taken_for_calm():
    """When nothing was followed for long, the hour within expectation begins when that is first seen."""
    life, turn = follow(begin(0, 40.0), 600, 0.0, True, RULES)
    assert turn is None
    assert due(life, RULES) == 620
    life, turn = follow(life, 660, 0.0, True, RULES)
    assert turn == Turn("over", "within_expectation_60m")
    assert due(life, RULES) is None
    assert follow(life, 1000, 900.0, False, RULES) == (life, None)


def test_a_few_messages_more_or_less_are_no_peak():
    """Five in a quarter and then two: that is chance."""
    assert _live(_steady(0, 120, 8.0), first=20.0) == []


def test_the_peak_is_remembered_with_its_minute():
    """The highest quarter of all waves, and when."""
    life = begin(0, 40.0)
    for minute, per_hour in ((3, 90.0), (4, 310.0), (5, 300.0), (90, 12.0)):
        life, _ = follow(life, minute, per_hour, False, RULES)
    assert (life.peak, life.peak_at) == (310.0, 4)


def test_the_numbers_of_the_rules_are_used():
    """Another growth, another wait."""
    rules = Rules(report_growth=3.0, report_after_min=30, close_after_min=90)
    life, turn = follow(begin(0, 40.0), 20, 130.0, False, rules)
    assert turn is None
    life, turn = follow(life, 30, 119.0, False, rules)
    assert turn is None
    life, turn = follow(life, 31, 121.0, True, rules)
    assert turn is None
    life, turn = follow(life, 121, 1.0, True, rules)
    assert turn == Turn("over", "within_expectation_90m")
