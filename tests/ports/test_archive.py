"""What every archive promises, on every archive. An adapter joins by a line in `ADAPTERS`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_adapters import ADAPTERS, Adapter, adapter_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.errors import BadInput, Unavailable
from backbone.ports import Archive, ArchiveQuery
from contracts.mentions import Author, ClassifiedMention, Mention, Origin, Verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Factory = Callable[[], Awaitable[Archive]]


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    made = adapter_of(request.param, tmp_path, request)
    yield made
    asyncio.run(made.remove())


@pytest.fixture
def archive_factory(adapter: Adapter) -> Factory:
    """Opens the same archive each time."""
    return adapter.open


@pytest.fixture
async def archive(archive_factory: Factory) -> AsyncIterator[Archive]:
    async with _opened(archive_factory) as opened:
        yield opened


@asynccontextmanager
async def _opened(factory: Factory) -> AsyncIterator[Archive]:
    opened = await factory()
    try:
        yield opened
    finally:
        await opened.close()


def said(text: str, key: str = "m1", at: datetime = NOON, **fields: Any) -> ClassifiedMention:
    """A mention with a verdict; `fields` replace those of either."""
    verdict = {
        "lang": "nl",
        "sentiment": "neutral",
        "urgency": "normal",
        "intent": "remark",
        "care": "none",
        **{name: fields.pop(name) for name in ("lang", "sentiment", "urgency", "intent", "care") if name in fields},
    }
    mention = {"brand": "zonnig", "channel": "x", "author": Author(id="a1"), **fields}
    return ClassifiedMention(
        mention=Mention(
            id=key,
            source="x",
            native_id=key,
            text=text,
            created_at=at,
            received_at=at + timedelta(seconds=2),
            **mention,
        ),
        verdict=Verdict(
            sentiment_p=0.9,
            urgency_p=0.9,
            urgency_p_critical=0.0,
            urgency_p_high=0.1,
            intent_p=0.9,
            unsure=False,
            reasons=(),
            signature=1,
            model="m1",
            **verdict,
        ),
        origin=Origin(topic="mentions.raw", partition=0, offset=0),
    )


async def fill(archive: Archive, *mentions: ClassifiedMention, version: int = 1) -> None:
    await archive.index([(mention, version) for mention in mentions])


async def keys(archive: Archive, text: str = "", **filters: Any) -> list[str]:
    page = await archive.search(ArchiveQuery(text=text, **filters), 100)
    assert page.total == len(page.hits)
    return [hit.mention.mention.id for hit in page.hits]


# ------------------------------------------------------------------------------------------------------- words

FOUND = [
    ("storing", "Weer een STORING bij jullie", True),
    ("STORING", "weer een storing", True),
    ("storing", "storingen overal", False),
    ("stor*", "storingen overal", True),
    ("cafe", "Het Café is dicht", True),
    ("café", "het cafe is dicht", True),
    ("café", "het cafe\u0301 is dicht", True),
    ("coordinatie", "coördinatie ontbreekt", True),
    ("ijs", "ĳs is op", True),
    ("smorrebrod", "Smørrebrød", True),
    ("strasse", "Hauptstraße", False),
    ("hauptstrasse", "Hauptstraße", True),
    ("app werkt", "De app van jullie werkt niet", True),
    ("app werkt", "De app is weg", False),
    ('"app werkt"', "De app werkt niet", True),
    ('"app werkt"', "De app van jullie werkt niet", False),
    ('"werkt app"', "De app werkt niet", False),
    ('"De app" niet', "de app werkt niet", True),
    ("app -werkt", "De app werkt niet", False),
    ("app -werkt", "De app is weg", True),
    ('app -"werkt niet"', "De app werkt wel niet", True),
    ('app -"werkt niet"', "De app werkt niet", False),
    ("app -werk*", "De app werkte niet", False),
    ("-werkt", "De app is weg", True),
    ("-werkt", "De app werkt", False),
    ("#storing", "Lekker dan #storing", True),
    ("storing", "Lekker dan #storing", True),
    ("@zonnig", "Hee @Zonnig!", True),
    ("foto's", "Mijn foto's zijn weg", True),
    ("foto's", "De s van foto", False),
    ("e-mail", "Geen E-mail ontvangen", True),
    ("e-mai*", "Geen e-mails ontvangen", True),
    ("06-12", "bel 06-12 nu", True),
    ("😡", "Nou zeg 😡😡", True),
    ("😡", "Nou zeg 🙂", False),
    ("банк", "Банк закрыт", True),
    ("OR", "storing OR geen storing", True),
    ("OR", "storing", False),
    ("NEAR(a b)", "a near b", False),
    ("words:storing", "storing", False),
    ("   ", "alles", True),
]


async def test_words_are_found_as_people_write_them(archive: Archive) -> None:
    await fill(archive, *(said(text, f"m{i}") for i, (_, text, _) in enumerate(FOUND)))
    wrong = [case for i, case in enumerate(FOUND) if (f"m{i}" in await keys(archive, case[0])) != case[2]]
    assert wrong == []


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("storing~", "storingen overal", "<mark>storingen</mark> overal"),
        ("storing~", "Storing!", "<mark>Storing</mark>!"),
        ("storingen~ -app", "een storing", "een <mark>storing</mark>"),
        ("app -storing~", "de app heeft storingen", None),
        ("klachten~", "geen klacht", "geen <mark>klacht</mark>"),
    ],
)
async def test_every_form_of_a_word_is_found_where_there_is_a_stemmer(
    archive: Archive, adapter: Adapter, question: str, text: str, marked: str | None
) -> None:
    await fill(archive, said(text, lang="nl"), said(text, "other", lang="de"))
    exact = await keys(archive, question.replace("~", ""))
    found = [*(["m1"] if marked else []), *(["other"] if "other" in exact else [])] if adapter.features.stems else exact
    assert sorted(await keys(archive, question)) == sorted(found)
    if adapter.features.stems:
        hits = (await archive.search(ArchiveQuery(text=question, langs=("nl",)), 10)).hits
        assert [hit.highlight for hit in hits] == ([marked] if marked else [])


async def test_forms_are_those_of_the_mentions_own_language(archive: Archive, adapter: Adapter) -> None:
    await fill(archive, said("running", "en", lang="en"), said("running", "nl", lang="nl"))
    assert await keys(archive, "run~") == (["en"] if adapter.features.stems else [])


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ('"app werkt', "unbalanced_quote"),
        ('"', "unbalanced_quote"),
        ("!!! &", "no_words"),
        ('""', "no_words"),
        ("*", "no_words"),
        ("- -", "no_words"),
        ("a*", "prefix_too_short"),
        ("woord " * 300, "query_too_long"),
        (" ".join(f"w{i}" for i in range(40)), "too_many_words"),
    ],
)
async def test_a_question_that_cannot_be_read_says_why(archive: Archive, question: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        await archive.search(ArchiveQuery(text=question), 10)
    assert refused.value.code == code
    assert refused.value.remedy


QUESTIONS = st.lists(st.text() | st.sampled_from("\"-*():^{}+~\\'& \x00\ud800ORANDNOTNEAR"), max_size=8).map("".join)


@given(st.lists(QUESTIONS, max_size=20))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_question_is_answered_or_refused_as_bad_input(archive_factory: Factory, questions: list[str]) -> None:
    async def ask() -> None:
        async with _opened(archive_factory) as archive:
            await fill(archive, said("De app werkt niet AND OR NOT"))
            for question in questions:
                with suppress(BadInput):
                    await archive.search(ArchiveQuery(text=question), 10)

    asyncio.run(ask())


@given(st.lists(st.text(max_size=60), max_size=20))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_is_found_by_each_of_its_words(archive_factory: Factory, texts: list[str]) -> None:
    async def ask() -> None:
        async with _opened(archive_factory) as archive:
            await fill(archive, *(said(text, f"m{i}") for i, text in enumerate(texts)), version=0)
            for i, text in enumerate(texts):
                question = text.replace('"', " ").replace("*", " ").replace("-", " ")
                with suppress(BadInput):
                    assert f"m{i}" in await keys(archive, question)
            await archive.expire(NOON + timedelta(days=1))

    asyncio.run(ask())


# -------------------------------------------------------------------------------------------------- highlights


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("cafe", "Het Café & <b>bar</b>", "Het <mark>Café</mark> &amp; &lt;b&gt;bar&lt;/b&gt;"),
        ("stor*", "storing, STORINGEN", "<mark>storing</mark>, <mark>STORINGEN</mark>"),
        ('"app werkt"', "app, de app werkt", "app, de <mark>app</mark> <mark>werkt</mark>"),
        ("app -storing", "de app", "de <mark>app</mark>"),
        ("script", "<script>alert('x')</script>", None),
        ("mark", "<mark>nep</mark>", "&lt;<mark>mark</mark>&gt;nep&lt;/<mark>mark</mark>&gt;"),
    ],
)
async def test_what_matched_is_marked_and_the_rest_is_escaped(
    archive: Archive, question: str, text: str, marked: str | None
) -> None:
    await fill(archive, said(text))
    (hit,) = (await archive.search(ArchiveQuery(text=question), 10)).hits
    expected = marked or (
        "&lt;<mark>script</mark>&gt;alert(&#x27;x&#x27;)&lt;/<mark>script</mark>&gt;"  # quotes are escaped too
    )
    assert hit.highlight == expected


@pytest.mark.parametrize("question", ["", "-storing"])
async def test_nothing_is_marked_where_no_word_was_asked_for(archive: Archive, question: str) -> None:
    await fill(archive, said("de app"))
    (hit,) = (await archive.search(ArchiveQuery(text=question), 10)).hits
    assert hit.highlight is None


# ----------------------------------------------------------------------------------------------------- filters


FILTERED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["b", "a"]),
    ({"brands": ("zonnig",)}, ["a"]),
    ({"brands": ("zonnig", "windig")}, ["b", "a"]),
    ({"brands": ()}, []),
    ({"brands": ("onbekend",)}, []),
    ({"brands": ("'; DROP TABLE docs; --",)}, []),
    ({"channels": ("instagram",)}, ["b"]),
    ({"langs": ("en",)}, ["b"]),
    ({"sentiments": ("negative", "positive")}, ["b"]),
    ({"urgencies": ("normal",)}, ["a"]),
    ({"intents": ("complaint",)}, ["b"]),
    ({"drill": True}, ["b"]),
    ({"drill": False}, ["a"]),
    ({"since": NOON + timedelta(minutes=1)}, ["b"]),
    ({"until": NOON + timedelta(minutes=1)}, ["a"]),
    ({"brands": ("windig",), "channels": ("x",)}, []),
]


async def test_filters_narrow_what_is_found(archive: Archive) -> None:
    other = {
        "brand": "windig",
        "channel": "instagram",
        "lang": "en",
        "sentiment": "negative",
        "urgency": "high",
        "intent": "complaint",
        "drill": True,
    }
    await fill(archive, said("de app", "a"), said("de app", "b", NOON + timedelta(minutes=1), **other))
    for filters, found in FILTERED:
        assert await keys(archive, **filters) == found, filters
        assert await keys(archive, "app", **filters) == found, filters


async def test_an_instant_without_an_offset_is_refused(archive: Archive) -> None:
    with pytest.raises(BadInput, match="offset"):
        await archive.search(ArchiveQuery(since=datetime(2026, 1, 1)), 10)  # noqa: DTZ001


# ----------------------------------------------------------------------------------------------- order, paging


async def test_pages_follow_each_other_newest_first_then_by_id_and_miss_nothing(archive: Archive) -> None:
    times = [NOON - timedelta(seconds=i // 7) for i in range(50)]
    mentions = [said("de app", f"m{(i * 37) % 50:02}", at) for i, at in enumerate(times)]
    await fill(archive, *mentions[::-1])
    expected = [m.mention.id for m in sorted(mentions, key=lambda m: (-m.mention.created_at.timestamp(), m.mention.id))]
    for text in ("", "app"):
        seen: list[str] = []
        after = None
        while True:
            page = await archive.search(ArchiveQuery(text=text), 4, after)
            assert page.total == 50
            seen += [hit.mention.mention.id for hit in page.hits]
            after = page.next
            if after is None:
                break
        assert seen == expected


async def test_a_page_continues_where_it_was_though_newer_mentions_came(archive: Archive) -> None:
    await fill(archive, *(said("app", f"m{i}", NOON + timedelta(minutes=i)) for i in range(4)))
    first = await archive.search(ArchiveQuery(), 2)
    await fill(archive, said("app", "m9", NOON + timedelta(hours=1)))
    second = await archive.search(ArchiveQuery(), 2, first.next)
    assert [hit.mention.mention.id for hit in second.hits] == ["m1", "m0"]
    assert (second.total, second.next) == (5, None)


@pytest.mark.parametrize("cursor", ["", "x", "bm9wZQ", "é", "W10", "\ud800", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTksIm0xIl0"])
async def test_a_cursor_of_somebody_elses_making_is_refused(archive: Archive, cursor: str) -> None:
    with pytest.raises(BadInput, match="cursor"):
        await archive.search(ArchiveQuery(), 10, cursor)


@pytest.mark.parametrize("limit", [0, -1, 100_000])
async def test_a_limit_out_of_range_is_refused(archive: Archive, limit: int) -> None:
    with pytest.raises(BadInput, match="limit"):
        await archive.search(ArchiveQuery(), limit)


async def test_a_hit_is_the_whole_mention(archive: Archive) -> None:
    mention = said("Café 😡", "m1", url="https://voorbeeld.nl/1", thread="t", express=("danger_word",))
    await fill(archive, mention)
    assert (await archive.search(ArchiveQuery(), 1)).hits[0].mention == mention


# -------------------------------------------------------------------------------------------------- idempotence


async def test_an_older_version_changes_nothing_and_a_newer_one_replaces(archive: Archive) -> None:
    await fill(archive, said("tweede versie", sentiment="negative"), version=2)
    await fill(archive, said("eerste versie"), version=1)
    assert await keys(archive, "eerste") == []
    await fill(archive, said("derde versie", sentiment="positive"), version=3)
    assert await keys(archive, "tweede") == []
    assert await keys(archive, "derde", sentiments=("positive",)) == ["m1"]
    assert (await archive.facets(ArchiveQuery(), ["sentiment"]))["sentiment"] == {"positive": 1}


async def test_the_same_batch_twice_has_the_effect_of_once(archive: Archive) -> None:
    batch = [(said("de app", f"m{i}"), 1) for i in range(5)]
    await archive.index(batch)
    await archive.index(batch)
    assert (await archive.search(ArchiveQuery(text="app"), 10)).total == 5


async def test_of_one_id_in_one_batch_the_highest_version_stays(archive: Archive) -> None:
    await archive.index([(said("oud"), 1), (said("nieuw"), 3), (said("midden"), 2)])
    assert await keys(archive, "nieuw") == ["m1"]
    assert await keys(archive) == ["m1"]


async def test_a_batch_with_text_that_is_no_unicode_is_refused_whole(archive: Archive) -> None:
    with pytest.raises(BadInput):
        await fill(archive, said("goed", "m1"), said("half \ud83d", "m2"))
    assert await keys(archive) == []


async def test_an_empty_batch_is_no_trouble(archive: Archive) -> None:
    await archive.index([])
    assert await keys(archive) == []


async def test_what_was_indexed_is_there_after_a_restart(archive_factory: Factory) -> None:
    async with _opened(archive_factory) as archive:
        await fill(archive, said("eerst", "m1"), said("de app", "m2"))
        await fill(archive, said("daarna", "m1"), version=2)
    async with _opened(archive_factory) as archive:
        assert await keys(archive, "daarna") == ["m1"]
        assert await keys(archive) == ["m1", "m2"]
        await fill(archive, said("de app", "m3"))
        assert await keys(archive, "app") == ["m2", "m3"]


# ----------------------------------------------------------------------------------------------------- counting


async def test_a_histogram_is_aligned_to_the_epoch_and_has_no_gaps(archive: Archive) -> None:
    await fill(
        archive,
        said("de app", "a", NOON + timedelta(minutes=1), sentiment="negative", urgency="critical"),
        said("de app", "b", NOON + timedelta(minutes=59), sentiment="negative"),
        said("de app", "c", NOON + timedelta(hours=2), sentiment="positive"),
        said("wat anders", "d", NOON + timedelta(hours=7)),
    )
    buckets = await archive.histogram(ArchiveQuery(text="app"), 3600)
    assert [(bucket.start, bucket.count) for bucket in buckets] == [
        (NOON, 2),
        (NOON + timedelta(hours=1), 0),
        (NOON + timedelta(hours=2), 1),
    ]
    assert buckets[0].sentiment == {"negative": 2, "neutral": 0, "positive": 0}
    assert buckets[0].urgency == {"critical": 1, "high": 0, "normal": 1, "low": 0}
    assert buckets[1].sentiment == {"negative": 0, "neutral": 0, "positive": 0}


async def test_a_histogram_of_before_the_epoch_is_aligned_too(archive: Archive) -> None:
    await fill(archive, said("oud", at=datetime(1969, 12, 31, 23, 59, tzinfo=UTC)))
    (bucket,) = await archive.histogram(ArchiveQuery(), 3600)
    assert bucket.start == datetime(1969, 12, 31, 23, tzinfo=UTC)


async def test_a_histogram_of_nothing_is_empty(archive: Archive) -> None:
    assert list(await archive.histogram(ArchiveQuery(), 60)) == []
    await fill(archive, said("de app"))
    assert list(await archive.histogram(ArchiveQuery(text="niets"), 60)) == []


async def test_a_histogram_of_too_many_intervals_is_refused(archive: Archive) -> None:
    await fill(archive, said("oud", "a", NOON - timedelta(days=9000)), said("nieuw", "b"))
    with pytest.raises(BadInput, match="intervals"):
        await archive.histogram(ArchiveQuery(), 60)
    with pytest.raises(BadInput):
        await archive.histogram(ArchiveQuery(), 0)


async def test_facets_count_values_most_first_then_by_name(archive: Archive) -> None:
    channels = ["x", "x", "forum", "email", "instagram", "instagram", "instagram"]
    await fill(archive, *(said("de app", f"m{i}", channel=channel) for i, channel in enumerate(channels)))
    facets = await archive.facets(ArchiveQuery(text="app"), ["channel", "care"], limit=3)
    assert list(facets["channel"].items()) == [("instagram", 3), ("x", 2), ("email", 1)]
    assert facets["care"] == {"none": 7}
    assert (await archive.facets(ArchiveQuery(text="niets"), ["brand"])) == {"brand": {}}


async def test_a_facet_nobody_knows_is_refused(archive: Archive) -> None:
    with pytest.raises(BadInput, match="shoe_size"):
        await archive.facets(ArchiveQuery(), ["shoe_size"])
    with pytest.raises(BadInput, match="limit"):
        await archive.facets(ArchiveQuery(), ["brand"], limit=0)


# --------------------------------------------------------------------------------------------------- forgetting


async def test_what_expired_is_forgotten_by_every_question(archive: Archive) -> None:
    await fill(archive, *(said("de app", f"m{i}", NOON + timedelta(days=i)) for i in range(10)))
    assert await archive.expire(NOON + timedelta(days=7)) == 7
    assert await archive.expire(NOON + timedelta(days=7)) == 0
    assert await keys(archive, "app") == ["m9", "m8", "m7"]
    assert sum(bucket.count for bucket in await archive.histogram(ArchiveQuery(), 3600)) == 3
    await fill(archive, said("de app", "m0", NOON + timedelta(days=20)))
    assert await keys(archive, "app") == ["m0", "m9", "m8", "m7"]


async def test_an_archive_can_be_emptied_and_filled_again(archive: Archive) -> None:
    await fill(archive, said("de app", "m1"))
    await archive.expire(NOON + timedelta(days=1))
    assert await keys(archive) == []
    await fill(archive, said("de app", "m2"))
    assert await keys(archive, "app") == ["m2"]


# ------------------------------------------------------------------------------------------------- together, end


async def test_readers_and_writers_go_together_and_totals_only_rise(archive: Archive, adapter: Adapter) -> None:
    async def write() -> None:
        for batch in range(20):
            await fill(archive, *(said("de app", f"m{batch}-{i}") for i in range(20)))
            await fill(archive, *(said("de app opnieuw", f"m{batch}-{i}") for i in range(20)), version=2)

    async def read(done: asyncio.Task[None]) -> list[int]:
        totals = []
        while not done.done():
            totals.append((await archive.search(ArchiveQuery(text="app"), 5)).total)
        return totals

    writing = asyncio.create_task(write())
    for totals in await asyncio.gather(read(writing), read(writing)):
        assert totals == sorted(totals)
        if adapter.features.whole_batches:
            assert all(total % 20 == 0 for total in totals)
    assert (await archive.search(ArchiveQuery(text="opnieuw"), 5)).total == 400


async def test_a_closed_archive_says_that_it_is_unavailable(archive_factory: Factory) -> None:
    archive = await archive_factory()
    await archive.ping()
    await archive.close()
    await archive.close()
    with pytest.raises(Unavailable):
        await archive.ping()
