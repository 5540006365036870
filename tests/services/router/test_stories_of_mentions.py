"""Copies and reposts of one critical story are one incident."""

from datetime import UTC, datetime

from backbone.records import Incident
from services.router.domain.stories import same_story, told_before

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def incident(key: str, story: int, brand: str = "A", minute: int = 0) -> Incident:
    return Incident(
        id=f"inc_{key}",
        dedup_key=key,
        brand=brand,
        kind="critical",
        state="triggered",
        reason="critical_mention",
        evidence={"story": f"{story:016x}"},
        opened_at=NOW.replace(minute=minute),
        first_mention_at=NOW,
    )


def test_a_few_bits_apart_is_one_story() -> None:
    assert same_story(0, 0b111)
    assert not same_story(0, 0b1111)
    assert same_story(2**64 - 1, 2**64 - 1)


def test_the_oldest_incident_of_the_brand_that_tells_it_is_found() -> None:
    held = [incident("b", 1, minute=2), incident("a", 3, minute=1), incident("other", 1, brand="B")]
    found = told_before(1, "A", False, held)
    assert found is not None
    assert found.dedup_key == "a"
    assert told_before(1, "C", False, held) is None
    assert told_before(1, "A", True, held) is None
    assert told_before(2**63 + 2**62 + 2**61 + 2**60, "A", False, held) is None
