"""The archive on Elasticsearch: the same words and the same answers as the embedded one, on a cluster.

A document is a mention, with what is searched in fields of its own and the whole event beside them as it came. What a
word is, `backbone.archive_words` says for both archives; the server indexes those words, and their stems in Dutch and
English for who asks for every form of one.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from backbone.archive_facts import (
    check_buckets,
    check_facets,
    check_hits,
    check_interval,
    cursor,
    micros,
    read_cursor,
)
from backbone.archive_query import read_query
from backbone.distributed import elastic_reading as reading
from backbone.distributed.connections import Elastic
from backbone.distributed.elastic_months import Months, is_before, start_of
from backbone.distributed.elastic_server import Refusal, Server, wrong_version
from backbone.distributed.elastic_twins import forget_twins
from backbone.distributed.elastic_writing import Row, forget, prepare, put, send
from backbone.errors import Unavailable
from backbone.ports import Archive, ArchivePage, ArchiveQuery, Bucket
from contracts.mentions import ClassifiedMention

EXPIRE_DOCS = 1000


class ElasticArchive(Archive):
    """See `Archive`. What was indexed is found within a second, or at once with `refresh`.

    A batch may be seen in part for a moment. For a minute after `expire`, versions of a mention older than the one that
    was forgotten stay forgotten.
    """

    @classmethod
    async def open(
        cls, connection: Elastic, *, refresh: bool = False, any_format: bool = False, late: bool = False
    ) -> "ElasticArchive":
        """Reach the server and have the index template. `any_format`: for a rebuild, whatever is there.

        Unavailable ``archive_away``, ``wrong_version``, ``not_admitted``, ``untrusted_certificate``, ``other_format``.
        `late`: gives it at once, also while the server is away; then these come with its first uses.
        """
        server = Server(connection)
        archive = cls(server, Months(server, connection.prefix), refresh, any_format)
        try:
            if not late:
                await archive.reach()
        except BaseException:
            await archive.close()
            raise
        return archive

    def __init__(self, server: Server, months: Months, refresh: bool, any_format: bool = False) -> None:
        self._server = server
        self._refresh = refresh
        self._any_format = any_format
        self._reached = False
        self._reaching = asyncio.Lock()
        self.months = months

    async def reach(self) -> None:
        """Look once whether the server is one that we know, and have what our indices need."""
        if self._reached:
            return
        async with self._reaching:
            if not self._reached:
                await _check_version(self._server)
                await self.months.prepare()
                if not self._any_format:
                    await self.months.check_format()
                self._reached = True

    async def index(self, mentions: Sequence[tuple[ClassifiedMention, int]]) -> None:
        rows = await asyncio.to_thread(prepare, mentions)
        if rows:
            await self.reach()
            await self._index(rows)

    async def _index(self, rows: Sequence[Row]) -> None:
        wanted = {row.month for row in rows}
        lines = [put(row, self._target(row.month)) for row in rows]
        await send(self._server, lines, lambda: self._ensure(wanted), aliases=self._aliases)
        months = await self._ensure(wanted)
        if len(months) > 1:
            await forget_twins(self._server, rows, months, self._target, aliases=self._aliases)
        if self._refresh:
            await self._server.ask("POST", f"/{self._readable()}/_refresh", ignore_unavailable="true")

    # Where it writes and reads: a rebuild differs in these only.

    _aliases = True

    async def _ensure(self, months: Collection[str]) -> Collection[str]:
        return await self.months.ensure(months)

    def _target(self, month: str) -> str:
        return self.months.write(month)

    def _readable(self) -> str:
        return self.months.read

    async def search(self, query: ArchiveQuery, limit: int, after: str | None = None) -> ArchivePage:
        check_hits(limit)
        clauses, position = read_query(query.text), read_cursor(after)
        request = reading.page_request(reading.condition(query, clauses), limit + 1, position, clauses)
        hits, total = reading.read_page(await self._ask(request), clauses)
        more = len(hits) > limit
        return ArchivePage(
            hits=tuple(hits[:limit]), total=total, next=cursor(hits[limit - 1].mention) if more else None
        )

    async def histogram(self, query: ArchiveQuery, interval_s: int) -> Sequence[Bucket]:
        check_interval(interval_s)
        found, interval = reading.condition(query, read_query(query.text)), interval_s * 1_000_000
        period = reading.read_period(await self._ask(reading.period_request(found)), interval)
        if period is None:
            return []
        first, last = period
        check_buckets(last - first + 1, interval_s)
        answers = [
            await self._ask(reading.buckets_request(found, interval, at, min(at + reading.BUCKETS_AT_ONCE - 1, last)))
            for at in range(first, last + 1, reading.BUCKETS_AT_ONCE)
        ]
        return reading.read_buckets(answers, interval, first, last)

    async def facets(
        self, query: ArchiveQuery, fields: Sequence[str], limit: int = 20
    ) -> Mapping[str, Mapping[str, int]]:
        check_facets(fields, limit)
        found = reading.condition(query, read_query(query.text))
        return reading.read_facets(await self._ask(reading.facets_request(found, fields, limit)), fields)

    async def _ask(self, request: dict[str, Any]) -> bytes:
        await self.reach()
        # Part of an answer would be a wrong total; a month that is being dropped just now is no error.
        try:
            return await self._server.ask(
                "POST",
                f"/{self._readable()}/_search",
                request,
                allow_partial_search_results="false",
                ignore_unavailable="true",
            )
        except Refusal as refusal:
            raise Unavailable(
                f"Elasticsearch does not search: {refusal.kind} ({refusal.status}).",
                code="archive_unwell",
                remedy="Look at its log.",
            ) from refusal

    async def expire(self, before: datetime) -> int:
        await self.reach()
        horizon, forgotten = micros(before), 0
        for month in sorted(await self.months.live()):
            if is_before(month, before):
                forgotten += await self._drop(month)
            elif start_of(month) < before:
                forgotten += await self._forget(month, horizon)
        return forgotten

    async def _drop(self, month: str) -> int:
        name = self.months.write(month)
        await self._server.ask("POST", f"/{name}/_refresh", ignore_unavailable="true")
        counted = msgspec.json.decode(await self._server.ask("GET", f"/{name}/_count", ignore_unavailable="true"))
        index = (await self.months.live()).get(month)
        if index is None:
            return 0
        await self.months.remove([index.name])
        return int(counted["count"])

    async def _forget(self, month: str, horizon: int) -> int:
        """Delete what is older than `horizon`, a portion at a time, until nothing of it is found."""
        name, forgotten = self.months.write(month), 0
        request = {
            "query": {"range": {"created": {"lt": horizon}}},
            "size": EXPIRE_DOCS,
            "version": True,
            "_source": False,
            "sort": ["_doc"],
        }
        while True:
            await self._server.ask("POST", f"/{name}/_refresh", ignore_unavailable="true")
            old = _versions(await self._server.ask("POST", f"/{name}/_search", request, ignore_unavailable="true"))
            if not old:
                return forgotten
            forgotten += await send(
                self._server, [forget(name, key, version) for key, version in old], None, aliases=True
            )

    async def ping(self) -> None:
        await self.reach()
        answer = await self._server.ask("GET", f"/_cluster/health/{self.months.read}*", timeout="1s")
        if msgspec.json.decode(answer)["status"] == "red":
            raise Unavailable(
                "Elasticsearch misses part of the archive (red).",
                code="archive_red",
                remedy="Look at its cluster health.",
            )

    async def close(self) -> None:
        await self._server.close()

    async def fresh(self) -> "FreshArchive":
        """An empty archive beside this one, which is searched meanwhile; `take_over` puts it in its place.

        One at a time: what another rebuild left is removed.
        """
        return FreshArchive(self._server, self.months, await self.months.next_number())


class FreshArchive(ElasticArchive):
    """What a rebuild fills. Closed with the archive it came from."""

    _aliases = False

    def __init__(self, server: Server, months: Months, number: int) -> None:
        super().__init__(server, months, refresh=False)
        self._number = number
        self._reached = True

    async def take_over(self) -> None:
        """Be the archive from now on; the indices before are gone. In one step: no question sees both or neither."""
        await self._server.ask("POST", f"/{self._readable()}/_refresh")
        await self.months.swap(self._number)

    async def _index(self, rows: Sequence[Row]) -> None:
        await self._ensure({row.month for row in rows})
        await super()._index(rows)

    async def _ensure(self, months: Collection[str]) -> Collection[str]:
        return await self.months.create_fresh(months, self._number)

    def _target(self, month: str) -> str:
        return self.months.numbered(month, self._number)

    def _readable(self) -> str:
        return f"{self.months.read}-*-{self._number:04}"


async def _check_version(server: Server) -> None:
    try:
        told = msgspec.json.decode(await server.ask("GET", "/"), type=_Told)
    except (Refusal, msgspec.DecodeError) as error:
        raise wrong_version("no Elasticsearch") from error
    if told.version.number.partition(".")[0] != "8":
        raise wrong_version(f"Elasticsearch {told.version.number}")


class _Version(msgspec.Struct):
    number: str


class _Told(msgspec.Struct):
    version: _Version


class _Old(msgspec.Struct):
    id: str = msgspec.field(name="_id")
    version: int = msgspec.field(name="_version")


class _OldHits(msgspec.Struct):
    hits: list[_Old] = []


class _OldFound(msgspec.Struct):
    hits: _OldHits


def _versions(answer: bytes) -> list[tuple[str, int]]:
    return [(old.id, old.version) for old in msgspec.json.decode(answer, type=_OldFound).hits.hits]
