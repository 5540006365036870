"""`webcare spikes`: what goes in passes through, what is added is causal, and bad tables are named by line."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.errors import BadInput, NotFound, Unavailable
from services.classify.spikes.bins import THRESHOLD
from webcare.spike_table import spike_table

_START = datetime(2026, 1, 5)  # noqa: DTZ001 - a table without a time zone


def _write(path: Path, counts: list[int], gaps: list[int] | None = None) -> Path:
    at, lines = _START, ["timestamp,note,value"]
    for place, count in enumerate(counts):
        lines.append(f'{at.isoformat(" ")},"a, b {place}",{count}')
        at += timedelta(minutes=gaps[place] if gaps else 5)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _bursty(days: int = 10, seed: int = 2) -> list[int]:
    rng = np.random.default_rng(seed)
    place = np.arange(days * 288)
    usual = 6 + 4 * np.sin(place / 288 * 2 * np.pi)
    counts = rng.poisson(usual * rng.gamma(5, 0.2, len(place)))
    counts[2000:2040] += 90
    return counts.tolist()


def test_a_burst_is_one_alert_and_everything_else_passes_through(tmp_path: Path):
    """The alert falls within two bins of the onset; columns and rows are as they were."""
    source = _write(tmp_path / "in.csv", _bursty())
    result = spike_table(source, tmp_path / "out.csv")
    rows = _read(tmp_path / "out.csv")
    assert list(rows[0]) == ["timestamp", "note", "value", "expected", "score", "alert"]
    assert [(r["timestamp"], r["note"], r["value"]) for r in rows] == [tuple(r.values()) for r in _read(source)]
    alerts = [place for place, row in enumerate(rows) if row["alert"] == "1"]
    assert len(alerts) == result.alerts == 1
    assert 2000 <= alerts[0] <= 2003
    assert result.rows == 2880


def test_an_alert_is_exactly_a_score_as_written_that_reaches_the_threshold(tmp_path: Path):
    """In a stream with some bursts."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(rng.gamma(0.3, 20, 6000)) + (rng.random(6000) < 0.0005) * 3000
    result = spike_table(_write(tmp_path / "in.csv", counts.tolist()), tmp_path / "out.csv")
    rows = _read(tmp_path / "out.csv")
    assert result.threshold == THRESHOLD
    assert result.alerts > 0
    for row in rows:
        assert (row["alert"] == "1") == (float(row["score"]) >= THRESHOLD)
        assert 0 <= float(row["score"]) <= 1
        assert float(row["expected"]) >= 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([1, 5, 5, 5, 60, 1440])), max_size=120),
    st.integers(0, 120),
)
def test_the_output_of_a_beginning_is_the_beginning_of_the_output(
    tmp_path: Path, rows: list[tuple[int, int]], length: int
):
    """Nothing looks ahead, whatever the widths and gaps of the bins."""
    counts, gaps = [count for count, _ in rows], [gap for _, gap in rows]
    spike_table(_write(tmp_path / "all.csv", counts, gaps), tmp_path / "all.out.csv")
    spike_table(_write(tmp_path / "part.csv", counts[:length], gaps), tmp_path / "part.out.csv")
    whole = (tmp_path / "all.out.csv").read_text()
    assert whole.startswith((tmp_path / "part.out.csv").read_text())


def test_daily_counts_are_a_table_too(tmp_path: Path):
    """Bins longer than every window are their own window."""
    counts = [300 + place % 7 * 10 for place in range(60)] + [9000]
    result = spike_table(_write(tmp_path / "in.csv", counts, [1440] * 61), tmp_path / "out.csv")
    assert result.alerts == 1
    assert _read(tmp_path / "out.csv")[-1]["alert"] == "1"


@pytest.mark.parametrize("width", [1, 5])
def test_from_20_to_2000_a_day_is_an_alert_within_ten_minutes(tmp_path: Path, width: int):
    """With the same settings whatever the width; the three weeks before hold no alert."""
    rng = np.random.default_rng(7)
    minute = np.arange(21 * 1440)
    rate = 20 / 1440 * (1 + 0.8 * np.sin(minute / 1440 * 2 * np.pi)) * np.repeat(rng.gamma(4, 0.25, 21 * 24), 60)
    onset = 20 * 1440 + 600
    rate[onset : onset + 60] += 1980 / 1440
    counts = rng.poisson(rate).reshape(-1, width).sum(axis=1).tolist()
    result = spike_table(_write(tmp_path / "in.csv", counts, [width] * len(counts)), tmp_path / "out.csv")
    alerts = [place * width for place, row in enumerate(_read(tmp_path / "out.csv")) if row["alert"] == "1"]
    assert len(alerts) == 1
    assert onset <= alerts[0] < onset + 10
    assert not result.too_short


