"""Campaigns on their way to the detector: which are near, how they are heard of, and the stamp on the updates."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from word_judges import NOW, SHIPPED, WordJudge, mention

from backbone.campaigns import Campaign
from backbone.distributed.connections import Kafka
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.errors import Unavailable
from backbone.handling import Delivered
from backbone.ports import NewRecord, Partition, Record
from contracts.campaigns import CampaignTold
from contracts.mentions import Mention
from contracts.topics import ALL_TOPICS, CAMPAIGNS, MENTIONS_RAW, VOLUME_BLOCKS
from contracts.volume import VolumeUpdate
from services.classify.campaigns import Campaigns
from services.classify.domain.campaigns import DAY, minute_of, near, stamped
from services.classify.handler import ClassifyHandler
from services.classify.judges import Fixed
from tests.contracts.examples import contracts_examples
from tests.rooms import Servers, room

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BRAND = "acme"


def told(name: str, start: datetime = NOW, end: datetime = NOW + HOUR, seq: int = 0, **changes: Any) -> CampaignTold:
    plain = CampaignTold(
        id=f"evt-{name}-{seq}",
        campaign_id=name,
        name=name,
        brand=BRAND,
        starts_at=start,
        ends_at=end,
        factor=5.0,
        at=NOW,
        seq=seq,
    )
    return replace(plain, **changes)


def configured(name: str, **changes: Any) -> Campaign:
    plain = Campaign(
        id=name, name=name, brand=BRAND, starts_at=NOW, ends_at=NOW + HOUR, factor=2.0, caution=3.0, people=("ann",)
    )
    return replace(plain, **changes)


def update(brand: str = BRAND, part: str = "", *, drill: bool = False) -> VolumeUpdate:
    return VolumeUpdate(series=brand + part, brand=brand, at=NOW, blocks=(), drill=drill)


def ids(updates: Sequence[VolumeUpdate]) -> list[list[str]]:
    return [[each.id for each in one.campaigns] for one in updates]


# ----------------------------------------------------------------------------------------------------------- pure


def test_what_runs_ended_within_a_day_or_begins_within_a_day_is_near() -> None:
    now = minute_of(NOW)
    long_ago = told("voorbij", NOW - 50 * HOUR, NOW - 24 * HOUR)
    just = told("net", NOW - 50 * HOUR, NOW - 24 * HOUR + MINUTE)
    soon = told("zo", NOW + 24 * HOUR, NOW + 25 * HOUR)
    later = told("later", NOW + 24 * HOUR + MINUTE, NOW + 25 * HOUR)
    found = near([configured("nu")], [long_ago, just, soon, later], now)
    assert [each.id for each in found[BRAND]] == ["net", "nu", "zo"]


def test_the_detector_gets_minutes_factor_and_caution() -> None:
    seconds = timedelta(seconds=20)
    found = near([configured("nu", starts_at=NOW + seconds, ends_at=NOW + MINUTE + seconds)], [], minute_of(NOW))
    [one] = found[BRAND]
    assert (one.start, one.end) == (minute_of(NOW), minute_of(NOW) + 2)  # both minutes that it touches
    assert (one.factor, one.caution) == (2.0, 3.0)


def test_one_that_was_called_off_is_told_no_more() -> None:
    assert near([], [told("af", NOW + HOUR, NOW, seq=1)], minute_of(NOW)) == {}


def test_campaigns_are_sorted_by_start_and_id_and_kept_apart_by_brand() -> None:
    some = [told("b"), told("a"), told("c", NOW - MINUTE), told("elders", brand="other")]
    found = near([], some, minute_of(NOW))
    assert {brand: [each.id for each in of] for brand, of in found.items()} == {
        BRAND: ["c", "a", "b"],
        "other": ["elders"],
    }


@given(st.lists(st.tuples(st.integers(-5000, 5000), st.integers(-100, 5000)), max_size=8), st.integers(-6000, 6000))
def test_near_is_exactly_what_touches_the_days_around_a_minute(spans: list[tuple[int, int]], offset: int) -> None:
    some = [
        told(f"c{n}", NOW + start * MINUTE, NOW + (start + length) * MINUTE) for n, (start, length) in enumerate(spans)
    ]
    wanted = {
        f"c{n}"
        for n, (start, length) in enumerate(spans)
        if length > 0 and start - DAY <= offset < start + length + DAY
    }
    found = near([], some, minute_of(NOW) + offset).get(BRAND, ())
    assert {each.id for each in found} == wanted
    assert list(found) == sorted(found, key=lambda each: (each.start, each.id))


def test_every_series_of_the_brand_is_stamped_and_no_drill_and_no_other_brand() -> None:
    updates = [update(), update(part="|channel=x"), update(part="|drill=yes", drill=True), update("other")]
    after = stamped(updates, near([configured("nu")], [], minute_of(NOW)))
    assert ids(after) == [["nu"], ["nu"], [], []]
    assert [replace(each, campaigns=()) for each in after] == updates


def test_where_nothing_is_declared_the_updates_are_passed_on_as_they_are() -> None:
    updates = [update()]
    assert stamped(updates, {}) is updates


# --------------------------------------------------------------------------------------------------------- hearing


class Moody:
    """The part of a log that campaigns use, in front of a real one: counts how often it is asked, and can be away."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log
        self.asked = 0
        self.away = False

    async def start_offsets(self, topic: str) -> Mapping[Partition, int]:
        return await self._log.start_offsets(topic)

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        self.asked += 1
        if self.away:
            raise Unavailable("The log is away.", code="log_away")
        return await self._log.end_offsets(topic)

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        return await self._log.read(partition, start, limit)

    async def tell(self, *events: CampaignTold) -> None:
        records = [NewRecord(CAMPAIGNS.name, each.brand, msgspec.json.encode(each)) for each in events]
        await self._log.append(records)

    async def append(self, *values: bytes) -> None:
        await self._log.append([NewRecord(CAMPAIGNS.name, BRAND, value) for value in values])


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = await SqliteLog.open(tmp_path / "log.db", ALL_TOPICS, ReplayClock(NOW), "normal")
    yield log
    await log.close()


