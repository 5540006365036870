"""A declared period through the whole chain: every count says so, who stands by is paged, and it ends by itself."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from backbone.campaigns import Campaign
from backbone.embedded.clock import ReplayClock
from backbone.metrics import Metrics
from backbone.ports import EventLog
from backbone.records import Cause
from backbone.standing import RunnerSettings
from contracts.mentions import Author, Mention
from contracts.topics import VOLUME_BLOCKS
from contracts.volume import VolumeUpdate
from services.ingest.gate import to_record
from tests.stories.theatre import CONFIG, START, Play, checked, pages, play_bytes, says
from webcare.adapters import embedded
from webcare.chain import Chain
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

pytestmark = pytest.mark.slow

DAY = 24 * 60
FIRE = "De flessenwarmer staat in brand en mijn dochter heeft brandwonden aan haar hand"
PRAISE = (
    "Leuke actie zeg, net besteld!",
    "Geldt de korting ook in de winkel?",
    "Mooi spotje op televisie gisteren",
    "Hoe lang loopt de actie nog?",
    "Kan ik de code twee keer gebruiken?",
)
BEGINS, ENDS = 5 * DAY + 5 * 60, 5 * DAY + 17 * 60
"""In minutes from the story's start: its sixth day, from 08:00 to 20:00 in Amsterdam."""
DECLARED = (
    CONFIG
    + """
campaigns:
  - {name: actieweek, from: "2026-03-07 08:00", to: "2026-03-07 20:00", factor: 10, caution: 2, people: [ilse]}
"""
)


def spread(start: float, end: float, per_day: float, seed: int) -> list[dict[str, Any]]:
    """Messages of different people at random times."""
    dice = random.Random(seed)
    lines, time = [], start
    while (time := time + dice.expovariate(per_day / DAY)) < end:
        lines.append(says(time, f"{dice.choice(PRAISE)} {seed}{len(lines)}", f"klant{seed}-{len(lines)}"))
    return lines


def ten_fold() -> list[dict[str, Any]]:
    """Seven days at forty a day, and ten times that while the campaign runs."""
    return [
        *spread(0, BEGINS, 40, seed=1),
        *spread(BEGINS, ENDS, 400, seed=2),
        *spread(ENDS, 7 * DAY, 40, seed=3),
    ]


def minutes_of(update: VolumeUpdate) -> float:
    return (update.at - START).total_seconds() / 60


async def updates_in(log: EventLog) -> list[VolumeUpdate]:
    """Everything that was counted, by time."""
    found: list[VolumeUpdate] = []
    for partition, end in (await log.end_offsets(VOLUME_BLOCKS.name)).items():
        records = await log.read(partition, 0, end)
        assert len(records) == end
        found += [msgspec.json.decode(record.value, type=VolumeUpdate) for record in records]
    return sorted(found, key=lambda update: update.at)


def counted(folder: Path) -> list[VolumeUpdate]:
    """What a replay in `folder` counted."""

    async def read() -> list[VolumeUpdate]:
        async with embedded(folder, ReplayClock(START), "normal", inline=True) as adapters:
            return await updates_in(adapters.log)

    return asyncio.run(read())


