"""From spike events to pages: one for each crisis, as the router folds them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.volume import SpikeEvent, SpikeEvidence, Words
from webcare.backtesting.pages import pages_of

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def said(spike: str, kind: str, at: int, brand: str = "acme", part: str = "", **changed: Any) -> SpikeEvent:
    direction = changed.pop("direction", "up")
    told = {
        "expected": 1.0, "seen": 20, "window_s": 300, "chance": 1e-9, "since": minute(at - 5), "people": 18,
        "share_negative": 0.5, "share_urgent": 0.1, "history_days": 20.0, "reason": "above_expectation_5m", **changed,
    }  # fmt: skip
    series = f"{brand}|{part}" if part else brand
    return SpikeEvent(
        id=f"{spike}-{kind}-{at}", spike_id=spike, series=series, brand=brand, kind=kind, at=minute(at),
        evidence=SpikeEvidence(**told), direction=direction,
    )  # fmt: skip


def test_a_spike_is_a_page_at_its_opening_with_the_figures_of_that_moment() -> None:
    words = Words(nl="druk", en="busy")
    events = [
        said("a", "opened", 0, words=words, campaign="sale"),
        said("a", "updated", 20, seen=300, people=250, peak_per_hour=700.0),
        said("a", "closed", 90, seen=1, peak_per_hour=900.0),
    ]
    [page] = pages_of(events)
    assert (page.number, page.at, page.since, page.over) == (1, minute(0), minute(-5), minute(90))
    assert (page.brand, page.series, page.seen, page.people, page.expected) == ("acme", "acme", 20, 18, 1.0)
    assert (page.words_nl, page.words_en, page.campaign, page.peak_per_hour) == ("druk", "busy", "sale", 900.0)
    assert page.delay_s == 300


def test_series_of_one_crisis_are_one_page_that_is_over_with_the_last_of_them() -> None:
    events = [
        said("a", "opened", 0, part="kind=negative"),
        said("b", "opened", 2),
        said("c", "opened", 3, part="channel=x"),
        said("b", "closed", 80),
        said("c", "closed", 90),
        said("a", "closed", 100),
    ]
    [page] = pages_of(events)
    assert page.series == "acme|kind=negative"
    assert page.also == ("acme", "acme|channel=x")
    assert page.over == minute(100)


def test_what_comes_after_the_end_and_other_brands_are_pages_of_their_own() -> None:
    events = [
        said("a", "opened", 0),
        said("b", "opened", 10, brand="bolt"),
        said("a", "closed", 90),
        said("c", "opened", 120),
        said("d", "opened", 130, part="channel=x"),
    ]
    pages = pages_of(events)
    assert [(page.number, page.brand, page.over) for page in pages] == [
        (1, "acme", minute(90)),
        (2, "bolt", None),
        (3, "acme", None),
    ]
    assert pages[2].also == ("acme|channel=x",)


def test_a_stream_that_stops_is_no_part_of_one_that_rises() -> None:
    events = [said("a", "opened", 0), said("b", "opened", 5, part="channel=x", direction="down")]
    assert [(page.series, page.direction) for page in pages_of(events)] == [("acme", "up"), ("acme|channel=x", "down")]


def test_pages_meet_where_brand_and_time_do() -> None:
    [page] = pages_of([said("a", "opened", 0), said("a", "closed", 90)])
    assert page.meets("acme", minute(60), minute(200))
    assert page.meets("acme", minute(-60), minute(-5))
    assert page.meets("acme", minute(90), None)
    assert not page.meets("acme", minute(91), None)
    assert not page.meets("acme", minute(-60), minute(-6))
    assert not page.meets("bolt", minute(0), minute(10))
    [still] = pages_of([said("a", "opened", 0)])
    assert still.meets("acme", minute(10_000), None)
