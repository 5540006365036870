"""The life of a spike, and what must not become one."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from spike_builders import SETTINGS, START_MINUTE, Feed, day_shape, minute_at

from contracts.volume import BlockCount, MinuteCount, VolumeUpdate
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, next_due, step, tick


def _quiet(days: int = 7, per_day: float = 20.0, seed: int = 3) -> Feed:
    rng = np.random.default_rng(seed)
    feed = Feed()
    for minute in range(START_MINUTE, minute_at(days)):
        count = int(rng.poisson(per_day / 1440 * day_shape(minute)))
        feed.minute(minute, rng.integers(0, 2**32, count).tolist())
    return feed


def _crisis(feed: Feed, start: int, minutes: int, each: int = 2) -> None:
    for minute in range(start, start + minutes):
        feed.minute(minute, [minute * 100 + n for n in range(each)], story=7)


def test_a_spike_opens_once_grows_and_closes_after_an_hour_of_calm():
    """One opened, sparing updates, one closed; ids differ, the spike's id stays."""
    feed = _quiet()
    _crisis(feed, minute_at(7), 120)
    feed.wait(datetime.fromtimestamp(minute_at(7.5) * 60, UTC))
    kinds = feed.kinds()
    assert kinds[0] == "opened"
    assert kinds[-1] == "closed"
    assert kinds.count("opened") == kinds.count("closed") == 1
    assert 1 <= kinds.count("updated") <= 6
    assert len({event.id for event in feed.events}) == len(kinds)
    assert len({event.spike_id for event in feed.events}) == 1
    closed = feed.events[-1]
    assert closed.evidence.reason == "within_expectation_60m"
    assert closed.at >= datetime.fromtimestamp(minute_at(7, 180) * 60, UTC)


