"""Queues, spikes, on-call, archive and operations over HTTP."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_stage import NOW, Stage, an_item, classified, rates, staged

from backbone.errors import Unavailable
from backbone.ports import Archive
from backbone.records import Spike
from services.api.ports import Rate, RunnerState
from services.api.volume import expected_in


async def test_queues_show_figures_and_promises_also_where_nothing_waits(stage: Stage) -> None:
    await stage.add_item(an_item("itm_1"))
    await stage.add_item(an_item("itm_2", queue="unlisted", urgency="critical"))
    async with stage.client() as client:
        queues = (await client.get("/v1/queues")).json()["queues"]
    assert [queue["queue"] for queue in queues] == ["care", "night", "unlisted"]
    assert (queues[0]["waiting"], queues[0]["hours"], queues[0]["targets"][0]["within_s"]) == (1, "office", 3600)
    assert (queues[1]["waiting"], queues[1]["oldest_at"]) == (0, None)
    assert (queues[2]["critical"], queues[2]["targets"]) == (1, [])


def a_spike(**changes: Any) -> Spike:
    spike = Spike(id="spk_1", series="acme", brand="acme", opened_at=NOW, closed_at=None, evidence={}, incident_id=None)
    return msgspec.structs.replace(spike, **changes)


async def test_spikes_come_with_their_evidence(stage: Stage) -> None:
    spike = a_spike(evidence={"expected": 2.0, "seen": 90})
    async with stage.ports.desk.transaction() as desk:
        await desk.put_spike(spike)
    async with stage.client() as client:
        seen = (await client.get("/v1/spikes", params={"open": True, "brand": "acme"})).json()["spikes"]
        other = (await client.get("/v1/spikes", params={"brand": "other"})).json()["spikes"]
    assert seen[0]["evidence"] == {"expected": 2.0, "seen": 90}
    assert other == []


async def test_a_spike_shows_its_phase_and_what_was_told_of_it_last(stage: Stage) -> None:
    hour = {"at": "2026-03-02T10:00:00Z", "expected": 60.0, "low": 20.0, "high": 180.0}
    latest = {
        "words": {"nl": "Het groeit.", "en": "It is growing."},
        "reason": "grown_since_last_report",
        "per_hour": 240.0,
        "channels": [{"channel": "x", "seen": 80}],
        "forecast": [hour],
    }
    grown = a_spike(evidence={"seen": 20, "words": {"nl": "Piek.", "en": "Spike."}, "latest": latest}, phase="growing")
    over = a_spike(id="spk_2", evidence={"seen": 20, "latest": latest, "closed": {"per_hour": 3.0}}, phase="over")
    async with stage.ports.desk.transaction() as desk:
        await desk.put_spike(grown)
        await desk.put_spike(over)
    async with stage.client() as client:
        found = {each["id"]: each for each in (await client.get("/v1/spikes")).json()["spikes"]}
    told = found["spk_1"]["told"]
    assert (found["spk_1"]["phase"], found["spk_1"]["direction"]) == ("growing", "up")
    assert (told["words"]["en"], told["per_hour"], told["peak_at"]) == ("It is growing.", 240.0, None)
    assert (told["channels"], told["forecast"]) == ([{"channel": "x", "seen": 80}], [hour])
    assert found["spk_2"]["told"]["per_hour"] == 3.0


async def test_who_is_on_call_and_who_am_i(stage: Stage) -> None:
    async with stage.client() as client:
        duty = (await client.get("/v1/oncall")).json()
        me = (await client.get("/v1/me")).json()
    assert duty["on_call"] == [
        {"schedule": "care", "person": "bram", "display": "Bram", "until": "2026-03-02T12:00:00Z"}
    ]
    assert me == {
        "name": "anna",
        "display": "Anna",
        "roles": ["agent"],
        "brands": None,
        "by": "key",
        "organisation": None,
        "timezone": "Europe/Amsterdam",
        "people": {"anna": "Anna", "bram": "Bram", "rita": "Rita", "otto": "Otto"},
        "watched": ["acme", "other"],
        "demo": False,
    }


async def test_search_finds_words_page_by_page_and_marks_them(stage: Stage) -> None:
    mentions = [classified(n, f"De trein is te laat {n}", NOW - timedelta(minutes=n)) for n in range(5)]
    await stage.ports.archive.index([(one, 1) for one in [*mentions, classified(9, "Mooi weer", brand="other")]])
    async with stage.client() as client:
        first = (await client.get("/v1/search", params={"q": "trein", "limit": 3})).json()
        rest = (await client.get("/v1/search", params={"q": "trein", "limit": 3, "cursor": first["next"]})).json()
    assert [hit["id"] for hit in first["hits"] + rest["hits"]] == [f"men_{n:05}" for n in range(5)]
    assert (first["total"], rest["next"]) == (5, None)
    assert "<mark>trein</mark>" in first["hits"][0]["highlight"]
    assert first["hits"][0]["author_handle"] == "@eva"
    assert "platform-0" not in str(first)


async def test_facets_count_by_field(stage: Stage) -> None:
    await stage.ports.archive.index([(classified(n, "x", brand="acme" if n else "other"), 1) for n in range(4)])
    async with stage.client() as client:
        facets = (await client.get("/v1/facets", params={"field": ["brand", "lang"]})).json()["facets"]
        unknown = await client.get("/v1/facets", params={"field": "colour"})
    assert facets == {"brand": {"acme": 3, "other": 1}, "lang": {"nl": 4}}
    assert unknown.status_code == 422


async def test_volume_has_every_interval_and_what_was_expected(stage: Stage) -> None:
    arrivals = [NOW - timedelta(minutes=minute) for minute in (1, 2, 11)]
    await stage.ports.archive.index([(classified(n, "x", at), 1) for n, at in enumerate(arrivals)])
    async with stage.client() as client:
        answer = (await client.get("/v1/volume", params={"brand": "acme", "minutes": 20, "interval": 300})).json()
        narrow = (await client.get("/v1/volume", params={"sentiment": "negative", "minutes": 20})).json()
    assert [(bar["start"][11:16], bar["count"]) for bar in answer["bars"]] == [
        ("08:40", 0),
        ("08:45", 1),
        ("08:50", 0),
        ("08:55", 2),
    ]
    assert {bar["expected"] for bar in answer["bars"]} == {10.0}
    assert {bar["expected"] for bar in narrow["bars"]} == {None}
    assert answer["bars"][3]["urgency"]["high"] == 2


async def test_volume_of_all_brands_adds_their_expectations(stage: Stage) -> None:
    async with stage.client() as client:
        answer = (await client.get("/v1/volume", params={"minutes": 10, "interval": 60})).json()
    assert {bar["expected"] for bar in answer["bars"]} == {4.0}


async def test_too_many_intervals_are_refused(stage: Stage) -> None:
    async with stage.client() as client:
        answer = await client.get("/v1/volume", params={"minutes": 500_000, "interval": 60})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_buckets")


def test_expectation_is_weighed_by_the_time_each_rate_holds() -> None:
    rates_of = [Rate(since=NOW, per_minute=1.0), Rate(since=NOW + timedelta(minutes=4), per_minute=6.0)]
    assert expected_in(rates_of, NOW, 300) == pytest.approx(10.0)
    assert expected_in(rates_of, NOW + timedelta(minutes=10), 60) == pytest.approx(6.0)
    assert expected_in(rates_of, NOW - timedelta(minutes=1), 300) is None
    assert expected_in([], NOW, 300) is None


async def test_conservation_shows_counts_and_sums(stage: Stage) -> None:
    async with stage.ports.desk.transaction() as desk:
        await desk.count({("filtered", "spam"): 2})
    async with stage.client() as client:
        answer = (await client.get("/v1/conservation")).json()
    assert answer["holds"] is True
    assert answer["figures"] == {"received": 3, "accepted": 3}
    assert answer["counts"] == [{"name": "filtered", "reason": "spam", "count": 2}]


async def test_alive_needs_no_key_and_nothing_else(stage: Stage) -> None:
    async with stage.client(None) as client:
        assert (await client.get("/health")).json() == {"status": "ok"}


async def test_ready_says_what_is_not_and_why(stage: Stage) -> None:
    async with stage.client(None) as client:
        assert (await client.get("/ready")).json()["status"] == "ready"
        stage.runners.append(RunnerState(name="classify", ready=False, detail="stopped: too many dead letters"))
        await stage.ports.desk.close()
        answer = await client.get("/ready")
    told = answer.json()
    assert (answer.status_code, told["code"], answer.headers["Retry-After"]) == (503, "not_ready", "1")
    assert {check["name"]: check["ready"] for check in told["checks"]} == {
        "desk": False,
        "archive": True,
        "log": True,
        "classify": False,
    }
    assert "classify: stopped: too many dead letters" in told["detail"]
    assert "desk.db" not in answer.text


async def test_metrics_count_by_route_pattern_only(stage: Stage) -> None:
    async with stage.client() as client:
        await client.get("/v1/items/itm_secret")
        await client.get("/nowhere/at/all")
        text = (await client.get("/metrics", headers={"Authorization": ""})).text
    assert 'webcare_http_requests_total{method="GET",route="/v1/items/{item_id}",status="404"} 1.0' in text
    assert "itm_secret" not in text
    assert "nowhere" not in text


async def test_a_store_that_is_away_is_503_with_when_to_come_back(stage: Stage) -> None:
    await stage.ports.desk.close()
    async with stage.client() as client:
        answer = await client.get("/v1/items")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["code"] == "closed"


class LeakyArchive(Archive):
    """Fails in a way nobody foresaw, with words that must not get out."""

    async def search(self, *_: object) -> None:  # type: ignore[override]
        raise ZeroDivisionError("secret words of a mention")

    async def ping(self) -> None:
        raise Unavailable("away", code="away")


async def test_the_unforeseen_is_a_500_with_a_number_and_no_details(tmp_path: Path) -> None:
    async with staged(tmp_path, expected=rates) as stage:
        object.__setattr__(stage.ports, "archive", LeakyArchive())
        async with stage.client() as client:
            answer = await client.get("/v1/search")
    told = answer.json()
    assert (answer.status_code, told["code"], len(told["instance"])) == (500, "unexpected", 12)
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_it_can_do_without_makes_it_degraded_and_not_unready(tmp_path: Path) -> None:
    """While the archive is away people still claim and answer; the desk it cannot miss."""
    async with staged(tmp_path, can_miss=frozenset({"archive", "projector"})) as stage, stage.client() as client:
        stage.runners.append(RunnerState(name="projector", ready=False, detail="waiting:archive_away"))
        await stage.ports.archive.close()
        told = (await client.get("/ready")).json()
        assert told["status"] == "degraded"
        assert {check["name"] for check in told["checks"] if not check["ready"]} == {"archive", "projector"}
        await stage.ports.desk.close()
        assert (await client.get("/ready")).status_code == 503
