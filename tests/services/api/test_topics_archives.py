"""Both archives give the same topics: from the same mentions, and where only a sample of them is read."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from api_stage import NOW, classified

from backbone.distributed.archive import ElasticArchive
from backbone.distributed.connections import Elastic
from backbone.embedded.archive import SqliteArchive
from backbone.embedded.clock import ReplayClock
from backbone.ports import Archive, ArchiveQuery
from contracts.mentions import ClassifiedMention
from services.api.topics import MOST_READ, MOST_READ_BEFORE, About, TopicReader

HOUR = timedelta(hours=1)
QUIET = (
    "Wanneer komt mijn factuur?",
    "Abonnement verhuizen graag",
    "De monteur was vriendelijk",
    "Modem knippert rood",
)


def mentions() -> list[ClassifiedMention]:
    """More than is read of either side."""
    before = [
        classified(n, f"{QUIET[n % 4]} {chr(97 + n % 23) * 3}", NOW - HOUR - timedelta(minutes=1 + 9 * (n % 4400)))
        for n in range(MOST_READ_BEFORE + 1000)
    ]
    now = [
        classified(n, f"geen stroom in Breda {chr(97 + n % 25) * 3}", NOW - timedelta(seconds=1 + n % 3500))
        for n in range(50_000, 50_000 + MOST_READ + 500)
    ]
    return before + now


async def about(archive: Archive) -> About:
    try:
        said = mentions()
        for at in range(0, len(said), 500):
            await archive.index([(each, 1) for each in said[at : at + 500]])
        query = ArchiveQuery(brands=("acme",), since=NOW - HOUR, until=NOW)
        return await TopicReader(archive, ReplayClock(NOW), {}).of_period(query)
    finally:
        await archive.close()


@pytest.mark.servers
async def test_both_archives_give_the_same_topics_of_a_sample(tmp_path: Path, elastic_server: str) -> None:
    embedded = await about(await SqliteArchive.open(tmp_path / "archive.db"))
    connection = Elastic(urls=(elastic_server,), prefix=f"test-{uuid4().hex[:12]}")
    distributed = await about(await ElasticArchive.open(connection, refresh=True))
    assert embedded == distributed
    assert (embedded.now.mentions, embedded.before.mentions) == (MOST_READ + 500, MOST_READ_BEFORE + 1000)
    assert embedded.now.read < embedded.now.mentions
    assert [topic.term for topic in embedded.topics[:2]] == ["breda", "geen stroom"]
