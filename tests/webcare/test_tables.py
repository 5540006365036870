import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from backbone.errors import BadInput, WebcareError
from contracts.mentions import Verdict
from services.classify.domain.verdict import Classifier, Text
from webcare.tables import COLUMNS, classify_table


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


class Recorder:
    """A real classifier that remembers what it was asked."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.asked: list[list[Text]] = []

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        self.asked.append(list(texts))
        return self.classifier.judge(texts)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_columns_pass_through_in_order_and_the_verdict_follows(tmp_path: Path, classifier: Classifier) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('id,text,note\n1,"Ik ruik gas in de hal, help",x\n2,Bedankt!,"a ""b"", c"\n', "utf-8")
    assert classify_table(source, target, classifier) == 2
    rows = read(target)
    assert list(rows[0]) == ["id", "text", "note", *COLUMNS]
    assert rows[0]["urgency"] == "critical"
    assert rows[0]["unsure"] in {"0", "1"}
    assert "gas_danger: " in rows[0]["reasons"]
    assert rows[1]["note"] == 'a "b", c'


def test_input_columns_with_verdict_names_are_replaced_and_used_as_hints(
    tmp_path: Path, classifier: Classifier
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("urgency,lang,text,channel,followers\nlow,nl,ok,WhatsApp,1200.0\nlow,,ok,,many\n", "utf-8")
    recorder = Recorder(classifier)
    classify_table(source, target, recorder)
    first, second = recorder.asked[0]
    assert (first.lang_hint, first.channel, first.followers) == ("nl", "whatsapp", 1200)
    assert (second.lang_hint, second.channel, second.followers) == (None, None, None)
    assert list(read(target)[0]) == ["text", "channel", "followers", *COLUMNS]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, classifier: Classifier) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"\xef\xbb\xbftext\r\nhoi\r\n")
    assert classify_table(source, target, classifier) == 1
    assert read(target)[0]["text"] == "hoi"


def test_bytes_that_are_not_utf8_name_their_line_and_leave_the_old_output(
    tmp_path: Path, classifier: Classifier
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"text\ngoed\nre\xe9el\n")
    target.write_text("old", "utf-8")
    with pytest.raises(BadInput, match="line 3") as caught:
        classify_table(source, target, classifier)
    assert caught.value.code == "not_utf8"
    assert target.read_text("utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("content", ["", "id,message\n1,hoi\n"])
def test_a_table_without_text_says_which_columns_it_has(tmp_path: Path, classifier: Classifier, content: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text(content, "utf-8")
    with pytest.raises(BadInput, match="no column named text"):
        classify_table(source, tmp_path / "out.csv", classifier)
    assert not (tmp_path / "out.csv").exists()


def test_a_row_with_too_many_fields_names_its_line(tmp_path: Path, classifier: Classifier) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,hoi\n2,hoi, allemaal\n", "utf-8")
    with pytest.raises(BadInput, match="line 3: 3 fields where the heading has 2"):
        classify_table(source, tmp_path / "out.csv", classifier)


def test_a_missing_input_is_a_clear_error(tmp_path: Path, classifier: Classifier) -> None:
    with pytest.raises(WebcareError, match=r"nowhere\.csv"):
        classify_table(tmp_path / "nowhere.csv", tmp_path / "out.csv", classifier)


def test_big_fields_and_line_ends_inside_fields_survive(tmp_path: Path, classifier: Classifier) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    long = "regel een\nregel twee " + "woord " * 60_000
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text"], [long]])
    classify_table(source, target, classifier)
    with target.open(encoding="utf-8", newline="") as stream:
        csv.field_size_limit(10_000_000)
        assert next(csv.DictReader(stream))["text"] == long


def test_progress_counts_rows_after_each_batch(tmp_path: Path, classifier: Classifier) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "hoi\n" * 1001, "utf-8")
    seen: list[int] = []
    assert classify_table(source, tmp_path / "out.csv", classifier, seen.append) == 1001
    assert seen == [500, 1000, 1001]


def test_input_and_output_may_be_the_same_file(tmp_path: Path, classifier: Classifier) -> None:
    table = tmp_path / "both.csv"
    table.write_text("text\nhoi\n", "utf-8")
    classify_table(table, table, classifier)
    classify_table(table, table, classifier)
    assert list(read(table)[0]) == ["text", *COLUMNS]
