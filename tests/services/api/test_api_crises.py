"""The spikes of a crisis over HTTP: of one incident, of one kind of part."""

from datetime import timedelta

import pytest
from api_stage import NOW, Stage, an_incident, classified
from msgspec.structs import replace

from backbone.records import Spike

SERIES = ("acme", "acme|channel=x", "acme|kind=negative", "acme|source=a%7Cb")


def spikes() -> list[Spike]:
    """One of each series, the last in another incident."""
    return [
        Spike(
            id=f"spk_{n}",
            series=series,
            brand="acme",
            opened_at=NOW + timedelta(minutes=n),
            closed_at=None,
            evidence={"seen": 9},
            incident_id="inc_2" if n == 3 else "inc_1",
        )
        for n, series in enumerate(SERIES)
    ]


async def listed(stage: Stage, **asked: str) -> list[dict[str, object]]:
    async with stage.client() as client:
        answer = await client.get("/v1/spikes", params=asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["spikes"])


@pytest.fixture
async def crisis(stage: Stage) -> Stage:
    async with stage.ports.desk.transaction() as desk:
        for spike in spikes():
            await desk.put_spike(spike)
    return stage


async def test_an_incident_lists_its_series_and_what_part_of_the_brand_each_is(crisis: Stage) -> None:
    found = await listed(crisis, incident="inc_1")
    assert [(spike["series"], spike["part"]) for spike in found] == [
        ("acme|kind=negative", {"field": "kind", "value": "negative"}),
        ("acme|channel=x", {"field": "channel", "value": "x"}),
        ("acme", None),
    ]
    assert {spike["incident_id"] for spike in found} == {"inc_1"}


async def test_series_are_listed_by_what_they_are_a_part_by(crisis: Stage) -> None:
    assert [spike["series"] for spike in await listed(crisis, part="whole")] == ["acme"]
    assert [spike["part"] for spike in await listed(crisis, part="source")] == [{"field": "source", "value": "a|b"}]
    assert await listed(crisis, part="source", incident="inc_1") == []
    async with crisis.client() as client:
        assert (await client.get("/v1/spikes", params={"part": "weather"})).status_code == 422


async def test_a_spike_of_a_source_is_about_the_brands_mentions(stage: Stage) -> None:
    """Also of a source that is called like a sentiment: those of a source cannot be asked for apart."""
    said = [classified(n, "winkel dicht", NOW - timedelta(minutes=n + 1)) for n in range(6)]
    calm = [replace(one, verdict=replace(one.verdict, sentiment="neutral")) for one in said]
    await stage.ports.archive.index([(one, 1) for one in calm])
    since = NOW - timedelta(hours=1)
    for name, series in (("inc_s", "acme|source=negative"), ("inc_n", "acme|kind=negative")):
        await stage.add_incident(an_incident(name, kind="spike", evidence={"series": series}, first_mention_at=since))
    async with stage.client() as client:
        of_source = (await client.get("/v1/incidents/inc_s/topics")).json()
        of_negative = (await client.get("/v1/incidents/inc_n/topics")).json()
    assert (of_source["now"]["mentions"], of_negative["now"]["mentions"]) == (6, 0)
