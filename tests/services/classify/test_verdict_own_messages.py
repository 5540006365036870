"""The rules against our own labelled messages: floors that guard against getting worse, not an exam."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.mentions import Verdict
from services.classify.domain.verdict import Classifier, Text

MESSAGES = Path(__file__).parent / "data" / "own_messages.csv"
FLOORS = {"urgency": 0.92, "sentiment": 0.82, "intent": 0.86, "care": 0.87}

Judged = list[tuple[dict[str, str], Verdict]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    with MESSAGES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return list(zip(rows, Classifier.load().judge([Text(row["text"]) for row in rows]), strict=True))


def macro_f1(told: Sequence[str], judged: Sequence[str]) -> float:
    scores = []
    for label in sorted(set(told)):
        hits = sum(one == two == label for one, two in zip(told, judged, strict=True))
        scores.append(2 * hits / (told.count(label) + judged.count(label)))
    return sum(scores) / len(scores)


def test_the_set_is_large_and_has_every_class(judged: Judged) -> None:
    languages = [row["lang"] for row, _ in judged]
    assert languages.count("nl") >= 750
    assert languages.count("en") >= 280
    assert {row["urgency"] for row, _ in judged} == {"critical", "high", "normal", "low"}
    assert len({row["text"] for row, _ in judged}) == len(judged)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_critical_messages_are_found(judged: Judged, language: str) -> None:
    found = [verdict.urgency for row, verdict in judged if (row["urgency"], row["lang"]) == ("critical", language)]
    assert found.count("critical") / len(found) >= 0.95


def test_hardly_anybody_is_paged_for_what_is_not_critical(judged: Judged) -> None:
    others = [verdict.urgency for row, verdict in judged if row["urgency"] != "critical"]
    assert others.count("critical") / len(others) <= 0.02


@pytest.mark.parametrize("dimension", sorted(FLOORS))
def test_every_dimension_keeps_its_floor(judged: Judged, dimension: str) -> None:
    told = [row[dimension] for row, _ in judged]
    assert macro_f1(told, [getattr(verdict, dimension) for _, verdict in judged]) >= FLOORS[dimension]


def test_dutch_and_english_are_told_apart(judged: Judged) -> None:
    right = sum(row["lang"] == verdict.lang for row, verdict in judged)
    assert right / len(judged) >= 0.94
