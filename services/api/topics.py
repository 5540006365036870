"""What mentions are about, against the brand's history: read from the archive, bounded, the same every time."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from backbone.ports import Archive, ArchiveQuery, Bucket, Clock
from backbone.records import StoredMention
from contracts.mentions import ClassifiedMention
from services.api.domain.terms import names_left_out
from services.api.domain.topics import Reason, Topic, candidates, reason, stands_out
from services.api.domain.voices import Said, count

HISTORY = timedelta(days=28)
"""How far before the mentions history goes back."""
LONGEST_PERIOD = timedelta(days=31)
MOST_READ = 2_000
MOST_READ_BEFORE = 4_000
MOST_TOPICS = 50
_SLICES = 28
_QUESTIONS_AT_ONCE = 4
_PAGE = 1_000
_LASTS = timedelta(minutes=1)
_MOST_REMEMBERED = 128


class Compared(NamedTuple):
    """One side of the comparison: how many mentions there are, and what those that were read hold."""

    since: datetime
    until: datetime
    mentions: int
    read: int
    people: int


class About(NamedTuple):
    """What mentions are about, most telling first, and why there is no more to tell."""

    reason: Reason
    topics: tuple[Topic, ...]
    now: Compared
    before: Compared


class TopicReader:
    """Answers one question at a time, and the same question within a minute from memory.

    So a room full of people who open the same incident cost as much as one, and work beside it goes on.
    """

    def __init__(self, archive: Archive, clock: Clock, names: Mapping[str, Sequence[str]]) -> None:
        """`names` are what a brand is called: words that say nothing about what is the matter with it."""
        self._archive = archive
        self._clock = clock
        self._names = names
        self._turn = asyncio.Lock()
        self._known: OrderedDict[Hashable, tuple[datetime, About]] = OrderedDict()

    async def of_period(self, query: ArchiveQuery) -> About:
        """The mentions of one brand between `since` and `until` (both given), against like ones before them."""
        async with self._turn:
            known = self._remembered(query)
            if known is None:
                asked = _Asked.by(query)
                known = self._remember(query, await self._compare(asked, await _read(self._archive, asked, MOST_READ)))
            return known

    async def of_mentions(self, brand: str, mentions: Sequence[StoredMention]) -> About:
        """Some mentions of a brand, in order of time, against all that was said before the first one."""
        key = (brand, tuple((one.id, one.revision) for one in mentions))
        async with self._turn:
            known = self._remembered(key)
            if known is None:
                said = [_stored(one) for one in mentions]
                times = [one.created_at for one in mentions] or [self._clock.now()]
                asked = _Asked(ArchiveQuery(brands=(brand,)), min(times), max(times))
                known = self._remember(key, await self._compare(asked, _Read(len(said), said)))
            return known

    async def _compare(self, asked: "_Asked", read: "_Read") -> About:
        left_out = names_left_out(self._called(asked.query.brands or ()))
        now = await asyncio.to_thread(count, read.said, left_out)
        history = asked.history()
        past = await _read(self._archive, history, MOST_READ_BEFORE) if now.mentions else _Read(0, [])
        only = {term for term, _ in candidates(now)}
        before = await asyncio.to_thread(count, past.said, left_out, only)
        topics = stands_out(now, before, MOST_TOPICS)
        return About(
            reason=reason(now, before, topics),
            topics=tuple(topics),
            now=Compared(asked.since, asked.until, read.total, now.mentions, now.people),
            before=Compared(history.since, history.until, past.total, before.mentions, before.people),
        )

    def _called(self, brands: Sequence[str]) -> Iterator[str]:
        for brand in brands:
            yield from (brand, *self._names.get(brand, ()))

    def _remembered(self, key: Hashable) -> About | None:
        at, about = self._known.get(key, (None, None))
        return about if at is not None and self._clock.now() - at < _LASTS else None

    def _remember(self, key: Hashable, about: About) -> About:
        self._known[key] = (self._clock.now(), about)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return about


class _Asked(NamedTuple):
    """Mentions of a period."""

    query: ArchiveQuery
    since: datetime
    until: datetime

    @classmethod
    def by(cls, query: ArchiveQuery) -> "_Asked":
        assert query.since is not None
        assert query.until is not None
        return cls(query, query.since, query.until)

    def history(self) -> "_Asked":
        """Like mentions before these. A rehearsal is compared with what people really said."""
        return _Asked(replace(self.query, drill=False), self.since - HISTORY, self.since)

    def within(self, since: datetime, until: datetime) -> ArchiveQuery:
        return replace(self.query, since=max(since, self.since), until=min(until, self.until))


class _Read(NamedTuple):
    """How many mentions there are, and those that were read, in order of time."""

    total: int
    said: list[Said]


async def _read(archive: Archive, asked: _Asked, most: int) -> _Read:
    """All that answer, or `most` of them: the same number from each slice of time, as far as it has them.

    So a past crisis is not all there is of history, and two readers read the same.
    """
    interval = timedelta(seconds=max(60, -(-int((asked.until - asked.since).total_seconds()) // _SLICES)))
    counted = await archive.histogram(asked.within(asked.since, asked.until), int(interval.total_seconds()))
    buckets = [bucket for bucket in counted if bucket.count]
    turns = asyncio.Semaphore(_QUESTIONS_AT_ONCE)

    async def oldest_first(part: ArchiveQuery, quota: int) -> list[Said]:
        async with turns:
            return [_classified(event) for event in reversed(await _newest(archive, part, quota))]

    found = await asyncio.gather(*(oldest_first(*part) for part in _parts(asked, buckets, interval, most)))
    return _Read(sum(bucket.count for bucket in buckets), [said for part in found for said in part])


def _parts(
    asked: _Asked, buckets: Sequence[Bucket], interval: timedelta, most: int
) -> Iterator[tuple[ArchiveQuery, int]]:
    """What to ask for, and how many of it; neighbours that are read whole are asked for at once."""
    share = _share([bucket.count for bucket in buckets], most)
    start, whole = asked.since, 0
    for bucket in buckets:
        if bucket.count <= share:
            whole += bucket.count
            continue
        if whole:
            yield asked.within(start, bucket.start), whole
        start, whole = bucket.start + interval, 0
        yield asked.within(bucket.start, start), share
    if whole:
        yield asked.within(start, asked.until), whole


def _share(counts: Sequence[int], most: int) -> int:
    """How many to read of each slice, so that it is `most` in all at the utmost."""
    left, slices = most, len(counts)
    for each in sorted(counts):
        if each * slices >= left:
            return left // slices
        left, slices = left - each, slices - 1
    return max(counts, default=0)


async def _newest(archive: Archive, query: ArchiveQuery, quota: int) -> list[ClassifiedMention]:
    found: list[ClassifiedMention] = []
    after: str | None = None
    while len(found) < quota:
        page = await archive.search(query, min(_PAGE, quota - len(found)), after)
        found += [hit.mention for hit in page.hits]
        after = page.next
        if after is None:
            break
    return found


def _classified(event: ClassifiedMention) -> Said:
    said = event.mention
    person = (said.source, said.author.id) if said.author else said.id
    return Said(said.id, person, said.text, said.repost_of is not None)


def _stored(mention: StoredMention) -> Said:
    return Said(mention.id, mention.person or mention.id, mention.text, mention.copied)
