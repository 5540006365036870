"""A backtest over what a log keeps: every mention once, in order of arrival, beside a running system."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from backbone.distributed.connections import Connections, Elastic, Kafka, Postgres
from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.embedded.sqlite import claim_folder
from backbone.errors import BadInput
from backbone.ports import EventLog, NewRecord
from contracts.campaigns import CampaignTold
from contracts.mentions import Author, ClassifiedMention, Mention, Origin, Verdict
from contracts.topics import ALL_TOPICS, CAMPAIGNS, MENTIONS_CLASSIFIED, MENTIONS_RAW
from webcare.backtesting.kept import KeptMaterial, log_in_folder, log_on_servers
from webcare.backtesting.material import Heard

START = datetime(2026, 3, 2, tzinfo=UTC)
VERDICT = Verdict(
    lang="nl", sentiment="negative", sentiment_p=0.9, urgency="high", urgency_p=0.8, urgency_p_critical=0.1,
    urgency_p_high=0.8, intent="complaint", intent_p=0.9, care="webcare", unsure=False, reasons=(), signature=5,
    model="kept-1",
)  # fmt: skip


def record(number: int, offset: int | None = None, brand: str = "acme", drill: bool = False) -> NewRecord:
    """The mention that came in second `number`; written a minute before. Each author has a partition."""
    at = START + timedelta(seconds=number)
    author = f"u{number % 7}"
    mention = Mention(
        id=f"m{number}", source="s", native_id=str(number), brand=brand, channel="x", text="hallo",
        created_at=at - timedelta(minutes=1), received_at=at, author=Author(id=author), drill=drill,
    )  # fmt: skip
    origin = Origin(topic=MENTIONS_RAW.name, partition=number % 7, offset=number if offset is None else offset)
    event = ClassifiedMention(mention=mention, verdict=VERDICT, origin=origin)
    return NewRecord(MENTIONS_CLASSIFIED.name, f"{brand}|{author}", msgspec.json.encode(event))


async def fill(log: EventLog, count: int) -> None:
    """So many mentions of two brands, and what is no part of a history: a redelivery, a drill, a broken record."""
    await log.append([record(number, brand="acme" if number % 3 else "bolt") for number in range(count)])
    broken = NewRecord(MENTIONS_CLASSIFIED.name, "acme|u0", b'{"mention": 1}')
    await log.append([record(8), record(count, brand="drill", drill=True), broken])
    told = CampaignTold(
        id="1", campaign_id="c", name="sale", brand="acme", starts_at=START, ends_at=START, factor=3.0, at=START
    )
    await log.append([NewRecord(CAMPAIGNS.name, "acme", msgspec.json.encode(told))])


async def all_of(material: KeptMaterial) -> list[Heard]:
    found: list[Heard] = []
    async for heard in material.heard():
        found += heard
    return found


def is_whole(material: KeptMaterial, heard: Sequence[Heard], count: int) -> None:
    assert [one.mention.id for one in heard] == [f"m{number}" for number in range(count)]
    assert [one.at for one in heard] == [START + timedelta(seconds=number) for number in range(count)]
    assert {one.verdict.model for one in heard} == {"kept-1"}
    assert material.brands == ["acme", "bolt"]
    assert material.refused == {"wrong_type": 1}
    assert [each.campaign_id for each in material.campaigns] == ["c"]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    """The log of a system that runs in the folder."""
    claim = claim_folder(tmp_path)
    log = await SqliteLog.open(tmp_path / "log.db", ALL_TOPICS, ReplayClock(START), "normal")
    yield log
    await log.close()
    claim.release()


async def test_partitions_are_merged_by_arrival_beside_a_running_system(log: SqliteLog, tmp_path: Path) -> None:
    """More than a batch of each; what comes meanwhile is left for next time."""
    await fill(log, 5000)
    async with log_in_folder(tmp_path) as seen:
        material = await KeptMaterial.of(seen)
        assert material.total == 5003
        await log.append([record(6000)])
        is_whole(material, await all_of(material), 5000)


async def test_what_expires_while_it_is_read_is_passed_over(log: SqliteLog, tmp_path: Path) -> None:
    await fill(log, 20)
    async with log_in_folder(tmp_path) as seen:
        material = await KeptMaterial.of(seen)
        await log.expire(START + timedelta(days=365))
        left = await all_of(material)
        assert len(left) < 20
        assert [one.at for one in left] == sorted(one.at for one in left)


async def test_a_folder_without_a_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no log here") as told:
        async with log_in_folder(tmp_path):
            raise AssertionError("opened")
    assert "--data" in told.value.remedy
    assert not list(tmp_path.iterdir())


async def test_an_empty_log_is_an_empty_history(log: SqliteLog, tmp_path: Path) -> None:
    async with log_in_folder(tmp_path) as seen:
        material = await KeptMaterial.of(seen)
        assert (material.total, material.brands, await all_of(material)) == (0, [], [])


@pytest.mark.servers
async def test_the_same_holds_on_kafka(kafka_server: str) -> None:
    kafka = Kafka(servers=(kafka_server,), prefix=f"kept{os.getpid()}.", replicas=1)
    nowhere = Connections(
        kafka=kafka,
        postgres=Postgres(url="postgresql://nobody@127.0.0.1:1/none"),
        elastic=Elastic(urls=("http://127.0.0.1:1",)),
    )
    async with log_on_servers(nowhere) as log:
        await fill(log, 100)
        material = await KeptMaterial.of(log)
        is_whole(material, await all_of(material), 100)
