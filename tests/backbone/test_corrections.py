"""What people say together about one verdict: every rule of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from backbone.corrections import Correction, together

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def said(person: str, minutes: int = 0, *, lead: bool = False, **heads: Any) -> Correction:
    at = START + timedelta(minutes=minutes)
    return Correction(mention_id="men_1", person=person, revision=0, brand="acme", at=at, settles=lead, **heads)


DIFFER = (said("a", urgency="low"), said("b", urgency="high"))


@pytest.mark.parametrize(
    ("given", "agreed", "disputed"),
    [
        pytest.param([], {}, (), id="nobody said anything"),
        pytest.param([said("a", urgency="high")], {"urgency": "high"}, (), id="one person"),
        pytest.param(
            [said("a", urgency="high"), said("b", care="none")],
            {"urgency": "high", "care": "none"},
            (),
            id="each another head",
        ),
        pytest.param(
            [said("a", urgency="high"), said("b", 1, urgency="high")], {"urgency": "high"}, (), id="two agree"
        ),
        pytest.param(
            [said("a", urgency="high", lang="nl"), said("b", 1, urgency="low")],
            {"lang": "nl"},
            ("urgency",),
            id="two differ",
        ),
        pytest.param(
            [said("a", urgency="high"), said("b", 1, urgency="low"), said("a", 2, urgency="low")],
            {"urgency": "low"},
            (),
            id="one changes their word",
        ),
        pytest.param(
            [said("a", urgency="high"), said("a", 2, care="none")],
            {"care": "none"},
            (),
            id="the newer takes the place of the whole older one",
        ),
        pytest.param(
            [said("a", urgency="high"), said("l", 1, lead=True, urgency="low")],
            {"urgency": "low"},
            (),
            id="a lead decides",
        ),
        pytest.param(
            [said("l", lead=True, urgency="low"), said("a", 5, urgency="high")],
            {"urgency": "low"},
            (),
            id="what a lead decided stays decided",
        ),
        pytest.param(
            [said("l", lead=True, urgency="low"), said("m", 5, lead=True, urgency="high")],
            {"urgency": "high"},
            (),
            id="of two leads the newest",
        ),
        pytest.param(
            [said("l", lead=True, care="none"), *DIFFER], {"care": "none"}, ("urgency",), id="others differ elsewhere"
        ),
    ],
)
def test_what_stands_and_what_is_disputed(
    given: list[Correction], agreed: dict[str, str], disputed: tuple[str, ...]
) -> None:
    for order in permutations(given):
        found = together(order)
        assert (found.agreed, found.disputed) == (agreed, disputed)
