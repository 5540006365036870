"""Mentions into Elasticsearch: in bulk requests of bounded size, each item judged by itself.

Twice is once: a document's version is the mention's, and the server refuses an older one (409), which is success.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from backbone.archive_facts import FIELDS, body, field_values, micros, newest
from backbone.archive_words import words
from backbone.distributed.elastic_months import month_of
from backbone.distributed.elastic_server import Refusal, Server, busy
from backbone.errors import Backpressure, BadInput, Unavailable
from contracts.mentions import ClassifiedMention

MAX_REQUEST_BYTES = 1 << 20
"""A larger body is written to the socket in one go, and everything else waits meanwhile."""
MAX_ID_BYTES = 512
TRIES = 5
FIRST_PAUSE_S = 0.1

_PARAMS = {"timeout": "10s", "filter_path": "items.*.status,items.*.error.type"}
_GONE = "index_not_found_exception"
_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """One mention as it is kept, and the month it belongs to."""

    id: str
    version: int
    month: str
    source: bytes


class Line(NamedTuple):
    """One item of a bulk request."""

    id: str
    content: bytes


class _Cause(msgspec.Struct):
    type: str = "unknown"


class _Item(msgspec.Struct):
    status: int
    error: _Cause | None = None

    @property
    def kind(self) -> str:
        return self.error.type if self.error else ""


class _Items(msgspec.Struct):
    items: list[dict[str, _Item]]


_items = msgspec.json.Decoder(_Items).decode


# --------------------------------------------------------------------------------------------------- what is sent


def prepare(events: Iterable[tuple[ClassifiedMention, int]]) -> list[Row]:
    """One row per mention id, the newest; BadInput ``bad_id``, ``not_unicode``."""
    return [_row(event, version) for event, version in newest(events)]


def _row(event: ClassifiedMention, version: int) -> Row:
    mention, whole = event.mention, body(event)
    if not 0 < len(mention.id.encode()) <= MAX_ID_BYTES:
        raise BadInput(
            f"A mention's id is empty or longer than {MAX_ID_BYTES} bytes.",
            code="bad_id",
            remedy="Have its source send a shorter one.",
        )
    document = {
        "id": mention.id,
        "created": micros(mention.created_at),
        **dict(zip(FIELDS, field_values(event), strict=True)),
        "drill": mention.drill,
        "words": " ".join(words(mention.text)),
        "body": msgspec.Raw(whole),
    }
    return Row(mention.id, version, month_of(mention.created_at), _encode(document))


def put(row: Row, target: str) -> Line:
    """The line that puts `row` where it is not known in a newer version."""
    return Line(row.id, b"%b\n%b\n" % (_action("index", target, row.id, row.version), row.source))


def forget(target: str, key: str, version: int) -> Line:
    """The line that deletes a document unless it is newer than `version`.

    With that version, and not by a query, which would leave the next higher one behind and so bar the mention for a
    minute from coming back.
    """
    return Line(key, b"%b\n" % _action("delete", target, key, version))


def _action(kind: str, target: str, key: str, version: int) -> bytes:
    return _encode({kind: {"_index": target, "_id": key, "version": version, "version_type": "external_gte"}})


def _portions(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """`lines` in requests of bounded size; a line that is larger goes alone."""
    portion: list[Line] = []
    size = 0
    for line in lines:
        if portion and size + len(line.content) > MAX_REQUEST_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line.content)
    if portion:
        yield portion


# ------------------------------------------------------------------------------------------------------- sending


async def send(
    server: Server, lines: Sequence[Line], missing: Callable[[], Awaitable[object]] | None, *, aliases: bool
) -> int:
    """Send all of `lines`, or raise; returns how many changed something.

    What the server has no room for now is sent again, a few times, then Backpressure; Unavailable where it cannot;
    BadInput ``unindexable`` names the first that it never takes. The others may be there by then: to send them all
    again does no harm. `missing` makes what turns out to be gone; without it those lines count as not changed.
    `aliases`: they name aliases, so a month that was dropped does not come back as an index that nobody reads.
    """
    params = {**_PARAMS, "require_alias": "true"} if aliases else _PARAMS
    return sum([await _send_portion(server, portion, missing, params) for portion in _portions(lines)])


async def _send_portion(
    server: Server, portion: list[Line], missing: Callable[[], Awaitable[object]] | None, params: Mapping[str, str]
) -> int:
    done = 0
    for attempt in range(TRIES):
        try:
            items = await _request(server, portion, params)
        except Backpressure as error:
            if error.code != "archive_busy":
                raise
            items = [_Item(429)] * len(portion)
        done += sum(item.status < 300 for item in items)
        judged = list(zip(portion, items, strict=True))
        _refuse_bad(judged)
        gone = any(item.kind == _GONE for item in items)
        portion = [line for line, item in judged if _comes_again(item, missing is not None)]
        if not portion:
            return done
        if gone and missing is not None:
            await missing()
            continue
        await asyncio.sleep(random.uniform(0.5, 1.0) * FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - no secret
    raise _exhausted(items)


async def _request(server: Server, portion: Sequence[Line], params: Mapping[str, str]) -> list[_Item]:
    try:
        answer = await server.bulk(b"".join(line.content for line in portion), **params)
    except Refusal as refusal:
        raise BadInput(
            f"Elasticsearch refuses {len(portion)} documents at once: {refusal.kind} ({refusal.status}).",
            code="unindexable",
            remedy="Raise its limit of a request's size (http.max_content_length, or that of a proxy before it).",
        ) from refusal
    return [item for each in _items(answer).items for item in each.values()]


def _comes_again(item: _Item, make_missing: bool) -> bool:
    return item.status in (429, 503) or (make_missing and item.kind == _GONE)


def _refuse_bad(judged: Sequence[tuple[Line, _Item]]) -> None:
    for line, item in judged:
        if item.kind == "strict_dynamic_mapping_exception":
            raise Unavailable(
                "The indices of the archive are those of another version.",
                code="other_format",
                remedy="Run the version that made them, or webcare archive rebuild with this one.",
            )
        if item.status in (400, 413):
            raise BadInput(
                f"Elasticsearch cannot take mention {line.id!r}: {item.kind}.",
                code="unindexable",
                remedy="Look at the length of its brand and channel.",
            )
        if item.status < 300 or item.status in (404, 409, 429, 503):
            continue
        raise Unavailable(
            f"Elasticsearch does not write: {item.kind} ({item.status}).",
            code="archive_blocked",
            remedy="Look at the blocks of its indices and at the user's privileges.",
        )


def _exhausted(items: Sequence[_Item]) -> Unavailable:
    if any(item.status == 503 for item in items):
        return Unavailable(
            "Elasticsearch has no shard to write to.", code="archive_red", remedy="Look at its cluster health."
        )
    if any(item.status == 404 for item in items):
        return Unavailable(
            "The indices of the archive come and go.", code="archive_gone", remedy="Look at who else removes them."
        )
    return busy()