@pytest.fixture
def log(real: SqliteLog) -> Moody:
    return Moody(real)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def stamps(campaigns: Campaigns, seconds: float = 0) -> list[str]:
    """The ids on an update of the brand that is counted so many seconds after now."""
    [one] = await campaigns.stamp([update()], NOW + timedelta(seconds=seconds))
    return [each.id for each in one.campaigns]


async def test_all_that_was_told_before_the_start_is_heard_and_joins_the_configured(log: Moody) -> None:
    await log.tell(*(told(f"c{n:03}") for n in range(700)))
    heard = await stamps(Campaigns(log, [configured("a")]))
    assert heard == ["a", *(f"c{n:03}" for n in range(700))]


async def test_news_is_looked_for_every_five_seconds_at_most(log: Moody) -> None:
    campaigns = Campaigns(log)
    assert await stamps(campaigns) == []
    await log.tell(told("nieuw"))
    assert [await stamps(campaigns, seconds) for seconds in (1, 4.9, 5, 6)] == [[], [], ["nieuw"], ["nieuw"]]
    assert log.asked == 2


async def test_a_clock_that_was_put_back_is_looked_past(log: Moody) -> None:
    campaigns = Campaigns(log)
    await stamps(campaigns)
    await log.tell(told("nieuw"))
    assert await stamps(campaigns, -3) == ["nieuw"]


async def test_without_waiting_every_batch_looks(log: Moody) -> None:
    campaigns = Campaigns(log, every=timedelta(0))
    await stamps(campaigns)
    await log.tell(told("nieuw"))
    assert await stamps(campaigns) == ["nieuw"]


async def test_the_highest_seq_holds_whatever_is_told_again(log: Moody) -> None:
    first, last = told("actie"), told("actie", end=NOW + 2 * MINUTE, seq=1)
    await log.tell(first, last, first)
    campaigns = Campaigns(log)
    [one] = await campaigns.stamp([update()], NOW)
    assert [each.end for each in one.campaigns] == [minute_of(NOW) + 2]


async def test_a_campaign_comes_and_goes_with_the_clock(log: Moody) -> None:
    campaigns = Campaigns(log, [configured("morgen", starts_at=NOW + 30 * HOUR, ends_at=NOW + 31 * HOUR)])
    hours = {hour: await stamps(campaigns, hour * 3600) for hour in (5, 6, 30, 54, 55)}
    assert hours == {5: [], 6: ["morgen"], 30: ["morgen"], 54: ["morgen"], 55: []}


async def test_until_the_topic_was_read_once_nothing_is_counted(log: Moody) -> None:
    log.away = True
    campaigns = Campaigns(log, [configured("a")])
    for _ in range(2):
        with pytest.raises(Unavailable):
            await stamps(campaigns)
    log.away = False
    assert await stamps(campaigns) == ["a"]


