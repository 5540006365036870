"""What holds for the archive on SQLite only: its file, and what it keeps in memory."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from test_archive import NOON, fill, keys, said

from backbone.embedded import archive as module
from backbone.embedded.archive import SqliteArchive
from backbone.embedded.archive_columns import FACTS, Columns
from backbone.errors import Unavailable


async def test_a_file_of_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    await (await SqliteArchive.open(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Unavailable, match="rebuild") as refused:
        await SqliteArchive.open(path)
    assert refused.value.code == "other_format"


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(Unavailable):
        await SqliteArchive.open(path)


async def test_what_is_remembered_stays_within_its_bytes_and_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_BYTES", 64)
    archive = await SqliteArchive.open(tmp_path / "archive.db")
    for i in range(30):
        await fill(archive, said(f"app woord{i % 5}", f"m{i:02}", NOON + timedelta(minutes=i)))
        assert len(await keys(archive, "app")) == i + 1
        assert len(await keys(archive, f"woord{i % 5}")) == i // 5 + 1
    await archive.close()


async def test_forgotten_texts_leave_the_index_too(tmp_path: Path) -> None:
    archive = await SqliteArchive.open(tmp_path / "archive.db")
    await fill(archive, said("geheim", "m1"), said("blijft", "m2", NOON + timedelta(days=2)))
    await archive.expire(NOON + timedelta(days=1))
    await archive.close()
    connection = sqlite3.connect(tmp_path / "archive.db")
    assert connection.execute("SELECT count(*) FROM texts WHERE texts MATCH 'geheim'").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (1,)
    connection.execute("INSERT INTO texts (texts) VALUES ('integrity-check')")
    connection.close()


def _facts(docs: range) -> bytes:
    rows = np.zeros(len(docs), dtype=FACTS)
    rows["key"] = [doc * 7919 % 1009 for doc in docs]
    rows["created"] = list(docs)
    return rows.tobytes()


def test_the_columns_give_back_the_room_of_what_is_gone() -> None:
    columns = Columns()
    columns.add(range(1, 10_001), _facts(range(1, 10_001)))
    before = columns.view()
    columns.remove(range(1, 8_001))
    view = columns.view()
    assert (view.base, view.size, int(view.alive[: view.size].sum())) == (8_001, 2_000, 2_000)
    assert list(view.created[:2]) == [8_001, 8_002]
    assert view.next_doc == before.next_doc
    assert all(doc > 8_000 for doc in view.candidates(range(1009)))
    assert int(before.alive[: before.size].sum()) == 10_000


def test_docs_are_found_by_their_keys_however_they_came() -> None:
    columns = Columns()
    for start in range(1, 2_000, 37):
        columns.add(range(start, min(start + 37, 2_000)), _facts(range(start, min(start + 37, 2_000))))
    view = columns.view()
    for key in range(0, 1009, 101):
        expected = [doc for doc in range(1, 2_000) if doc * 7919 % 1009 == key]
        assert sorted(view.candidates([key])) == expected
    assert len(view.runs) < 12
