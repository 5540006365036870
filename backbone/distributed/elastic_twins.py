"""One mention, one document: a revision that moves a mention to another month leaves its older self behind there."""

import asyncio
from collections.abc import Callable, Collection, Sequence

import msgspec

from backbone.distributed.elastic_server import Server
from backbone.distributed.elastic_writing import Line, Row, forget, send

_LOOKED_UP_AT_ONCE = 1000


class _Id(msgspec.Struct):
    id: str


class _Known(msgspec.Struct):
    version: int = msgspec.field(name="_version")
    source: _Id = msgspec.field(name="_source")


class _Docs(msgspec.Struct):
    docs: list[_Known] = []


async def forget_twins(
    server: Server, rows: Sequence[Row], months: Collection[str], target: Callable[[str], str], *, aliases: bool
) -> None:
    """Of each of `rows`, which stand in their months, let only the newest version stay.

    `months` and twins are looked for after the rows were written: of two writers at once one at least sees both.
    """
    looked = [_twins(server, rows, month, target) for month in months]
    doomed = [line for lines in await asyncio.gather(*looked) for line in lines]
    if doomed:
        await send(server, doomed, None, aliases=aliases)


async def _twins(server: Server, rows: Sequence[Row], month: str, target: Callable[[str], str]) -> list[Line]:
    """The lines that delete, of `rows` of other months that stand in `month` too, the older of both."""
    others = {row.id: row for row in rows if row.month != month}
    ids = list(others)
    doomed: list[Line] = []
    for at in range(0, len(ids), _LOOKED_UP_AT_ONCE):
        for key, version in await _found(server, target(month), ids[at : at + _LOOKED_UP_AT_ONCE]):
            row = others[key]
            if version > row.version:
                doomed.append(forget(target(row.month), key, row.version))
            else:
                doomed.append(forget(target(month), key, version))
    return doomed


async def _found(server: Server, index: str, ids: Sequence[str]) -> list[tuple[str, int]]:
    """Those that are there, with their versions: a look-up by id sees also what is not searchable yet.

    What is not there has none of the fields that are asked for, so it costs no answer.
    """
    only = "docs._version,docs._source.id"
    answer = await server.ask("POST", f"/{index}/_mget", {"ids": ids}, _source="id", filter_path=only)
    return [(each.source.id, each.version) for each in msgspec.json.decode(answer, type=_Docs).docs]
