"""When Elasticsearch is busy, away, of another kind, or does not know us."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from archive_adapters import ElasticAdapter
from elastic_stand_in import StandIn, error, items, standing_in
from test_archive import fill, keys, said

from backbone.distributed import elastic_server, elastic_writing
from backbone.distributed.archive import ElasticArchive
from backbone.distributed.connections import Elastic
from backbone.errors import Backpressure, BadInput, Unavailable, WebcareError
from backbone.ports import ArchiveQuery

SECRET = "dit mag niemand lezen"


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
async def archive(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ElasticArchive]:
    monkeypatch.setattr(elastic_writing, "FIRST_PAUSE_S", 0.001)
    opened = await ElasticArchive.open(Elastic(urls=(server.url,)))
    yield opened
    await opened.close()


# ---------------------------------------------------------------------------------------------------------- busy


async def test_only_the_items_that_were_refused_for_now_are_sent_again(
    server: StandIn, archive: ElasticArchive
) -> None:
    answers = [items(200, 429, 409), items(200)]
    sizes: list[int] = []

    def answer(lines: list[bytes]) -> Any:
        sizes.append(len(lines) // 2)
        return answers.pop(0)

    server.bulk = answer
    await fill(archive, said("a", "m1"), said("b", "m2"), said("c", "m3"))
    assert sizes == [3, 1]


@pytest.mark.parametrize(
    "answer", [items(200, 429, kind="es_rejected_execution_exception"), error("circuit_breaking_exception", 429)]
)
async def test_a_server_that_stays_busy_is_backpressure_after_a_few_tries(
    server: StandIn, archive: ElasticArchive, answer: Any
) -> None:
    tries = 0

    def busy(lines: list[bytes]) -> Any:
        nonlocal tries
        tries += 1
        return answer if tries == 1 or answer[0] == 429 else items(429)

    server.bulk = busy
    with pytest.raises(Backpressure) as refused:
        await fill(archive, said("a", "m1"), said("b", "m2"))
    assert (refused.value.code, refused.value.retry_after_s > 0) == ("archive_busy", True)
    assert tries == elastic_writing.TRIES


async def test_a_red_archive_is_unavailable_after_a_few_tries(server: StandIn, archive: ElasticArchive) -> None:
    server.bulk = lambda lines: items(*[503] * (len(lines) // 2), kind="unavailable_shards_exception")
    with pytest.raises(Unavailable) as refused:
        await fill(archive, said("a"))
    assert (refused.value.code, type(refused.value)) == ("archive_red", Unavailable)
    server.anything = (200, {"status": "red"})
    with pytest.raises(Unavailable, match="red"):
        await archive.ping()


async def test_a_question_to_a_busy_server_is_backpressure(server: StandIn, archive: ElasticArchive) -> None:
    server.anything = error("es_rejected_execution_exception", 429)
    with pytest.raises(Backpressure):
        await archive.search(ArchiveQuery(), 1)


async def test_a_server_that_does_not_answer_in_time_is_backpressure(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_server, "REQUEST_TIMEOUT_S", 0.05)
    server.pause_s = 0.5
    with pytest.raises(Backpressure) as refused:
        await ElasticArchive.open(Elastic(urls=(server.url,)))
    assert refused.value.code == "archive_slow"


# -------------------------------------------------------------------------------------------- what is never taken


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (items(200, 400, kind="document_parsing_exception", reason=SECRET), BadInput, "unindexable"),
        (items(200, 400, kind="strict_dynamic_mapping_exception", reason=SECRET), Unavailable, "other_format"),
        (items(200, 403, kind="cluster_block_exception", reason=SECRET), Unavailable, "archive_blocked"),
        (error("content_too_long_exception", 413, SECRET), BadInput, "unindexable"),
        (error("security_exception", 403, SECRET), Unavailable, "not_admitted"),
        ((502, "<html>bad gateway</html>"), Unavailable, "archive_unwell"),
    ],
)
async def test_what_went_wrong_has_a_code_and_quotes_nobody(
    server: StandIn, archive: ElasticArchive, answer: Any, kind: type[WebcareError], code: str
) -> None:
    server.bulk = lambda _: answer
    with pytest.raises(kind) as refused:
        await fill(archive, said(SECRET, "m1"), said(SECRET, "m2"))
    assert (refused.value.code, SECRET in str(refused.value)) == (code, False)
    assert refused.value.remedy


async def test_indices_that_never_stay_are_unavailable(server: StandIn, archive: ElasticArchive) -> None:
    server.bulk = lambda _: items(404, kind="index_not_found_exception")
    with pytest.raises(Unavailable) as refused:
        await fill(archive, said("a"))
    assert refused.value.code == "archive_gone"


async def test_an_index_that_cannot_be_made_says_so(server: StandIn, archive: ElasticArchive) -> None:
    def full(_: list[bytes]) -> Any:
        server.anything = error("validation_exception", 400)
        return items(404, kind="index_not_found_exception")

    archive.months.indices = _nothing  # type: ignore[method-assign]
    server.bulk = full
    with pytest.raises(Unavailable, match="shards") as refused:
        await fill(archive, said("a"))
    assert refused.value.code == "no_new_index"


async def _nothing() -> list[Any]:
    return []


# --------------------------------------------------------------------------------------------- another kind, away


@pytest.mark.parametrize("version", ["7.17.9", "9.1.0"])
async def test_a_server_of_another_version_is_refused_in_words(server: StandIn, version: str) -> None:
    server.version = version
    with pytest.raises(Unavailable, match=f"Elasticsearch {version}.*version 8") as refused:
        await ElasticArchive.open(Elastic(urls=(server.url,)))
    assert refused.value.code == "wrong_version"


@pytest.mark.parametrize(
    "answer", [error("media_type_header_exception", 406), error("media_type_header_exception", 400), (200, "hello")]
)
async def test_a_server_that_speaks_otherwise_is_refused_in_words(server: StandIn, answer: Any) -> None:
    server.anything = answer
    with pytest.raises(Unavailable) as refused:
        await ElasticArchive.open(Elastic(urls=(server.url,)))
    assert refused.value.code == "wrong_version"


@pytest.mark.parametrize(
    ("prefix", "urls", "named"),
    [
        ("Upper", ("http://127.0.0.1:1",), "WEBCARE_ELASTICSEARCH_PREFIX"),
        ("a*b", ("http://127.0.0.1:1",), "WEBCARE_ELASTICSEARCH_PREFIX"),
        ("webcare", ("127.0.0.1",), "WEBCARE_ELASTICSEARCH is"),
    ],
)
async def test_a_setting_that_cannot_be_is_named(prefix: str, urls: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        await ElasticArchive.open(Elastic(urls=urls, prefix=prefix))


async def test_while_the_server_is_away_nothing_is_taken_and_back_it_goes_on(
    server: StandIn, archive: ElasticArchive
) -> None:
    await fill(archive, said("a"))
    await server.stop()
    for asked in (fill(archive, said("b")), archive.search(ArchiveQuery(), 1), archive.ping()):
        with pytest.raises(Unavailable, match="away") as refused:
            await asked
        assert refused.value.code == "archive_away"
    await server.start()
    await fill(archive, said("b"))


async def test_a_node_that_is_away_is_passed_over(server: StandIn) -> None:
    archive = await ElasticArchive.open(Elastic(urls=("http://127.0.0.1:1", server.url)))
    await fill(archive, said("a"), said("b", "m2"))
    await archive.close()


async def test_the_lifecycle_policy_merges_and_never_deletes(server: StandIn) -> None:
    server.lifecycles = True
    server.bulk = lambda _: items(200) if server.of("/_aliases") else items(404, kind="index_not_found_exception")
    archive = await ElasticArchive.open(Elastic(urls=(server.url,)))
    await fill(archive, said("a"))
    await archive.close()
    (policy,) = server.of("/_ilm/policy/webcare-mentions")
    assert set(policy["policy"]["phases"]) == {"hot", "warm"}
    (template,) = server.of("/_index_template/webcare-mentions")
    assert template["template"]["settings"]["index"]["lifecycle"] == {"name": "webcare-mentions"}
    made = server.of("/webcare-mentions-2026.03-0001")
    assert made[0]["settings"] == {"index.lifecycle.origination_date": 1_772_323_200_000}


async def test_without_lifecycles_there_is_no_policy(server: StandIn, archive: ElasticArchive) -> None:
    assert not server.of("/_ilm/policy/webcare-mentions")
    (template,) = server.of("/_index_template/webcare-mentions")
    assert "lifecycle" not in template["template"]["settings"]["index"]


# --------------------------------------------------------------------------------------------------- a secure one


async def _removed(adapter: ElasticAdapter) -> None:
    archive = await adapter.open()
    await fill(archive, said("app"))
    assert await keys(archive, "app") == ["m1"]
    await archive.close()
    await adapter.remove()


@pytest.mark.servers
@pytest.mark.slow
async def test_a_secure_server_is_entered_by_password_or_by_key(secure_elastic: Any) -> None:
    ca = Path(secure_elastic.ca)
    await _removed(
        ElasticAdapter(secure_elastic.address, ca=ca, user=secure_elastic.user, password=secure_elastic.password)
    )
    await _removed(ElasticAdapter(secure_elastic.address, ca=ca, api_key=secure_elastic.api_key))


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize(
    ("admission", "named"),
    [
        ({"user": "elastic", "password": "wrong"}, "WEBCARE_ELASTICSEARCH_PASSWORD"),
        ({"api_key": "d3Jvbmc6d3Jvbmc="}, "WEBCARE_ELASTICSEARCH_API_KEY"),
        ({}, "WEBCARE_ELASTICSEARCH_API_KEY"),
        ({"ca": None}, "WEBCARE_ELASTICSEARCH_CA"),
    ],
)
async def test_a_wrong_secret_names_its_setting(secure_elastic: Any, admission: dict[str, Any], named: str) -> None:
    connection = {"ca": Path(secure_elastic.ca), **admission}
    with pytest.raises(Unavailable, match=named) as refused:
        await ElasticArchive.open(Elastic(urls=(secure_elastic.address,), **connection))
    assert "wrong" not in str(refused.value)
