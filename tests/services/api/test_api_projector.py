"""The projector: from classified mentions to the archive."""

from datetime import datetime, timedelta

import msgspec
from api_stage import NOW, Stage, classified
from hypothesis import given
from hypothesis import strategies as st

from backbone.handling import Delivered
from backbone.ports import ArchiveQuery, NewRecord, Record
from contracts.mentions import ClassifiedMention
from contracts.topics import MENTIONS_CLASSIFIED
from services.api.projector import BEHIND, GIVES_WAY_S, Projector, queue_first, version_of
from services.router.handler import MentionHandler


def delivered(offset: int, event: ClassifiedMention) -> Delivered[ClassifiedMention]:
    value = msgspec.json.encode(event)
    return Delivered(Record(MENTIONS_CLASSIFIED.name, 0, offset, "acme", value, NOW), event)


async def texts(stage: Stage) -> list[str]:
    page = await stage.ports.archive.search(ArchiveQuery(), 50)
    return [hit.mention.mention.text for hit in page.hits]


async def test_what_was_classified_can_be_found(stage: Stage) -> None:
    batch = [delivered(n, classified(n, f"tekst {n}", NOW - timedelta(minutes=n))) for n in range(3)]
    assert await Projector(stage.ports.archive).handle(batch, ()) == ()
    assert await texts(stage) == ["tekst 0", "tekst 1", "tekst 2"]


async def test_the_same_batch_twice_is_the_same_once(stage: Stage) -> None:
    batch = [delivered(0, classified(1, "eerst")), delivered(1, classified(1, "bewerkt", revision=1))]
    projector = Projector(stage.ports.archive)
    for _ in range(2):
        await projector.handle(batch, ())
        assert await texts(stage) == ["bewerkt"]


async def test_an_edit_stays_though_what_it_edits_comes_later(stage: Stage) -> None:
    projector = Projector(stage.ports.archive)
    await projector.handle([delivered(4, classified(1, "bewerkt", revision=3))], ())
    await projector.handle([delivered(5, classified(1, "eerst", revision=2))], ())
    assert await texts(stage) == ["bewerkt"]


async def test_a_later_verdict_on_the_same_revision_replaces_the_earlier(stage: Stage) -> None:
    projector = Projector(stage.ports.archive)
    await projector.handle([delivered(4, classified(1, "een"))], ())
    await projector.handle([delivered(9, classified(1, "twee"))], ())
    assert await texts(stage) == ["twee"]


async def test_nothing_is_nothing(stage: Stage) -> None:
    assert await Projector(stage.ports.archive).handle((), ()) == ()


@given(st.integers(0, 2**45), st.integers(0, 2**40), st.integers(0, 2**45), st.integers(0, 2**40))
def test_versions_never_fall_with_revision_or_offset_and_fit_63_bits(r1: int, o1: int, r2: int, o2: int) -> None:
    low, high = sorted([(r1, o1), (r2, o2)])
    assert 0 <= version_of(*low) < 2**63
    if low[1] <= high[1] or (low[0] < high[0] and high[0] < 2**31):
        assert version_of(*low) <= version_of(*high)


async def test_what_is_more_urgent_goes_before_a_batch_is_indexed(stage: Stage) -> None:
    found_meanwhile: list[list[str]] = []

    async def others_first() -> None:
        found_meanwhile.append(await texts(stage))

    projector = Projector(stage.ports.archive, others_first)
    await projector.handle([delivered(0, classified(1, "eerst"))], ())
    await projector.handle([], ())
    assert found_meanwhile == [[]]
    assert await texts(stage) == ["eerst"]


class Naps:
    """A clock on which sleeping takes no time, and is remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_the_archive_waits_only_while_the_router_is_far_behind(stage: Stage) -> None:
    log, clock = stage.ports.log, Naps()
    await log.append([NewRecord(MENTIONS_CLASSIFIED.name, str(n), b"{}") for n in range(BEHIND)])
    await queue_first(log, clock)
    assert clock.slept == []
    await log.append([NewRecord(MENTIONS_CLASSIFIED.name, "one more", b"{}")])
    await queue_first(log, clock)
    assert clock.slept == [GIVES_WAY_S]
    router = await log.consumer(MentionHandler.group, [MENTIONS_CLASSIFIED.name])
    await router.commit(await log.end_offsets(MENTIONS_CLASSIFIED.name))
    await queue_first(log, clock)
    assert clock.slept == [GIVES_WAY_S]
    await router.close()
