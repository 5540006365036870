"""Dead letters can be seen, and put back once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from backbone.dead_letters import dead_letter
from backbone.embedded.clock import ReplayClock
from backbone.errors import BadInput, Conflict
from backbone.handling import Rejected
from backbone.metrics import Metrics
from backbone.ports import NewRecord, Partition, Record
from backbone.standing import RunnerSettings
from webcare.adapters import embedded
from webcare.chain import Chain
from webcare.compose import Known, api_ports
from webcare.dead import DeadBeforeTheDesk, heaps, put_back, stopped_log
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def letter(offset: int, reason: str = "not_json"):
    record = Record("mentions.raw", 1, offset, "k", b"{", NOW)
    return dead_letter(Rejected(record, reason, "at byte 1"), "classify", NOW)


async def folder_with_letters(folder: Path) -> None:
    (folder / "log.db").touch()
    async with stopped_log(folder) as log:
        await log.append([letter(1), letter(2), letter(3, "wrong_type")])


async def test_they_are_told_by_topic_and_reason(tmp_path: Path) -> None:
    await folder_with_letters(tmp_path)
    async with stopped_log(tmp_path) as log:
        told = [(heap.topic, heap.reason, heap.letters, heap.waiting) for heap in await heaps(log)]
    assert told == [("mentions.raw", "not_json", 2, 2), ("mentions.raw", "wrong_type", 1, 1)]


async def test_they_are_put_back_whole_and_once(tmp_path: Path) -> None:
    await folder_with_letters(tmp_path)
    async with stopped_log(tmp_path) as log:
        assert await put_back(log, "mentions.raw") == 3
        assert await put_back(log, "mentions.raw") == 0
        ends = await log.end_offsets("mentions.raw")
        [place] = [partition for partition, end in ends.items() if end]
        back = await log.read(Partition("mentions.raw", place.number), 0, 10)
        assert [(record.key, record.value) for record in back] == [("k", b"{")] * 3
        assert [heap.waiting for heap in await heaps(log)] == [0, 0]


async def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no log here"):
        async with stopped_log(tmp_path):
            pass
    await folder_with_letters(tmp_path)
    async with stopped_log(tmp_path) as log:
        with pytest.raises(BadInput, match=r"mentions\.raw"):
            await put_back(log, "mentions")
        with pytest.raises(Conflict, match="in use"):
            async with stopped_log(tmp_path):
                pass


async def test_each_letter_counts_once_however_often_it_was_written_or_asked_for(tmp_path: Path) -> None:
    await folder_with_letters(tmp_path)
    async with stopped_log(tmp_path) as log:
        dead = DeadBeforeTheDesk(log)
        assert await dead.count() == 3
        await log.append([letter(3), *(letter(n) for n in range(10, 1210))])
        assert await dead.count() == 1203
        assert await dead.count() == 1203


async def test_mentions_without_a_verdict_are_in_the_sum(tmp_path: Path) -> None:
    metrics = Metrics(CollectorRegistry())
    clock = ReplayClock(NOW)
    settings = default_settings(("Wiedeldoorn",))
    async with embedded(tmp_path, clock, "normal", inline=True) as adapters:
        chain = Chain(adapters, settings, recording(), metrics, "t", RunnerSettings(retries=False), lambda: 0.5)
        known = Known(settings, metrics, chain.spikes.series, chain.states)
        sums = api_ports(adapters.log, adapters.desk, adapters.archive, clock, known).conservation
        assert sums is not None
        await adapters.log.append([NewRecord("mentions.raw", "k", b"{"), NewRecord("mentions.express", "k", b"[]")])
        await chain.settle()
        told = await sums()
        await chain.close()
    assert (told.holds, told.figures["dead"], told.figures["in_flight"]) == (True, 2, 0)
