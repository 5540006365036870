"""The archive made anew from the log, on either adapter, while questions and mentions go on."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from archive_adapters import ADAPTERS, Adapter, ElasticAdapter, adapter_of
from test_archive import NOON, fill, keys, said

from backbone.distributed import elastic_months
from backbone.embedded.archive import SqliteArchive
from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.errors import Unavailable
from backbone.ports import EventLog, NewRecord
from contracts.mentions import ClassifiedMention
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED
from webcare.archive import in_folder, rebuild, replaced, waiting


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(tmp_path / "log.db", ALL_TOPICS, ReplayClock(NOON), "normal")
    yield opened
    await opened.close()


@pytest.fixture(params=ADAPTERS)
async def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Adapter]:
    made = adapter_of(request.param, tmp_path, request)
    yield made
    await made.remove()


async def _append(log: EventLog, *events: ClassifiedMention | bytes) -> None:
    values = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
    await log.append([NewRecord(MENTIONS_CLASSIFIED.name, "a1", value) for value in values])


async def test_what_the_log_keeps_is_found_again_in_its_newest_version(log: SqliteLog, adapter: Adapter) -> None:
    await _append(log, *(said("app", f"m{i}", NOON + timedelta(days=9 * i)) for i in range(8)))
    await _append(log, b"{broken", said("nieuw", "m0", NOON + timedelta(days=80)))
    archive = await adapter.open()
    told: list[int] = []
    assert await waiting(log) == 10
    done = await rebuild(log, archive, told.append)
    assert (done.indexed, done.left_out, sum(told)) == (9, 1, 10)
    assert await keys(archive) == ["m0", *(f"m{i}" for i in range(7, 0, -1))]
    assert await keys(archive, "nieuw") == ["m0"]
    await fill(archive, said("later", "m9"))
    assert await keys(archive, "later") == ["m9"]
    await archive.close()


async def test_a_rebuild_done_twice_changes_nothing(log: SqliteLog, adapter: Adapter) -> None:
    await _append(log, said("app", "m1"), said("app", "m2", NOON + timedelta(days=40)))
    archive = await adapter.open()
    for _ in range(2):
        await rebuild(log, archive, lambda _: None)
        assert await keys(archive, "app") == ["m2", "m1"]
    await archive.close()


@pytest.fixture
async def elastic(elastic_server: str) -> AsyncIterator[ElasticAdapter]:
    made = ElasticAdapter(elastic_server)
    yield made
    await made.remove()


@pytest.mark.servers
async def test_the_old_indices_answer_until_the_new_ones_do(log: SqliteLog, elastic: ElasticAdapter) -> None:
    archive = await elastic.open()
    await fill(archive, said("alleen in het oude", "old"), version=1)
    await _append(log, *(said("app", f"m{i}", NOON + timedelta(days=20 * i)) for i in range(3)))
    fresh = await archive.fresh()
    await fresh.index([(said("app", "m0"), 1)])
    assert await keys(archive) == ["old"]
    await fresh.take_over()
    assert await keys(archive) == ["m0"]
    assert [(index.number, index.read) for index in await archive.months.indices()] == [(2, True)]
    await archive.close()


@pytest.mark.servers
async def test_what_came_in_during_a_rebuild_is_not_lost(log: SqliteLog, elastic: ElasticAdapter) -> None:
    archive, projector = await elastic.open(), await elastic.open()
    await _append(log, said("app", "m1"))
    late = said("app", "m2", NOON + timedelta(days=90))
    fresh_of = archive.fresh

    async def fresh_with_a_late_mention() -> object:
        fresh = await fresh_of()
        swap = fresh.take_over

        async def swap_after_it() -> None:
            await _append(log, late)
            await fill(projector, late)
            await swap()

        fresh.take_over = swap_after_it  # type: ignore[method-assign]
        return fresh

    archive.fresh = fresh_with_a_late_mention  # type: ignore[assignment, method-assign]
    await rebuild(log, archive, lambda _: None)
    assert await keys(projector) == ["m2", "m1"]
    await archive.close()
    await projector.close()


@pytest.mark.servers
async def test_a_rebuild_that_broke_off_leaves_the_old_archive_and_is_cleared_away(
    log: SqliteLog, elastic: ElasticAdapter
) -> None:
    archive = await elastic.open()
    await fill(archive, said("app", "old"))
    await (await archive.fresh()).index([(said("half", "m1"), 1)])
    assert await keys(archive) == ["old"]
    await _append(log, said("app", "m2"))
    await rebuild(log, archive, lambda _: None)
    assert await keys(archive) == ["m2"]
    assert len(await archive.months.indices()) == 1
    await archive.close()


@pytest.mark.servers
async def test_an_archive_of_another_format_is_made_anew(
    log: SqliteLog, elastic: ElasticAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = await elastic.open()
    await fill(archive, said("app", "m1"))
    await archive.close()
    await _append(log, said("app", "m1"))
    monkeypatch.setattr(elastic_months, "FORMAT", 2)
    monkeypatch.setitem(elastic_months.MAPPINGS, "_meta", {"format": 2})
    with pytest.raises(Unavailable):
        await elastic.open()
    archive = await type(archive).open(elastic.connection, any_format=True)
    await rebuild(log, archive, lambda _: None)
    await archive.close()
    archive = await elastic.open()
    assert await keys(archive) == ["m1"]
    await archive.close()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "archive.db"
    path.write_bytes(b"no database at all" * 100)
    return path


async def test_a_damaged_file_is_replaced_whole(log: SqliteLog, damaged: Path) -> None:
    await _append(log, said("app", "m1"))
    async with replaced(damaged) as archive:
        await rebuild(log, archive, lambda _: None)
    opened = await SqliteArchive.open(damaged)
    assert await keys(opened) == ["m1"]
    await opened.close()
    assert sorted(path.name for path in damaged.parent.glob("archive*")) == ["archive.db"]


async def test_a_stopped_systems_archive_is_made_anew_in_its_folder(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "log.db", ALL_TOPICS, ReplayClock(NOON), "normal")
    await _append(log, said("app", "m1"))
    await log.close()
    async with in_folder(tmp_path) as (kept, archive):
        await rebuild(kept, archive, lambda _: None)
    opened = await SqliteArchive.open(tmp_path / "archive.db")
    assert await keys(opened) == ["m1"]
    await opened.close()


@pytest.mark.servers
async def test_a_mention_that_the_archive_cannot_take_is_left_out(log: SqliteLog, elastic: ElasticAdapter) -> None:
    await _append(log, said("app", "m1"), said("app", "m2", channel="k" * 40_000), said("app", "m3"))
    archive = await elastic.open()
    assert await rebuild(log, archive, lambda _: None) == (2, 1)
    assert await keys(archive) == ["m1", "m3"]
    await archive.close()


async def test_a_rebuild_that_failed_leaves_the_file_as_it_was(damaged: Path) -> None:
    before = damaged.read_bytes()
    with pytest.raises(RuntimeError, match="power"):
        async with replaced(damaged):
            raise RuntimeError("power")
    assert damaged.read_bytes() == before
    assert [path.name for path in damaged.parent.iterdir()] == ["archive.db"]
