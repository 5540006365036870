"""Files: one bad line never costs another, and nothing explodes."""

import contextlib
import csv
import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.errors import BadInput
from services.ingest import files
from services.ingest.domain.normalise import FIELDS, Refused
from services.ingest.files import read_rows

COLUMNS = {field: field for field in FIELDS}


def rows(path: Path) -> list[files.Row]:
    return list(read_rows(path, COLUMNS))


def test_csv_rows_carry_their_line_and_only_known_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,created_at,text,brand,extra\n1,2026-05-01T10:00:00Z,"twee\nregels",A,x\n2,,kort,A,y\n')
    first, second = rows(path)
    assert (first.line, first.value) == (
        2,
        {"id": "1", "created_at": "2026-05-01T10:00:00Z", "text": "twee\nregels", "brand": "A"},
    )
    assert (second.line, second.value) == (4, {"id": "2", "text": "kort", "brand": "A"})


def test_a_bad_line_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,created_at,text\n1,x,goed\n2,y,\xff\xfe\n3,z\n4,w,ook goed\n")
    found = rows(path)
    assert [each.value.code for each in found if isinstance(each.value, Refused)] == ["invalid_utf8", "wrong_cells"]
    assert [each.value["id"] for each in found if isinstance(each.value, dict)] == ["1", "4"]


def test_ndjson_refuses_what_is_no_json_or_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    deep = "[" * 100_000 + "]" * 100_000
    path.write_text("\n".join(['{"id": 1}', "{", deep, "", '{"id": 2}']))
    found = rows(path)
    assert [each.line for each in found] == [1, 2, 3, 5]
    assert [each.value.code for each in found if isinstance(each.value, Refused)] == ["not_json", "too_deep"]


def test_a_line_that_is_too_long_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("x" * (files.MAX_LINE + 10) + '\n{"id": 2}\n')
    first, second = rows(path)
    assert isinstance(first.value, Refused)
    assert first.value.code == "line_too_long"
    assert second.value == {"id": 2}


def test_gzip_is_read_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n'))
    assert rows(path)[0].value == {"id": 1}


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(b" " * (files._FREE + 10_000_000)))
    with pytest.raises(BadInput) as caught:
        rows(path)
    assert caught.value.code == "zip_bomb"


def test_broken_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,created_at,text\n" + b"1,x,y\n" * 50_000)[:-20])
    with pytest.raises(BadInput) as caught:
        rows(path)
    assert caught.value.code == "bad_gzip"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", "x", "unknown_file_kind"),
        ("a.csv", "", "empty"),
        ("a.csv", "id,message\n1,x\n", "missing_column"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: str, code: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        rows(path)
    assert caught.value.code == code


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        rows(tmp_path / "none.csv")
    assert caught.value.code == "unreadable_file"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.csv", "a.ndjson"):
            path = Path(folder) / name
            path.write_bytes(content)
            with contextlib.suppress(BadInput):
                assert all(isinstance(each, files.Row) for each in read_rows(path, COLUMNS))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=5))
def test_every_text_comes_back_from_csv_as_it_was(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "created_at", "text"])
            writer.writerows([str(number), "t", text.replace("\x00", "")] for number, text in enumerate(texts))
        found = [each.value["text"] for each in read_rows(path, COLUMNS) if isinstance(each.value, dict)]
    assert json.dumps(found) == json.dumps([text.replace("\x00", "") for text in texts])
