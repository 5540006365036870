"""Whatever is put into an archive, it answers as a plain list would."""

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_archive import ARCHIVES, NOON, Factory, said

from backbone.ports import Archive, ArchiveQuery
from contracts.mentions import ClassifiedMention

WORDS = ["app", "storing", "gas", "niet"]
Stored = dict[str, tuple[ClassifiedMention, int]]

put = st.tuples(
    st.just("put"),
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.integers(1, 3),
            st.integers(0, 40),
            st.sampled_from(["zonnig", "windig"]),
            st.lists(st.sampled_from(WORDS), max_size=3),
        ),
        max_size=8,
    ),
)
forget = st.tuples(st.just("forget"), st.integers(0, 40))
ask = st.tuples(st.just("ask"), st.sampled_from(["", "app", "app -gas", "stor*", '"app niet"', "-niet"]))
reopen = st.tuples(st.just("reopen"), st.none())


@pytest.mark.parametrize("kind", sorted(ARCHIVES))
@given(steps=st.lists(put | put | forget | ask | reopen, max_size=12))
@settings(max_examples=40, deadline=None)
def test_an_archive_answers_as_a_list_would(kind: str, steps: list[tuple[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(ARCHIVES[kind](Path(folder)), [*steps, ("ask", ""), ("ask", "app")]))


async def _play(factory: Factory, steps: list[tuple[str, Any]]) -> None:
    archive, model = await factory(), Stored()
    try:
        for step, what in steps:
            if step == "reopen":
                await archive.close()
                archive = await factory()
            elif step == "put":
                await _put(archive, model, what)
            elif step == "forget":
                await _forget(archive, model, what)
            else:
                await _ask(archive, model, what)
    finally:
        await archive.close()


async def _put(archive: Archive, model: Stored, rows: list[Any]) -> None:
    batch = [
        (said(" ".join(words), f"m{key}", NOON + timedelta(minutes=minute), brand=brand), version)
        for key, version, minute, brand, words in rows
    ]
    await archive.index(batch)
    for event, version in batch:
        known = model.get(event.mention.id)
        if known is None or version >= known[1]:
            model[event.mention.id] = (event, version)


async def _forget(archive: Archive, model: Stored, minute: int) -> None:
    before = NOON + timedelta(minutes=minute)
    old = [key for key, (event, _) in model.items() if event.mention.created_at < before]
    assert await archive.expire(before) == len(old)
    for key in old:
        del model[key]


async def _ask(archive: Archive, model: Stored, text: str) -> None:
    found = [event for event, _ in model.values() if _answers(event.mention.text, text)]
    found.sort(key=lambda event: (-event.mention.created_at.timestamp(), event.mention.id))
    page = await archive.search(ArchiveQuery(text=text), 3)
    assert page.total == len(found)
    assert [hit.mention for hit in page.hits] == found[:3]
    if page.next is not None:
        rest = await archive.search(ArchiveQuery(text=text), 100, page.next)
        assert [hit.mention for hit in rest.hits] == found[3:]
    brands = (await archive.facets(ArchiveQuery(text=text), ["brand"]))["brand"]
    assert sum(brands.values()) == len(found)
    assert sum(bucket.count for bucket in await archive.histogram(ArchiveQuery(text=text), 600)) == len(found)


def _answers(text: str, question: str) -> bool:
    words = text.split()
    return {
        "": True,
        "app": "app" in words,
        "app -gas": "app" in words and "gas" not in words,
        "stor*": "storing" in words,
        '"app niet"': "app niet" in text,
        "-niet": "niet" not in words,
    }[question]