def test_the_evidence_says_why():
    """Expected, seen, window, chance, since, people, stories, history, reason."""
    feed = _quiet()
    _crisis(feed, minute_at(7), 30)
    evidence = feed.events[0].evidence
    assert evidence.expected < 1 < 5 <= evidence.people <= evidence.seen
    assert evidence.window_s == 300
    assert evidence.chance < 1e-5
    assert evidence.since == datetime.fromtimestamp(feed.events[0].at.timestamp() // 60 * 60 - 240, UTC)
    assert evidence.stories[0].signature == 7
    assert 6.5 < evidence.history_days < 7.1
    assert evidence.reason.startswith("above_expectation_5m")


def test_one_person_is_no_spike():
    """Two hundred messages of four people are a case, not a spike."""
    feed = _quiet()
    for minute in range(minute_at(7), minute_at(7, 20)):
        feed.minute(minute, [1, 2, 3, 4], arrivals=10)
    assert feed.events == []


def test_content_lets_a_smaller_rise_speak():
    """The same rise, all of it negative and one story, opens no later and with a name of its own if it was needed."""
    quiet = _quiet(days=5, per_day=200)
    plain, angry = quiet.copy(), quiet.copy()
    for minute in range(minute_at(5, 720), minute_at(5, 780)):
        people = [minute * 100 + n for n in range(1 + minute % 2)]
        plain.minute(minute, people)
        angry.minute(minute, people, negative=len(people), story=9)
    assert angry.events
    assert not plain.events or plain.events[0].at >= angry.events[0].at
    assert angry.events[0].evidence.share_negative == 1.0


def test_a_cold_start_is_careful():
    """From the night into the first working day nothing is known, and nobody is woken by the morning."""
    feed = Feed()
    rng = np.random.default_rng(5)
    for minute in range(minute_at(0, 120), minute_at(1)):
        feed.minute(minute, rng.integers(0, 2**32, int(rng.poisson(300 / 1440 * day_shape(minute)))).tolist())
    assert feed.events == []


def test_mentions_from_the_future_count_as_now():
    """A date in 2100 breaks no window and teaches no hour of 2100."""
    feed = _quiet()
    now = datetime.fromtimestamp(minute_at(7) * 60, UTC)
    feed.minute(minute_at(27_000), [1, 2], at=now)
    assert feed.state.newest <= minute_at(7)
    assert feed.state.future == 2
    _crisis(feed, minute_at(7), 15)
    assert feed.kinds()[0] == "opened"


def test_old_mentions_only_teach():
    """An import of a week ago, and dates of 1900, open nothing and are counted."""
    feed = _quiet()
    before = feed.state.total
    now = datetime.fromtimestamp(minute_at(7) * 60, UTC)
    for minute in (-36_000_000, minute_at(2), minute_at(2, 1), minute_at(2, 2)):
        feed.minute(minute, range(40), at=now)
    assert feed.events == []
    assert feed.state.total == before + 160
    assert feed.state.late == 160


def test_a_whole_history_in_one_go_wakes_nobody():
    """A backfilled crisis of last month is history."""
    feed = Feed()
    now = datetime.fromtimestamp(minute_at(40) * 60, UTC)
    for minute in range(START_MINUTE, START_MINUTE + 90):
        feed.minute(minute, [minute * 100 + n for n in range(10)], at=now)
    assert feed.events == []
    assert feed.state.total == 900


def test_a_batch_that_caught_up_says_what_the_minutes_would_have_said():
    """Twenty minutes in one update open the spike that twenty updates open."""
    single, batched = _quiet(), _quiet()
    start = minute_at(7)
    _crisis(single, start, 20)
    minutes = tuple(
        MinuteCount(minute=minute, arrivals=2, people=(minute * 100, minute * 100 + 1), stories=((7, 2),))
        for minute in range(start, start + 20)
    )
    at = datetime.fromtimestamp((start + 20) * 60, UTC)
    block = BlockCount(topic="mentions.raw", partition=0, block=batched.blocks, upto=10**6, minutes=minutes)
    events = batched.update(VolumeUpdate(series="Vlieland", brand="Vlieland", at=at, blocks=(block,)))
    assert [event.id for event in events] == [event.id for event in single.events]


def test_nothing_is_due_unless_a_spike_is_open():
    """Time alone opens nothing."""
    feed = _quiet(days=1)
    assert next_due(feed.state, SETTINGS) is None
    assert tick(feed.state, datetime.fromtimestamp(minute_at(9) * 60, UTC), SETTINGS) == (feed.state, [])


def test_the_state_survives_encoding():
    """In the middle of a spike, through MessagePack and JSON."""
    feed = _quiet(days=2)
    _crisis(feed, minute_at(2), 30)
    for codec in (msgspec.msgpack, msgspec.json):
        assert codec.decode(codec.encode(feed.state), type=SeriesState) == feed.state


def test_the_state_stays_small_in_a_flood():
    """Two thousand people a minute for two hours over eight partitions: some kilobytes."""
    feed = Feed()
    largest = 0
    rng = np.random.default_rng(1)
    for minute in range(START_MINUTE, START_MINUTE + 120):
        for partition in range(8):
            people = tuple(sorted(rng.integers(0, 2**32, 64).tolist()))
            held = MinuteCount(minute=minute, arrivals=64, people=people, stories=tuple((p, 1) for p in people))
            number = minute - START_MINUTE
            block = BlockCount(
                topic="mentions.raw", partition=partition, block=number, upto=number * 64 + 60, minutes=(held,)
            )
            at = datetime.fromtimestamp(minute * 60, UTC)
            feed.update(VolumeUpdate(series="Vlieland", brand="Vlieland", at=at, blocks=(block,)))
        largest = max(largest, len(msgspec.msgpack.encode(feed.state)))
    assert largest < 24_000


def test_the_step_changes_nothing_it_was_given():
    """The state before is the state before."""
    feed = _quiet(days=1)
    before = msgspec.msgpack.encode(feed.state)
    held = MinuteCount(minute=minute_at(1), arrivals=3, people=(1, 2, 3), stories=((4, 3),))
    block = BlockCount(topic="mentions.raw", partition=1, block=0, upto=3, minutes=(held,))
    at = datetime.fromtimestamp(minute_at(1) * 60, UTC)
    update = VolumeUpdate(series="Vlieland", brand="Vlieland", at=at, blocks=(block,))
    after, _ = step(feed.state, update, SETTINGS)
    assert msgspec.msgpack.encode(feed.state) == before
    assert after.total == feed.state.total + 3


def test_a_drill_is_marked():
    """Its events carry the mark of its updates."""
    at = datetime.fromtimestamp(START_MINUTE * 60, UTC) + timedelta(minutes=1)
    update = VolumeUpdate(series="Vlieland|drill=yes", brand="Vlieland", at=at, blocks=(), drill=True)
    assert new_series(update).drill