def test_ten_times_as_much_in_a_declared_campaign_wakes_nobody_and_every_count_near_it_says_why(
    tmp_path: Path,
) -> None:
    report = checked(play_bytes(tmp_path / "play", ten_fold(), DECLARED))
    assert pages(report) == []
    updates = counted(tmp_path / "play" / "data")
    assert len(updates) > 300
    for update in updates:
        near = BEGINS - DAY <= minutes_of(update) < ENDS + DAY
        assert [(each.factor, each.caution, each.end - each.start) for each in update.campaigns] == (
            [(10.0, 2.0, 12 * 60)] if near else []
        )
    begins = {each.start for update in updates for each in update.campaigns}
    assert begins == {int(datetime(2026, 3, 7, 7, tzinfo=UTC).timestamp() // 60)}


@pytest.mark.slow
def test_the_same_messages_wake_somebody_where_nothing_was_declared(tmp_path: Path) -> None:
    report = checked(play_bytes(tmp_path / "play", ten_fold(), CONFIG))
    assert {kind for kind, _, _ in pages(report)} == {"spike"}


def test_danger_in_a_campaign_wakes_who_stands_by_too_and_after_it_only_who_is_on_call(play: Play) -> None:
    lines = [says(BEGINS + 60, FIRE, "moeder"), says(ENDS + 60, FIRE.replace("dochter", "zoon"), "vader")]
    report = play(lines, DECLARED)
    first = [(to, minute) for _, to, minute in pages(report) if minute <= BEGINS + 61]
    later = [(to, minute) for _, to, minute in pages(report) if ENDS + 60 <= minute <= ENDS + 61]
    assert sorted(first) == [("ilse", BEGINS + 60), ("sanne", BEGINS + 60)]
    assert later == [("sanne", ENDS + 60)]


# ------------------------------------------------------------------------------------------------------ on the spot


class Floor:
    """The whole chain in a folder, with a clock that is moved by hand and leads who declare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.minute = 0.0

    async def on(self, act: Callable[[Chain], Any]) -> list[VolumeUpdate]:
        """Start the chain anew, act, settle, stop as if killed; all that was counted so far."""
        clock = ReplayClock(START + timedelta(minutes=self.minute))
        async with embedded(self.folder, clock, "normal", inline=True) as adapters:
            chain = Chain(
                adapters,
                default_settings(("Wiedeldoorn",)),
                recording(),
                Metrics(CollectorRegistry()),
                "floor",
                RunnerSettings(retries=False),
                lambda: 0.5,
            )
            await chain.settle()
            await act(chain)
            await chain.settle()
            return await updates_in(adapters.log)


async def say(chain: Chain, number: int) -> None:
    now = chain.adapters.clock.now()
    said = Mention(
        id=f"men_{number}",
        source="x-main",
        native_id=str(number),
        brand="Wiedeldoorn",
        channel="x",
        text=f"Mooi spotje op televisie {number}",
        created_at=now,
        received_at=now,
        author=Author(id=f"klant{number}"),
    )
    await chain.adapters.log.append([to_record(said)])
    await chain.settle()


async def declare(chain: Chain) -> None:
    now = chain.adapters.clock.now()
    tv = Campaign(
        id="cmp_tv",
        name="tv",
        brand="Wiedeldoorn",
        starts_at=now,
        ends_at=now + timedelta(hours=3),
        factor=8.0,
        declared_by="sanne",
        declared_at=now,
    )
    async with chain.adapters.desk.transaction() as tx:
        await tx.declare_campaign(tv, Cause(actor="sanne", method="api", at=now, reason="campaign_declared"))


async def end(chain: Chain) -> None:
    now = chain.adapters.clock.now()
    async with chain.adapters.desk.transaction() as tx:
        await tx.end_campaign("cmp_tv", Cause(actor="sanne", method="api", at=now, reason="campaign_ended"))


async def test_one_declared_on_the_spot_is_in_the_next_count_and_in_those_of_a_new_start(tmp_path: Path) -> None:
    floor = Floor(tmp_path)

    async def first(chain: Chain) -> None:
        await say(chain, 1)
        await declare(chain)
        await chain.settle()
        await say(chain, 2)

    async def second(chain: Chain) -> None:
        await say(chain, 3)
        await end(chain)
        await chain.settle()
        await say(chain, 4)

    await floor.on(first)
    floor.minute = 60
    updates = await floor.on(second)
    began = int(START.timestamp() // 60)
    told = [
        [(each.start - began, each.end - began, each.factor) for each in one.campaigns]
        for one in updates
        if one.series == "Wiedeldoorn"
    ]
    assert sorted(told) == [[], [(0, 60, 8.0)], [(0, 180, 8.0)], [(0, 180, 8.0)]]
