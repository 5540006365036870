"""What holds for the archive on Elasticsearch only: months, versions, requests and their items."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from archive_adapters import ElasticAdapter
from test_archive import NOON, fill, keys, said

from backbone.distributed import elastic_writing
from backbone.distributed.archive import ElasticArchive
from backbone.distributed.elastic_months import month_of
from backbone.errors import BadInput, Unavailable
from backbone.ports import ArchiveQuery

pytestmark = pytest.mark.servers

APRIL = NOON + timedelta(days=31)
MAY = NOON + timedelta(days=62)


@pytest.fixture
async def adapter(elastic_server: str) -> AsyncIterator[ElasticAdapter]:
    made = ElasticAdapter(elastic_server)
    yield made
    await made.remove()


@pytest.fixture
async def archive(adapter: ElasticAdapter) -> AsyncIterator[ElasticArchive]:
    opened = await adapter.open()
    yield opened
    await opened.close()


async def _months(archive: ElasticArchive) -> list[str]:
    return sorted(await archive.months.live())


# ------------------------------------------------------------------------------------------------------- months


async def test_each_month_has_an_index_and_one_question_asks_them_all(archive: ElasticArchive) -> None:
    await fill(archive, said("app", "a"), said("app", "b", APRIL), said("app", "c", MAY))
    assert await _months(archive) == ["2026.03", "2026.04", "2026.05"]
    assert await keys(archive, "app") == ["c", "b", "a"]


async def test_a_month_ends_at_midnight_utc(archive: ElasticArchive) -> None:
    midnight = datetime(2026, 4, 1, tzinfo=UTC)
    await fill(archive, said("app", "a", midnight - timedelta(microseconds=1)), said("app", "b", midnight))
    assert await _months(archive) == ["2026.03", "2026.04"]
    assert await archive.expire(midnight) == 1
    assert await _months(archive) == ["2026.04"]


async def test_microseconds_decide_the_order(archive: ElasticArchive) -> None:
    await fill(archive, *(said("app", f"m{i}", NOON + timedelta(microseconds=i * 7 % 5)) for i in range(5)))
    assert await keys(archive) == ["m2", "m4", "m1", "m3", "m0"]
    assert await keys(archive, since=NOON + timedelta(microseconds=3)) == ["m2", "m4"]


@pytest.mark.parametrize("newer_first", [False, True])
async def test_a_revision_of_another_month_leaves_no_twin(archive: ElasticArchive, newer_first: bool) -> None:
    revisions = [(said("eerst", "m1"), 1), (said("daarna", "m1", APRIL), 2)]
    for revision in reversed(revisions) if newer_first else revisions:
        await archive.index([revision])
    await fill(archive, said("ander", "m2"))
    assert await keys(archive) == ["m1", "m2"]
    assert await keys(archive, "daarna") == ["m1"]
    assert await keys(archive, "eerst") == []


async def test_a_mention_may_move_back_and_forth(archive: ElasticArchive) -> None:
    for version, at in enumerate([NOON, APRIL, NOON, MAY, APRIL], 1):
        await fill(archive, said(f"versie {version}", "m1", at), version=version)
        assert await keys(archive, f'"versie {version}"') == ["m1"]
        assert await keys(archive) == ["m1"]


async def test_a_twin_that_a_crash_left_is_gone_when_the_batch_comes_again(
    archive: ElasticArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(archive, said("eerst", "m1"), said("mei", "m2", MAY))
    with monkeypatch.context() as patched:
        patched.setattr("backbone.distributed.archive.forget_twins", _crash)
        with pytest.raises(Unavailable):
            await fill(archive, said("daarna", "m1", APRIL), version=2)
    await fill(archive, said("daarna", "m1", APRIL), version=2)
    assert await keys(archive) == ["m2", "m1"]


async def _crash(*_: object, **__: object) -> None:
    raise Unavailable("The power went.")


async def test_two_writers_make_a_month_and_move_a_mention_together(adapter: ElasticAdapter) -> None:
    one, two = await adapter.open(), await adapter.open()
    await asyncio.gather(
        *(fill(one, said("app", f"m{i}"), version=1) for i in range(10)),
        *(fill(two, said("app later", f"m{i}", APRIL), version=2) for i in range(10)),
    )
    assert await keys(one) == [f"m{i}" for i in range(10)]
    assert await keys(two, "later") == [f"m{i}" for i in range(10)]
    await one.close()
    await two.close()


async def test_expiry_drops_whole_months_and_part_of_one(archive: ElasticArchive) -> None:
    await fill(archive, *(said("app", f"m{i}", NOON + timedelta(days=10 * i)) for i in range(10)))
    assert await archive.expire(NOON + timedelta(days=45)) == 5
    assert await _months(archive) == ["2026.04", "2026.05"]
    assert await keys(archive) == ["m9", "m8", "m7", "m6", "m5"]


async def test_expiry_in_portions_forgets_all(archive: ElasticArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backbone.distributed.archive.EXPIRE_DOCS", 3)
    await fill(archive, *(said("app", f"m{i}", NOON + timedelta(minutes=i)) for i in range(10)))
    assert await archive.expire(NOON + timedelta(minutes=8)) == 8
    assert await keys(archive) == ["m9", "m8"]


async def test_a_month_that_was_dropped_is_made_again_with_the_first_mention(adapter: ElasticAdapter) -> None:
    one, two = await adapter.open(), await adapter.open()
    await fill(one, said("app", "a"))
    await two.expire(APRIL)
    await fill(one, said("app", "b"))
    assert await keys(two) == ["b"]
    await one.close()
    await two.close()


# -------------------------------------------------------------------------------------------- requests and items


async def test_an_older_version_is_no_error_among_newer_ones(archive: ElasticArchive) -> None:
    await fill(archive, said("nieuw", "m1"), version=1 << 62)
    await archive.index([(said("oud", "m1"), 1), (said("ander", "m2"), 1)])
    assert await keys(archive, "nieuw") == ["m1"]
    assert await keys(archive) == ["m1", "m2"]


async def test_one_bad_document_is_named_and_the_others_come_through_one_by_one(archive: ElasticArchive) -> None:
    secret = "niemand mag dit in een logboek lezen"
    good, bad = said("goed", "m1"), said(secret, "m2", channel="k" * 40_000)
    with pytest.raises(BadInput, match="m2") as refused:
        await archive.index([(good, 1), (bad, 1)])
    assert refused.value.code == "unindexable"
    assert secret not in str(refused.value)
    await archive.index([(good, 1)])
    with pytest.raises(BadInput):
        await archive.index([(bad, 1)])
    assert await keys(archive) == ["m1"]


@pytest.mark.parametrize("key", ["", "x" * 513])
async def test_an_id_that_no_document_can_have_is_refused_before_anything_is_sent(
    archive: ElasticArchive, key: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await archive.index([(said("goed", "m1"), 1), (said("slecht", key), 1)])
    assert refused.value.code == "bad_id"
    assert await keys(archive) == []


async def test_a_large_batch_goes_in_requests_of_bounded_size(
    archive: ElasticArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    bulk = archive._server.bulk

    async def counted(lines: bytes, **params: str) -> bytes:
        sent.append(len(lines))
        return await bulk(lines, **params)

    monkeypatch.setattr(elastic_writing, "MAX_REQUEST_BYTES", 20_000)
    archive._server.bulk = counted  # type: ignore[method-assign]
    await fill(archive, *(said("app", f"m{i}") for i in range(100)), said("lang " * 10_000, "large"))
    assert len(sent) > 5
    assert sorted(sent)[-2] <= 20_000
    assert (await archive.search(ArchiveQuery(), 1)).total == 101


async def test_no_request_is_so_large_that_everything_else_waits_for_it(archive: ElasticArchive) -> None:
    # The client's library warns of such a body, and a warning fails a test.
    await fill(archive, *(said("lang " * 4_000, f"m{i}") for i in range(120)))
    assert (await archive.search(ArchiveQuery(), 1)).total == 120


async def test_a_word_longer_than_the_server_keeps_whole_is_kept_with_its_neighbours(archive: ElasticArchive) -> None:
    await fill(archive, said(f"app {'w' * 50_000} storing"))
    assert await keys(archive, '"app werkt"') == []
    assert await keys(archive, "app storing www*") == ["m1"]


async def test_only_what_is_searched_is_mapped(archive: ElasticArchive) -> None:
    await fill(archive, said("app"))
    answer = await archive._server.ask("GET", f"/{archive.months.read}/_mapping")
    (index,) = msgspec.json.decode(answer).values()
    assert index["mappings"]["dynamic"] == "strict"
    assert index["mappings"]["properties"]["body"] == {"type": "object", "enabled": False}


async def test_bodies_and_names_stay_out_of_the_logs(archive: ElasticArchive, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await fill(archive, said("geheim bericht"))
        await keys(archive, "geheim")
    assert "geheim" not in caplog.text


async def test_what_was_indexed_is_found_within_a_second_without_being_asked_for(adapter: ElasticAdapter) -> None:
    archive = await ElasticArchive.open(adapter.connection)
    await fill(archive, said("app"))
    async with asyncio.timeout(20):
        while await keys(archive, "app") != ["m1"]:
            await asyncio.sleep(0.05)
    settings = msgspec.json.decode(await archive._server.ask("GET", f"/{archive.months.read}/_settings"))
    assert [index["settings"]["index"]["refresh_interval"] for index in settings.values()] == ["1s"]
    await archive.close()


async def test_an_archive_of_another_format_is_refused_with_what_to_do(
    adapter: ElasticAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = await adapter.open()
    await fill(archive, said("app"))
    await archive.close()
    monkeypatch.setattr("backbone.distributed.elastic_months.FORMAT", 2)
    with pytest.raises(Unavailable, match="webcare archive rebuild") as refused:
        await adapter.open()
    assert refused.value.code == "other_format"


def test_the_month_is_that_of_utc() -> None:
    assert month_of(datetime.fromisoformat("2026-04-01T01:30:00+02:00")) == "2026.03"
