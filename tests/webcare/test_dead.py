"""Dead letters can be seen, and put back once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backbone.dead_letters import dead_letter
from backbone.errors import BadInput, Conflict
from backbone.handling import Rejected
from backbone.ports import Partition, Record
from webcare.dead import heaps, put_back, stopped_log

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
