"""Onsets in streams of counts: said with hindsight, matched with the pages of the live detector."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backbone.errors import BadInput
from benchmarks.onset_times import DAY_MIN, LEAST, onsets
from benchmarks.onsets import result_of
from benchmarks.streams import Stream, counted_streams, replayed_streams
from webcare.backtesting.pages import SpikePage

FIRST = 29_500_000


def quiet(days: int, every: int = 60) -> Counter[int]:
    """One message every so many minutes."""
    return Counter(range(FIRST, FIRST + days * DAY_MIN, every))


def burst(at: int, minutes: int, per_minute: int = 1) -> Counter[int]:
    return Counter({FIRST + at + n: per_minute for n in range(minutes)})


def found(counts: Counter[int]) -> list[tuple[int, str]]:
    return [(onset.minute - FIRST, onset.kind) for onset in onsets(counts.items())]


def test_a_quiet_stream_has_no_onset_and_an_empty_one_neither() -> None:
    assert found(quiet(10)) == []
    assert found(Counter()) == []


def test_an_onset_is_where_the_half_hour_begins_that_holds_enough() -> None:
    """Not at the message of an hour before that its half hour would reach."""
    at = 3 * DAY_MIN + 25
    [onset] = onsets((quiet(6) + burst(at, 40)).items())
    assert (onset.minute, onset.seen, onset.usual, onset.kind) == (FIRST + at, 30, 0.5, "first")


def test_too_few_are_none_and_so_is_what_is_usual() -> None:
    at = 3 * DAY_MIN + 25
    assert found(quiet(6) + burst(at, LEAST - 1)) == []
    assert found(quiet(6, every=2) + burst(at, 30)) == []
    assert found(quiet(6, every=5) + burst(at, 30)) == [(at, "first")]


def test_a_second_one_is_later_and_at_least_a_day_after_the_first() -> None:
    at = 2 * DAY_MIN
    counts = quiet(8) + burst(at, 60) + burst(at + 600, 60) + burst(at + 3 * DAY_MIN, 60)
    assert found(counts) == [(at, "first"), (at + 3 * DAY_MIN, "later")]


def test_a_stream_that_begins_with_it_says_so() -> None:
    assert found(burst(0, 60, 3)) == [(0, "at once")]
    assert found(quiet(1, every=240) + burst(700, 60)) == [(700, "at once")]


def page(at: int, over: int | None) -> SpikePage:
    def moment(minute: int) -> datetime:
        return datetime.fromtimestamp((FIRST + minute) * 60, UTC)

    return SpikePage(
        number=1, at=moment(at), brand="b", series="b", explained_by="b", direction="up", since=moment(at - 5),
        over=None if over is None else moment(over), expected=1, seen=9, window_s=300, chance=1e-9, people=9,
        share_negative=0, reason="", history_days=3,
    )  # fmt: skip


def test_an_onset_is_paged_by_what_is_open_or_comes_within_six_hours() -> None:
    at = 3 * DAY_MIN
    stream = quiet(8) + burst(at, 60)
    cases: list[tuple[SpikePage, float | None, int]] = [
        (page(at + 7, at + 90), 7.0, 0),
        (page(at - 50, at + 90), -50.0, 0),
        (page(at - 400, at - 200), None, 1),
        (page(at + 500, None), None, 0),
        (page(at + 2 * DAY_MIN, None), None, 1),
    ]
    for told, delay, besides in cases:
        result = result_of([Stream("b", stream, [told])])
        assert [each.delay_min for each in result.found] == [delay]
        assert len(result.besides) == besides
    assert result_of([Stream("b", quiet(3), [page(60, 70)])]).quiet == ["b"]


def test_a_table_of_counts_goes_through_the_detector_stream_by_stream(tmp_path: Path) -> None:
    at = 6 * DAY_MIN
    counts = {"calm": quiet(8), "crisis": quiet(8) + burst(at, 60, 70)}
    path = tmp_path / "volume_per_minute.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target)
        table.writerow(("event", "minute", "tweets"))
        for name, held in counts.items():
            for minute in sorted(held):
                table.writerow((name, f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%MZ}", held[minute]))
    seen: list[int] = []
    calm, crisis = counted_streams(path, seen.append)
    assert (calm.counts, crisis.counts) == (counts["calm"], counts["crisis"])
    assert calm.pages == []
    assert sum(seen) == sum(held.total() for held in counts.values())
    [found] = result_of([crisis]).found
    assert found.delay_min is not None
    assert 0 <= found.delay_min <= 5
    assert found.page is not None
    assert found.page.people >= 70


def test_a_table_that_cannot_be_read_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "volume_per_minute.csv"
    path.write_text("event,minute,tweets\na,2026-03-02T00:00Z,1\na,noon,1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 3"):
        counted_streams(path, lambda n: None)


def test_a_replay_is_told_apart_by_brand_or_event(tmp_path: Path) -> None:
    path = tmp_path / "replay.csv.gz"
    start = datetime(2026, 3, 2, tzinfo=UTC)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as target:
        table = csv.writer(target)
        table.writerow(("id", "created_at", "event", "text", "author"))
        for number in range(40):
            at = start + timedelta(minutes=number)
            table.writerow((number, f"{at:%Y-%m-%dT%H:%M:%SZ}", "flood" if number % 4 else "fire", "help", number))
    streams = {stream.name: stream for stream in replayed_streams(path, lambda n: None)}
    assert {name: stream.counts.total() for name, stream in streams.items()} == {"fire": 10, "flood": 30}