async def test_a_log_that_goes_away_later_leaves_what_is_known(
    log: Moody, logged: list[MutableMapping[str, Any]]
) -> None:
    await log.tell(told("actie"))
    campaigns = Campaigns(log)
    await stamps(campaigns)
    log.away = True
    assert [await stamps(campaigns, seconds) for seconds in (5, 6, 11)] == [["actie"]] * 3
    assert log.asked == 3
    assert [(line["event"], line["code"]) for line in logged] == [("campaigns_not_heard", "log_away")] * 2


async def test_what_cannot_be_read_is_left_out_and_told_once_without_its_content(
    log: Moody, logged: list[MutableMapping[str, Any]]
) -> None:
    await log.tell(told("een"))
    await log.append(b"{", b'{"name": "geheim"}')
    await log.tell(told("twee"))
    campaigns = Campaigns(log)
    assert await stamps(campaigns) == ["een", "twee"]
    assert await stamps(campaigns, 5) == ["een", "twee"]
    assert [(line["event"], line["offset"], line["reason"]) for line in logged] == [
        ("campaign_unreadable", 1, "not_json"),
        ("campaign_unreadable", 2, "wrong_type"),
    ]
    assert "geheim" not in str(logged)


async def test_every_example_of_the_topic_is_heard(log: Moody, logged: list[MutableMapping[str, Any]]) -> None:
    await log.append(*(value for _, value in contracts_examples(CAMPAIGNS.name)))
    campaigns = Campaigns(log)
    spring = await campaigns.stamp([update("zonnestroom"), update("waterkant")], datetime(2026, 3, 2, 21, tzinfo=UTC))
    summer = await campaigns.stamp([update("waterkant")], datetime(2026, 6, 30, tzinfo=UTC))
    autumn = await campaigns.stamp([update("waterkant")], datetime(2026, 9, 2, tzinfo=UTC))
    assert (ids(spring), ids(summer)) == ([["cmp_0e7b15a2c94d8f36b1d2"], []], [[]])
    assert ids(autumn) == [["cmp_a1b2c3d4e5f60718293a"]]
    [ended] = spring[0].campaigns
    assert ended.end == minute_of(datetime(2026, 3, 2, 20, 42, tzinfo=UTC))
    assert logged == []


# --------------------------------------------------------------------------------------------------------- handler


def delivered(offset: int, **changes: Any) -> Delivered[Mention]:
    said = replace(mention(offset, "alles goed"), **changes)
    return Delivered(Record(MENTIONS_RAW.name, 0, offset, BRAND, b"", NOW), said)


async def volume(handler: ClassifyHandler, *batch: Delivered[Mention]) -> list[VolumeUpdate]:
    await handler.assigned({Partition(MENTIONS_RAW.name, 0): 0})
    outputs = await handler.handle(batch, ())
    return [
        msgspec.json.decode(record.value, type=VolumeUpdate) for record in outputs if record.topic == VOLUME_BLOCKS.name
    ]


async def test_the_handler_stamps_what_it_tells(real: SqliteLog, log: Moody) -> None:
    await log.tell(told("actie"))
    judges, clock = Fixed(WordJudge(SHIPPED, ("brand",))), ReplayClock(NOW)
    batch = (delivered(0), delivered(1, drill=True))
    plain = await volume(ClassifyHandler(real, judges, clock), *batch)
    after = await volume(ClassifyHandler(real, judges, clock, campaigns=Campaigns(real)), *batch)
    assert [replace(each, campaigns=()) for each in after] == plain
    assert {each.drill: [one.id for one in each.campaigns] for each in after} == {False: ["actie"], True: []}


@pytest.mark.servers
def test_on_kafka_every_process_hears_all_that_was_told_and_then_the_news(servers: Servers) -> None:
    async def play(kafka: Kafka) -> None:
        clock = ReplayClock(NOW)
        writing, reading = [await KafkaLog.open(kafka, ALL_TOPICS, clock) for _ in range(2)]
        try:
            await writing.append(
                [
                    NewRecord(CAMPAIGNS.name, each.brand, msgspec.json.encode(each))
                    for each in (told("een"), told("twee", brand="other"), told("drie"))
                ]
            )
            one, two = Campaigns(reading), Campaigns(writing)
            assert await stamps(one) == await stamps(two) == ["drie", "een"]
            news = told("een", NOW + HOUR, NOW, seq=1)
            await writing.append([NewRecord(CAMPAIGNS.name, news.brand, msgspec.json.encode(news))])
            assert [await stamps(one, seconds) for seconds in (4, 5)] == [["drie", "een"], ["drie"]]
        finally:
            await writing.close()
            await reading.close()

    with room(servers) as connections:
        asyncio.run(play(connections.kafka))
