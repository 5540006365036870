"""Whatever is put into an archive, it answers as a plain list would."""

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from archive_adapters import ADAPTERS, Adapter, adapter_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_archive import NOON, said

from backbone.ports import Archive, ArchiveQuery
from contracts.mentions import ClassifiedMention

WORDS = ["app", "storing", "gas", "niet"]

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


EXAMPLES = {"sqlite": 40, "elastic": 8}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_archive_answers_as_a_list_would(kind: str, request: pytest.FixtureRequest) -> None:
    @given(steps=st.lists(put | put | forget | ask | reopen, max_size=12))
    @settings(max_examples=EXAMPLES[kind], deadline=None)
    def answers(steps: list[tuple[str, Any]]) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(_play(adapter_of(kind, Path(folder), request), [*steps, ("ask", ""), ("ask", "app")]))

    answers()


class _Model:
    """What an archive holds: the newest of each mention."""

    def __init__(self, forgets_versions: bool) -> None:
        self.stored: dict[str, tuple[ClassifiedMention, int]] = {}
        self._least: dict[str, int] = {}
        self._forgets_versions = forgets_versions

    def put(self, event: ClassifiedMention, version: int) -> None:
        key = event.mention.id
        if version >= self._least.get(key, 0):
            self.stored[key] = (event, version)
            self._least[key] = version

    def forget(self, key: str) -> None:
        del self.stored[key]
        if self._forgets_versions:
            del self._least[key]


async def _play(adapter: Adapter, steps: list[tuple[str, Any]]) -> None:
    archive, model = await adapter.open(), _Model(adapter.features.forgets_versions)
    try:
        for step, what in steps:
            if step == "reopen":
                await archive.close()
                archive = await adapter.open()
            elif step == "put":
                await _put(archive, model, what)
            elif step == "forget":
                await _forget(archive, model, what)
            else:
                await _ask(archive, model, what)
    finally:
        await archive.close()
        await adapter.remove()


async def _put(archive: Archive, model: _Model, rows: list[Any]) -> None:
    batch = [
        (said(" ".join(words), f"m{key}", NOON + timedelta(minutes=minute), brand=brand), version)
        for key, version, minute, brand, words in rows
    ]
    await archive.index(batch)
    for event, version in batch:
        model.put(event, version)


async def _forget(archive: Archive, model: _Model, minute: int) -> None:
    before = NOON + timedelta(minutes=minute)
    old = [key for key, (event, _) in model.stored.items() if event.mention.created_at < before]
    assert await archive.expire(before) == len(old)
    for key in old:
        model.forget(key)


async def _ask(archive: Archive, model: _Model, text: str) -> None:
    found = [event for event, _ in model.stored.values() if _answers(event.mention.text, text)]
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
