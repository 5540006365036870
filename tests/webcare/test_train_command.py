"""`webcare train` on a tenth of the rows: a folder that judges, and a candidate that is decided about."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backbone.errors import BadInput
from services.classify.build import registry_of
from services.classify.domain.heads import HEADS
from services.classify.domain.resources import SHIPPED
from services.classify.domain.verdict import Classifier, Text
from services.classify.training.corpus import COLUMNS, MESSAGES, TEST, TRAIN, Row, load
from services.classify.training.speech import FILE
from webcare.training import train, train_candidate

pytestmark = pytest.mark.slow
AT = datetime(2026, 3, 2, tzinfo=UTC)
SPARSE = 25


def write(path: Path, rows: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target)
        table.writerow(COLUMNS)
        table.writerows((row.id, row.lang, row.text, *row.labels) for row in rows)
    return path


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("messages")
    for name in (*TRAIN, *TEST):
        write(folder / name, load([name])[:: SPARSE if name in TRAIN else 3])
    (folder / FILE).write_bytes((MESSAGES / FILE).read_bytes())
    return folder


def nothing(_: str) -> None:
    """Nobody looks."""


def test_added_rows_are_learned_from(messages: Path, tmp_path: Path) -> None:
    labels = tuple({"urgency": "critical", "intent": "complaint"}.get(head.name, "") for head in HEADS)
    words = ("vandaag", "hier", "alweer", "bij ons", "in de straat", "sinds gisteren", "nu", "nog steeds")
    rows = [Row(f"x-{at}", "nl", f"de zwiebelkraan lekt {word}", labels) for at, word in enumerate(words)]
    made = train(tmp_path / "ours-1", AT, [write(tmp_path / "more.csv", rows)], nothing, messages)
    assert made.rows == len(load(TRAIN, messages)) + len(words)
    assert set(made.scores) == {"nl", "en"}
    judge = Classifier.load(made.folder)
    assert judge.model == "ours-1"
    [verdict] = judge.judge([Text("de zwiebelkraan lekt morgen", lang_hint="nl")])
    assert verdict.urgency_p_critical > 0.3


def test_a_candidate_that_is_worse_is_refused_and_kept_with_its_reasons(messages: Path, tmp_path: Path) -> None:
    registry = registry_of(tmp_path / "models")
    corrections = [Row(f"c{row.id}", row.lang, row.text, row.labels) for row in load(TEST)[::10]]
    made = train_candidate(registry, "ours-1", AT, [], corrections, nothing, messages)
    assert made.decision is not None
    assert not made.decision.taken
    assert made.decision.reasons
    assert registry.current() == SHIPPED.name
    with pytest.raises(BadInput, match="There is a model ours-1") as refused:
        train_candidate(registry, "ours-1", AT, [], corrections, nothing, messages)
    assert refused.value.code == "model_exists"
