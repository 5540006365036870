"""Topics over HTTP: of a period, an incident, an item and a story; who may see them; how much is read."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from api_stage import NOW, Stage, an_incident, an_item, classified, staged, standard
from msgspec.structs import replace

from backbone.ports import ArchivePage, ArchiveQuery
from contracts.mentions import ClassifiedMention
from services.api.topics import MOST_READ, MOST_READ_BEFORE, TopicReader

HOUR = timedelta(hours=1)
QUIET = (
    "Wanneer komt mijn factuur?",
    "Abonnement verhuizen graag",
    "De monteur was vriendelijk",
    "Modem knippert rood",
)


async def told(stage: Stage, *mentions: ClassifiedMention) -> None:
    await stage.ports.archive.index([(each, 1) for each in mentions])


def quiet_month(count: int = 300, brand: str = "acme") -> list[ClassifiedMention]:
    """What people say on ordinary days."""
    return [
        classified(n, f"{QUIET[n % 4]} {chr(97 + n % 23) * 3}", NOW - timedelta(days=1, hours=2 * n + 1), brand=brand)
        for n in range(count)
    ]


def outage(count: int = 20, start: int = 1000, **changes: object) -> list[ClassifiedMention]:
    """An hour in which the power is out."""
    return [
        classified(
            start + n, f"@acme geen stroom in Breda {chr(97 + n) * 3}", NOW - HOUR + timedelta(minutes=n), **changes
        )
        for n in range(count)
    ]


async def test_a_period_is_about_what_many_suddenly_say(stage: Stage) -> None:
    await told(stage, *quiet_month(), *outage())
    async with stage.client() as client:
        answer = (await client.get("/v1/topics", params={"brand": "acme", "limit": 2})).json()
    assert (answer["brand"], answer["reason"]) == ("acme", "stands_out")
    assert [topic["term"] for topic in answer["topics"]] == ["breda", "geen stroom"]
    assert answer["topics"][0]["example"] == "men_01000"
    assert (answer["now"]["mentions"], answer["now"]["read"], answer["now"]["people"]) == (20, 20, 20)
    assert answer["before"]["mentions"] == 300
    assert answer["before"]["until"] == answer["now"]["since"]


async def test_names_of_the_brand_are_left_out(tmp_path: Path) -> None:
    settings = standard(brand_names={"acme": ("Acme Stroom",)})
    async with staged(tmp_path, settings) as stage, stage.client() as client:
        await told(stage, *quiet_month(), *outage())
        answer = (await client.get("/v1/topics", params={"brand": "acme"})).json()
    assert [topic["term"] for topic in answer["topics"]] == ["breda"]


async def test_a_period_can_be_narrowed(stage: Stage) -> None:
    await told(stage, *quiet_month(), *outage(channel="facebook"))
    async with stage.client() as client:
        elsewhere = (await client.get("/v1/topics", params={"brand": "acme", "channel": "x"})).json()
        there = (await client.get("/v1/topics", params={"brand": "acme", "channel": "facebook"})).json()
    assert (elsewhere["reason"], elsewhere["topics"]) == ("no_mentions", [])
    assert (there["reason"], there["before"]["mentions"], there["now"]["mentions"]) == ("little_history", 0, 20)


async def test_a_spikes_incident_is_about_the_mentions_of_its_series_since_it_began(stage: Stage) -> None:
    await told(stage, *quiet_month(), *outage(), *outage(start=2000, brand="other"))
    spike = an_incident("inc_s", kind="spike", evidence={"series": "acme|kind=negative"}, first_mention_at=NOW - HOUR)
    await stage.add_incident(spike)
    async with stage.client() as client:
        answer = (await client.get("/v1/incidents/inc_s/topics")).json()
    assert [topic["term"] for topic in answer["topics"][:2]] == ["breda", "geen stroom"]
    assert answer["now"]["since"] == "2026-03-02T08:00:00Z"
    assert answer["now"]["mentions"] == 20


async def test_a_spike_on_a_channel_reads_that_channel(stage: Stage) -> None:
    await told(stage, *quiet_month(), *outage(channel="facebook"))
    for name, series in (("inc_f", "acme|channel=facebook"), ("inc_x", "acme|channel=x")):
        await stage.add_incident(
            an_incident(name, kind="spike", evidence={"series": series}, first_mention_at=NOW - HOUR)
        )
    async with stage.client() as client:
        facebook = (await client.get("/v1/incidents/inc_f/topics")).json()
        other = (await client.get("/v1/incidents/inc_x/topics")).json()
    assert (facebook["now"]["mentions"], other["now"]["mentions"]) == (20, 0)


async def test_a_critical_incident_is_about_its_item(stage: Stage) -> None:
    await told(stage, *quiet_month())
    item = await stage.add_item(an_item(), "Ik ruik gaslucht bij de meterkast", "Wanneer komt de monteur? Gaslucht!")
    await stage.add_incident(an_incident(item_id=item.id))
    async with stage.client() as client:
        incident = (await client.get("/v1/incidents/inc_1/topics")).json()
        same = (await client.get(f"/v1/items/{item.id}/topics")).json()
    assert "gaslucht" in {topic["term"] for topic in incident["topics"]}
    assert "monteur" not in {topic["term"] for topic in incident["topics"]}
    assert same == incident


async def test_an_incident_without_item_or_mentions_says_so(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.client() as client:
        answer = (await client.get("/v1/incidents/inc_1/topics")).json()
    assert (answer["reason"], answer["topics"]) == ("no_mentions", [])


async def test_anothers_brand_is_not_told(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    await stage.add_item(an_item())
    async with stage.client("otto") as client:
        period = await client.get("/v1/topics", params={"brand": "acme"})
        hidden = [
            await client.get(f"/v1/{path}/topics") for path in ("incidents/inc_1", "items/itm_1", "stories/sto_1")
        ]
    assert (period.status_code, period.json()["code"]) == (403, "brand_not_yours")
    assert [each.status_code for each in hidden] == [404] * 3


async def test_wrong_questions_are_refused_by_name(stage: Stage) -> None:
    wrong = (
        {},
        {"brand": "acme", "limit": 51},
        {"brand": "acme", "since": "2026-03-02T09:00:00Z", "until": "2026-03-01T09:00:00Z"},
        {"brand": "acme", "since": "2026-01-01T09:00:00Z", "until": "2026-03-01T09:00:00Z"},
        {"brand": "acme", "colour": "red"},
    )
    async with stage.client() as client:
        answers = [await client.get("/v1/topics", params=each) for each in wrong]
    assert [each.status_code for each in answers] == [422] * 5
    assert [each.json()["code"] for each in answers[2:4]] == ["wrong_range"] * 2


async def test_a_large_archive_is_sampled_evenly_and_the_answer_says_so(stage: Stage) -> None:
    crisis = [
        classified(n, f"oude crisis {chr(97 + n % 26) * 3}", NOW - timedelta(days=10, seconds=n))
        for n in range(10_000, 10_000 + MOST_READ_BEFORE)
    ]
    now = [
        classified(n, f"crisis alweer {chr(97 + n % 26) * 3}", NOW - timedelta(seconds=1 + n % 3000))
        for n in range(20_000, 20_000 + MOST_READ + 500)
    ]
    await told(stage, *quiet_month(), *crisis, *now)
    about = await reader(stage).of_period(period())
    assert about.now.mentions == MOST_READ + 500
    assert 0.95 * MOST_READ <= about.now.read <= MOST_READ
    assert about.before.mentions == MOST_READ_BEFORE + 300
    assert about.before.read <= MOST_READ_BEFORE
    again = await reader(stage).of_period(period())
    assert again == about


async def test_every_mention_is_read_once_where_all_fit(stage: Stage) -> None:
    await told(stage, *quiet_month(200), *outage())
    about = await reader(stage).of_period(period(since=NOW - timedelta(days=30)))
    assert (about.now.mentions, about.now.read, about.now.people) == (220, 220, 220)


async def test_the_same_question_within_a_minute_reads_the_archive_once(stage: Stage) -> None:
    archive = Counting(stage)
    asked = TopicReader(archive, stage.clock, {})  # type: ignore[arg-type]
    await told(stage, *quiet_month(), *outage())
    first = await asked.of_period(period())
    reads = archive.reads
    await told(stage, *outage(start=3000))
    assert await asked.of_period(period()) is first
    assert archive.reads == reads
    stage.clock.advance(NOW + timedelta(minutes=2))
    assert (await asked.of_period(period())).now.mentions == 40


class Counting:
    """The stage's archive, counting what is asked of it."""

    def __init__(self, stage: Stage) -> None:
        self._archive = stage.ports.archive
        self.reads = 0

    async def histogram(self, query: ArchiveQuery, interval_s: int) -> Sequence[object]:
        self.reads += 1
        return await self._archive.histogram(query, interval_s)

    async def search(self, query: ArchiveQuery, limit: int, after: str | None = None) -> ArchivePage:
        self.reads += 1
        return await self._archive.search(query, limit, after)


def reader(stage: Stage) -> TopicReader:
    return TopicReader(stage.ports.archive, stage.clock, {})


def period(**changes: object) -> ArchiveQuery:
    return replace(ArchiveQuery(brands=("acme",), since=NOW - HOUR, until=NOW), **changes)
