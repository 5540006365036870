"""Judging the pages of a backtest by hand: the table that is written, read back, and counted."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.errors import BadInput, Unavailable
from contracts.volume import SpikeEvent, SpikeEvidence
from webcare.backtesting.files import COLUMNS, write_pages
from webcare.backtesting.judged import Judged, judgement_of, read_judged, score
from webcare.backtesting.pages import SpikePage, pages_of
from webcare.backtesting.report import Backtest, History, report_of

START = datetime(2026, 3, 2, tzinfo=UTC)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def page(begins: float, ends: float | None, brand: str = "acme") -> SpikePage:
    told = SpikeEvidence(
        expected=1.0, seen=9, window_s=300, chance=1e-8, since=hour(begins), people=9, share_negative=0, share_urgent=0
    )
    events = [
        SpikeEvent(id=f"{kind}{begins}", spike_id=f"s{begins}", series=brand, brand=brand, kind=kind, at=at,
                   evidence=told)
        for kind, at in (("opened", hour(begins + 0.1)), ("closed", hour(ends or 0)))
    ]  # fmt: skip
    [found] = pages_of(events if ends else events[:1])
    return found


def judged(begins: float, ends: float | None, real: bool, brand: str = "acme") -> Judged:
    return Judged(brand, hour(begins + 0.1), hour(begins), hour(ends) if ends else None, real)


def report(pages: dict[str, list[SpikePage]], said: list[Judged] | None = None, days: int = 30) -> Backtest:
    history = History(
        mentions=1, refused={}, brands=("acme", "bolt"), series=2, critical=0, since=START, until=hour(24 * days)
    )
    return report_of(history, pages, said)


def fill_in(path: Path, words: list[str]) -> None:
    with path.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    with path.open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, rows[0])
        table.writeheader()
        table.writerows({**row, "judgement": word} for row, word in zip(rows, words, strict=True))


def test_what_was_written_and_filled_in_is_read_back(tmp_path: Path) -> None:
    pages = [page(1, 3), page(5, None), page(8, 9), page(10, 11, "bolt")]
    path = tmp_path / "pages.csv"
    assert write_pages(report({"as shipped": pages}), [], path) == 4
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert read_judged(path) == []
    fill_in(path, ["echt", " Vals ", "", "FALSE"])
    assert read_judged(path) == [
        judged(1, 3, real=True),
        judged(5, None, real=False),
        judged(10, 11, real=False, brand="bolt"),
    ]


def test_a_spreadsheet_may_have_put_semicolons_and_a_mark_at_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "pages.csv"
    text = "when;brand;since;over;judgement\n2026-03-02T01:06:00Z;acme;2026-03-02T01:00:00Z;2026-03-02T03:00:00Z;real\n"
    path.write_text(text, encoding="utf-8-sig")
    assert read_judged(path) == [judged(1, 3, real=True)]


def test_rows_of_several_settings_about_the_same_are_one_thing(tmp_path: Path) -> None:
    path = tmp_path / "pages.csv"
    write_pages(report({"one": [page(1, 3), page(20, 21)], "other": [page(2, 6), page(20, 22)]}), [], path)
    fill_in(path, ["false", "false", "real", ""])
    assert read_judged(path) == [judged(1, 6, real=True), judged(20, 21, real=False)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("when,brand,since,over\n", "no column 'judgement'"),
        ("when,brand,since,over,judgement\n2026-03-02,acme,2026-03-02,,maybe\n", "line 2: 'maybe' is no judgement"),
        ("when,brand,since,over,judgement\n2026-03-02,acme,monday,,real\n", "line 2: 'monday' is no time"),
        ("when,brand,since,over,judgement\n,acme,2026-03-02,,real\n", "line 2: '' is no time"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_what_to_do(tmp_path: Path, text: str, wanted: str) -> None:
    path = tmp_path / "pages.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=wanted) as told:
        read_judged(path)
    assert told.value.remedy


def test_files_that_are_not_there_or_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_judged(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_judged(tmp_path / "bytes.csv")
    with pytest.raises(Unavailable):
        write_pages(report({"one": []}), [], tmp_path / "no" / "pages.csv")
    assert not list(tmp_path.glob(".pages*"))


def test_pages_are_counted_by_what_was_judged() -> None:
    said = [judged(1, 3, real=True), judged(5, 6, real=False), judged(8, 9, real=False), judged(12, 13, real=True)]
    pages = [page(2, 4), page(5.5, 5.9), page(100, 101), page(1, 2, "bolt")]
    made = score(pages, said, days=15)
    assert (made.real_kept, made.real_dropped, made.false_kept, made.false_dropped) == (1, 1, 1, 1)
    assert (made.false_pages, made.not_judged) == (1, 2)
    assert made.false_per_30_days == 2.0


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9), st.booleans()), max_size=8),
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=8),
)
def test_everything_that_was_judged_is_kept_or_dropped(
    said: list[tuple[int, int, bool]], paged: list[tuple[int, int]]
) -> None:
    known = list(dict.fromkeys(judged(begins, begins + lasts, real) for begins, lasts, real in said))
    pages = [page(begins, begins + lasts) for begins, lasts in paged]
    made = score(pages, known, days=30)
    assert made.real_kept + made.real_dropped == sum(each.real for each in known)
    assert made.false_kept + made.false_dropped == sum(not each.real for each in known)
    about_real = sum(judgement_of(each, known) is True for each in pages)
    assert about_real + made.false_pages + made.not_judged == len(pages)
    assert score(pages, known, 0).false_per_30_days == 0.0


def test_a_page_about_something_real_is_real_whatever_else_it_overlaps() -> None:
    said = [judged(1, 2, real=False), judged(3, 4, real=True)]
    assert judgement_of(page(1, 5), said) is True
    assert judgement_of(page(1, 2.5), said) is False
    assert judgement_of(page(6, 7), said) is None


def test_other_settings_are_scored_by_the_same_judgements_within_the_history() -> None:
    """What was judged of another month says nothing about these pages."""
    said = [judged(1, 3, real=True), judged(5, 6, real=False), judged(24 * 31, 24 * 31 + 1, real=False)]
    found = report({"loose": [page(1, 3), page(5, 6)], "strict": [page(1.5, 3)], "deaf": []}, said)
    kept = [
        (each.score.real_kept, each.score.real_dropped, each.score.false_kept, each.score.false_dropped)
        for each in found.outcomes
        if each.score
    ]
    assert kept == [(1, 0, 1, 0), (1, 0, 0, 1), (0, 1, 0, 1)]
    assert [each.score.false_per_30_days for each in found.outcomes if each.score] == [1.0, 0.0, 0.0]


def test_what_was_judged_before_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "pages.csv"
    write_pages(report({"one": [page(1, 3), page(5, 6), page(8, 9)]}), [judged(1, 3, True), judged(5, 6, False)], path)
    with path.open(encoding="utf-8", newline="") as source:
        assert [row["judgement"] for row in csv.DictReader(source)] == ["real", "false", ""]