def _alerts_with(tmp_path: Path, bursts: dict[int, int], days: int = 12) -> list[int]:
    rng = np.random.default_rng(3)
    counts = rng.poisson(10, days * 288)
    for place, more in bursts.items():
        counts[place : place + 4] += more
    spike_table(_write(tmp_path / "in.csv", counts.tolist()), tmp_path / "out.csv")
    return [place for place, row in enumerate(_read(tmp_path / "out.csv")) if row["alert"] == "1"]


def test_while_a_spike_is_open_only_a_much_larger_burst_is_another(tmp_path: Path):
    """An hour after the first; one of its size is the same story, and six hours of calm end it."""
    assert len(_alerts_with(tmp_path, {3000: 100})) == 1
    assert len(_alerts_with(tmp_path, {3000: 100, 3018: 100})) == 1
    assert len(_alerts_with(tmp_path, {3000: 100, 3018: 600})) == 2
    assert len(_alerts_with(tmp_path, {3000: 100, 3200: 100})) == 2


def test_a_burst_that_comes_every_day_is_soon_ordinary_and_a_busy_first_day_is_no_crisis(tmp_path: Path):
    """From the fifth day on at the latest; and a table of a day says that it is too short."""
    daily = {day * 288 + 100: 150 for day in range(12)}
    assert all(place < 4 * 288 for place in _alerts_with(tmp_path, daily))
    busy = [4000 + place % 50 for place in range(300)]
    result = spike_table(_write(tmp_path / "in.csv", busy), tmp_path / "out.csv")
    assert result.alerts == 0
    assert result.too_short


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows_are_fine(tmp_path: Path, rows: int):
    """A header alone gives a header; one row has no alert."""
    result = spike_table(_write(tmp_path / "in.csv", [7] * rows), tmp_path / "out.csv")
    assert (result.rows, result.alerts) == (rows, 0)
    assert len(_read(tmp_path / "out.csv")) == rows


def test_times_may_carry_an_offset_and_columns_other_names(tmp_path: Path):
    """Columns of the added names are replaced."""
    (tmp_path / "in.csv").write_text("when,alert,n\n2026-01-05T00:00:00Z,x,3\n2026-01-05T02:05:00+02:00,y,4.0\n")
    spike_table(tmp_path / "in.csv", tmp_path / "out.csv", "when", "n")
    assert [row["alert"] for row in _read(tmp_path / "out.csv")] == ["0", "0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,value\n", "no column 'timestamp'"),
        ("", "no column 'timestamp'"),
        ("timestamp,value\n2026-01-05,ten\n", "line 2: 'ten' is not a number"),
        ("timestamp,value\n2026-01-05,-1\n", "line 2: '-1' is not a count"),
        ("timestamp,value\n2026-01-05,nan\n", "line 2: 'nan' is not a count"),
        ("timestamp,value\n2026-01-05,1.5\n", "line 2: '1.5' is not a count"),
        ("timestamp,value\n2026-01-05,1\nyesterday,2\n", "line 3: 'yesterday' is not a time"),
        ("timestamp,value\n2026-01-05,1\n2026-01-05,2\n", "line 3: 2026-01-05 is not after"),
        ("timestamp,value\n2026-01-05\n", "line 2: it has not 2 cells"),
        ('timestamp,value\n"2026-01-05,1\n', "not a CSV table"),
    ],
)
def test_a_bad_table_is_refused_with_line_and_remedy(tmp_path: Path, text: str, words: str):
    """And the target stays as it was."""
    (tmp_path / "in.csv").write_text(text)
    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(BadInput, match=words) as caught:
        spike_table(tmp_path / "in.csv", tmp_path / "out.csv")
    assert caught.value.remedy
    assert (tmp_path / "out.csv").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_missing_files_and_folders_are_named(tmp_path: Path):
    """A source that is not there, text that is not UTF-8, a folder that is not there."""
    with pytest.raises(NotFound):
        spike_table(tmp_path / "none.csv", tmp_path / "out.csv")
    (tmp_path / "latin.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    with pytest.raises(BadInput, match="UTF-8"):
        spike_table(tmp_path / "latin.csv", tmp_path / "out.csv")
    with pytest.raises(Unavailable, match=r"out\.csv"):
        spike_table(_write(tmp_path / "in.csv", [1]), tmp_path / "none" / "out.csv")
