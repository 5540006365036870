"""The shipped model on the test split: floors that guard against getting worse. What it reaches stands in its card."""

import pytest

from services.classify.domain.model import CARD
from services.classify.domain.resources import SHIPPED
from services.classify.training.corpus import TEST, Row, load
from services.classify.training.evaluate import Scores, score

F1 = {
    "nl": {"urgency": 0.85, "sentiment": 0.80, "intent": 0.83},
    "en": {"urgency": 0.74, "sentiment": 0.68, "intent": 0.74},
}
RECALL = {"nl": 0.85, "en": 0.72}


@pytest.fixture(scope="module", params=["nl", "en"])
def found(request: pytest.FixtureRequest) -> tuple[str, Scores]:
    rows: list[Row] = [row for row in load(TEST) if row.lang == request.param]
    return request.param, score(None, rows)


def test_the_split_is_large_and_has_danger_in_it(found: tuple[str, Scores]) -> None:
    lang, scores = found
    assert scores.rows >= {"nl": 800, "en": 250}[lang]
    assert scores.critical >= {"nl": 140, "en": 50}[lang]


def test_critical_messages_are_found(found: tuple[str, Scores]) -> None:
    lang, scores = found
    assert scores.critical_recall >= RECALL[lang]


def test_hardly_anybody_is_paged_for_what_is_not_critical(found: tuple[str, Scores]) -> None:
    assert found[1].false_pages <= 0.025


@pytest.mark.parametrize("head", ["urgency", "sentiment", "intent"])
def test_every_head_keeps_its_floor(found: tuple[str, Scores], head: str) -> None:
    lang, scores = found
    assert scores.macro_f1[head] >= F1[lang][head]


def test_chances_are_honest(found: tuple[str, Scores]) -> None:
    """Weighted by rows, the chance of an urgency is off by less than a tenth (expected calibration error)."""
    scores = found[1]
    off = sum(each.rows * abs(each.chance - each.right) for each in scores.reliability)
    assert off / scores.rows < 0.1


def test_the_card_is_of_this_model() -> None:
    card = (SHIPPED / CARD).read_text("utf-8")
    assert f"# Model {SHIPPED.name}" in card
