"""The rows that ship: readable, labelled twice, each on its own."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from backbone.errors import BadInput
from services.classify.domain.language import CHOICES
from services.classify.training.corpus import COLUMNS, MESSAGES, TEST, TRAIN, Row, alike, load, read

HEADER = ",".join(COLUMNS)
GOOD = "a-1,nl,Mijn trein is te laat,normal,negative,complaint,webcare"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return load((*TRAIN, *TEST))


def test_there_are_as_many_as_promised(rows: list[Row]) -> None:
    train = Counter(row.lang for row in load(TRAIN))
    assert train["nl"] >= 6_000
    assert train["en"] >= 2_000
    assert len({row.id for row in rows}) == len(rows)


def test_no_row_says_nearly_the_same_as_another_one(rows: list[Row]) -> None:
    assert [(one.id, other.id) for one, other in alike(rows)] == []


def test_no_pen_wrote_for_training_and_for_testing() -> None:
    assert not {row.batch for row in load(TRAIN)} & {row.batch for row in load(TEST)}


def test_nearly_every_row_was_labelled_twice() -> None:
    for name in (*TRAIN, *TEST):
        with (MESSAGES / name).open(encoding="utf-8", newline="") as source:
            labels = [(row["first"], row["second"]) for row in csv.DictReader(source)]
        assert sum(bool(second) for _, second in labels) / len(labels) >= TWICE


TWICE = 0.99


def test_languages_are_known_and_enough() -> None:
    with (MESSAGES / "languages.csv").open(encoding="utf-8", newline="") as source:
        found = Counter(row["lang"] for row in csv.DictReader(source))
    assert set(found) == set(CHOICES)
    assert min(found[code] for code in ("nl", "en", "de", "fr", "es")) >= 300


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Waar blijft mijn pakket van gisteren?", "waar blijft mijn pakket van gisteren", True),
        ("Waar blijft mijn pakket 123?", "Waar blijft mijn pakket 456?", True),
        ("Er hangt een gaslucht in de gang", "De buschauffeur was vandaag heel vriendelijk", False),
        ("👍", "👍", True),
        ("👍", "😂", False),
    ],
)
def test_rows_that_say_nearly_the_same_are_told(one: str, other: str, same: bool) -> None:
    labels = ("low", "neutral", "remark", "community")
    assert bool(list(alike([Row("1", "nl", one, labels), Row("2", "nl", other, labels)]))) is same


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text\nhallo\n", "there is no column id, lang, urgency"),
        (f"{HEADER}\n{GOOD}\n{GOOD.replace('normal', 'soon')}\n", "line 3: urgency is 'soon', not one of critical"),
        (f"{HEADER}\na-1,nl,   ,normal,negative,complaint,webcare\n", "line 2: the text is empty"),
        (f'{HEADER}\na-1,nl,"never closed', "unexpected end of data"),
        (f"{HEADER}\na-1,nl\n", "line 2: there is no label"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(BadInput) as refused:
        read(path)
    assert refused.value.code == "bad_rows"
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_head_that_nobody_judged_may_stay_empty(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEADER}\na-1,en,thanks for nothing,,negative,,\n", "utf-8")
    assert [row.labels for row in read(path)] == [("", "negative", "", "")]


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "rows.csv", tmp_path / "none.csv"):
        with pytest.raises(BadInput, match=path.name.replace(".", r"\.")):
            read(path)
