"""Every bar that a candidate has to clear before it judges anybody's messages."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.classify.acceptance import FEWEST_CORRECTIONS, TOLERANCE, Judged, accept, halves, held_out
from services.classify.taught import Row
from services.classify.training.evaluate import Scores

SHIPPED = Scores(900, 90, 0.96, 0.015, {"urgency": 0.82, "intent": 0.81, "sentiment": 0.83, "care": 0.8}, 0.1)
CORRECTIONS = Scores(40, 10, 0.5, 0.1, {"urgency": 0.4, "intent": 0.5, "sentiment": 0.6, "care": 0.8}, 0.1)
PRESENT = Judged(SHIPPED, CORRECTIONS)


def changed(scores: Scores, **figures: Any) -> Scores:
    """With other figures; a head's name stands for its macro-F1."""
    f1 = {head: figures.pop(head, value) for head, value in scores.macro_f1.items()}
    return replace(scores, macro_f1=f1, **figures)


def figure(scores: Scores, bar: str) -> float:
    return float(scores.macro_f1[bar] if bar in scores.macro_f1 else getattr(scores, bar))


def candidate(shipped: dict[str, Any] | None = None, **corrections: Any) -> Judged:
    """Better on the corrections, but for what is given."""
    better = {"urgency": 0.5, **corrections}
    return Judged(changed(SHIPPED, **(shipped or {})), changed(CORRECTIONS, **better))


def test_equal_on_the_shipped_split_and_better_on_the_corrections_is_taken() -> None:
    decision = accept(PRESENT, candidate())
    assert (decision.taken, decision.reasons) == (True, ("better",))


@pytest.mark.parametrize("bar", TOLERANCE)
def test_each_bar_of_the_shipped_split_refuses_beyond_its_tolerance(bar: str) -> None:
    sign = 1 if bar == "false_pages" else -1
    at_the_edge = figure(SHIPPED, bar) + sign * TOLERANCE[bar]
    assert accept(PRESENT, candidate({bar: at_the_edge})).taken
    assert accept(PRESENT, candidate({bar: at_the_edge + sign * 0.0001})).reasons == (f"{bar}_worse",)
    assert accept(PRESENT, candidate({bar: figure(SHIPPED, bar) - sign * 0.01})).taken


@pytest.mark.parametrize(
    ("corrections", "reason"),
    [
        ({"urgency": 0.4}, "corrections_not_better"),
        ({"urgency": 0.5, "intent": 0.39}, "corrections_not_better"),
        ({"critical_recall": 0.49}, "critical_recall_worse_on_corrections"),
        ({"false_pages": 0.121}, "false_pages_worse_on_corrections"),
        ({"rows": FEWEST_CORRECTIONS - 1}, "corrections_too_few"),
    ],
)
def test_each_bar_of_the_corrections_refuses(corrections: dict[str, Any], reason: str) -> None:
    decision = accept(PRESENT, candidate(**corrections))
    assert (decision.taken, decision.reasons) == (False, (reason,))


def test_every_bar_that_was_missed_is_named() -> None:
    decision = accept(PRESENT, candidate({"critical_recall": 0.9, "intent": 0.5}, urgency=0.1))
    assert decision.reasons == ("critical_recall_worse", "intent_worse", "corrections_not_better")


def test_a_split_depends_on_the_id_alone_and_is_about_even() -> None:
    rows = [Row(f"cor_{n}", "nl", "tekst", "low", "neutral", "remark", "community") for n in range(1_000)]
    training, judging = halves(rows)
    assert sorted([*training, *judging], key=rows.index) == rows
    assert 430 <= len(judging) <= 570
    assert all(held_out(row.id) for row in judging)
    assert halves(rows[::-1])[1] == judging[::-1]
