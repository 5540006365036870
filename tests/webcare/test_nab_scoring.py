"""The scorer of NAB, by hand: a hit is worth more the earlier it is, a false row less just behind a window."""

import json
import math
from pathlib import Path

import pytest

from backbone.errors import BadInput, NotFound
from benchmarks.nab import Candidate, best_threshold, judge, left_out, load, variations
from benchmarks.nab_scoring import PROFILES, STANDARD, Labelled, tally, together
from services.classify.spikes.bins import THRESHOLD
from services.classify.spikes.bins_settings import TableSettings

_FILE = Labelled(rows=1000, windows=((300, 399), (600, 699)))
_STANDARD, _LOW_FP, _LOW_FN = PROFILES


def _logistic(position: float) -> float:
    return 2 / (1 + math.exp(5 * position)) - 1


@pytest.mark.parametrize(("rows", "probation"), [(0, 0), (1000, 150), (1009, 151), (5000, 750), (15831, 750)])
def test_the_first_part_of_a_file_is_probation(rows: int, probation: int):
    """15 in 100, of 5,000 rows at the most."""
    assert Labelled(rows, ()).probation == probation


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_flagged_is_0_and_the_first_row_of_each_window_is_100(profile):
    """In every profile."""
    assert tally(_FILE, [], profile).points(profile) == 0.0
    assert tally(_FILE, [300, 600], profile).points(profile) == pytest.approx(100.0)


def test_a_hit_in_the_middle_is_worth_the_sigmoid_there():
    """Row 350 of 300 to 399 stands at -(399 - 350 + 1) / 100 = -0.5; the other window is missed."""
    scored = tally(_FILE, [350])
    assert scored.raw == pytest.approx(_logistic(-0.5) / _logistic(-1.0) - 1.0)
    assert (scored.hits, scored.windows, scored.false_rows) == (1, 2, 0)
    assert scored.points(STANDARD) == pytest.approx(100 * (_logistic(-0.5) / _logistic(-1.0) + 1.0) / 4)


def test_only_the_first_hit_of_a_window_counts_and_its_last_row_is_a_hit_too():
    """However many rows of it are flagged, in any order; the last row stands at -0.01."""
    assert tally(_FILE, [399, 350, 370]) == tally(_FILE, [350])
    assert tally(_FILE, [399]).raw == pytest.approx(_logistic(-0.01) / _logistic(-1.0) - 1.0)


def test_a_false_row_costs_by_its_distance_to_the_window_before():
    """Without one before, or more than three lengths behind, the whole weight; just behind hardly any."""
    nothing = tally(_FILE, []).raw
    assert tally(_FILE, [200]).raw == pytest.approx(nothing - 0.11)
    assert tally(_FILE, [400]).raw == pytest.approx(nothing + 0.11 * _logistic(1 / 99))
    assert tally(_FILE, [498]).raw == pytest.approx(nothing + 0.11 * _logistic(1.0))
    assert tally(_FILE, [999]).raw == pytest.approx(nothing - 0.11)
    assert tally(_FILE, [200], _LOW_FP).raw == pytest.approx(nothing - 0.22)
    assert tally(_FILE, [], _LOW_FN).raw == 2 * nothing


def test_what_is_flagged_in_the_probation_does_not_count():
    """Neither for nor against; nor does a window that ends there."""
    assert tally(_FILE, [0, 149]) == tally(_FILE, [])
    early = Labelled(1000, ((20, 60), (300, 399)))
    assert tally(early, [30, 300]).points(STANDARD) == pytest.approx(100.0)


def test_false_edges_are_rises_outside_windows():
    """A run of flagged rows is one; a run that leaves a window is none."""
    scored = tally(_FILE, [200, 201, 202, 250, 398, 399, 400, 401])
    assert (scored.false_rows, scored.false_edges) == (6, 2)


def test_files_add_up_before_the_scale():
    """Three windows hit at once of four, in two files."""
    both = together([tally(_FILE, [300, 600]), tally(_FILE, [300])])
    assert (both.hits, both.windows, both.rows) == (3, 4, 1700)
    assert both.points(STANDARD) == pytest.approx(100 * (3 - 1 + 4) / 8)


def _folder(path: Path, spans: list[list[str]]) -> Path:
    rows = [f"2026-01-{1 + row // 24:02} {row % 24:02}:00:00,{50 if row == 400 else 5 + row % 3}" for row in range(500)]
    (path / "one.csv").write_text("\n".join(["timestamp,value", *rows]) + "\n")
    (path / "windows.json").write_text(json.dumps({"kind/one.csv": spans}))
    return path


def test_a_folder_is_read_with_its_windows_and_its_burst_is_found(tmp_path: Path):
    """Row 400 is 17 January, 16:00."""
    folder = _folder(tmp_path, [["2026-01-17 10:00:00.000000", "2026-01-18 09:00:00.000000"]])
    [series] = load(folder)
    assert series.labelled == Labelled(500, ((394, 417),))
    assert (series.width, series.days) == (60.0, pytest.approx(425 / 24))
    scores = judge(series, TableSettings())
    assert [row for row, score in enumerate(scores) if score >= THRESHOLD] == [400]
    assert best_threshold([series], [scores]) <= scores[400]
    silent = Candidate("silent", [[0.0] * 500, scores])
    heard = Candidate("heard", [scores, scores])
    assert [name for name, _, _ in left_out([series, series], [silent, heard])] == ["silent", "heard"]


def test_every_setting_is_varied():
    """Once halved, once doubled, and nothing else with it."""
    shipped = TableSettings()
    names = [name for name, _ in variations(shipped)]
    assert len(names) == len(set(names)) == 1 + 2 * len(shipped.__slots__)
    doubled = dict(variations(shipped))["least doubled"]
    assert doubled.least == 2 * shipped.least
    assert doubled.calm == shipped.calm


def test_a_folder_that_cannot_be_scored_says_what_to_do(tmp_path: Path):
    """No labels, no series, labels of other files, no JSON."""
    with pytest.raises(NotFound, match=r"windows\.json"):
        load(tmp_path)
    (tmp_path / "windows.json").write_text("{}")
    with pytest.raises(NotFound, match=r"no \*\.csv"):
        load(tmp_path)
    with pytest.raises(BadInput, match="no row at 2025"):
        load(_folder(tmp_path, [["2025-01-17 10:00:00", "2025-01-18 09:00:00"]]))
    (tmp_path / "windows.json").write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        load(tmp_path)
