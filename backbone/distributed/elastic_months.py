"""Where mentions are kept: an index a month, and the names by which it is written and read.

With prefix ``webcare`` the mentions of November 2026 stand in ``webcare-mentions-2026.11-0001``. They are written
through the alias ``webcare-mentions-2026.11`` and read through ``webcare-mentions``. A rebuild fills indices of the
next number, which have no alias until one request gives them both and removes the old ones: nobody writes or reads a
half.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from backbone.distributed.elastic_server import Refusal, Server
from backbone.errors import Unavailable

FORMAT = 1
"""Rises with any change of the mappings or of what a word is; an archive of another format is built anew."""

_FIELD = {"type": "keyword"}
_STEMMED = {"type": "text", "norms": False, "index_options": "docs"}
MAPPINGS = {
    "dynamic": "strict",
    "_meta": {"format": FORMAT},
    "properties": {
        "id": {"type": "keyword", "index": False},
        # Microseconds: dates would cut them, or refuse what is older than the epoch.
        "created": {"type": "long"},
        "brand": _FIELD,
        "channel": _FIELD,
        "lang": _FIELD,
        "sentiment": _FIELD,
        "urgency": _FIELD,
        "intent": _FIELD,
        "care": _FIELD,
        "drill": {"type": "boolean"},
        "words": {
            "type": "text",
            "analyzer": "words",
            "norms": False,
            "fields": {"nl": {**_STEMMED, "analyzer": "dutch"}, "en": {**_STEMMED, "analyzer": "english"}},
        },
        # Given back as it came, and not looked into.
        "body": {"type": "object", "enabled": False},
    },
}

_WHOLE = {"tokenizer": "words", "filter": ["not_endless"]}
ANALYSIS = {
    # Words come in as `backbone.archive_words` cut and folded them, with spaces between.
    "tokenizer": {"words": {"type": "whitespace", "max_token_length": 1_048_576}},
    "filter": {
        # Lucene refuses terms over 32 kB; no question is that long.
        "not_endless": {"type": "truncate", "length": 8000},
        "stem_dutch": {"type": "stemmer", "language": "dutch"},
        "stem_english": {"type": "stemmer", "language": "english"},
    },
    "analyzer": {
        "words": {"type": "custom", **_WHOLE},
        "dutch": {"type": "custom", "tokenizer": "words", "filter": ["not_endless", "stem_dutch"]},
        "english": {"type": "custom", "tokenizer": "words", "filter": ["not_endless", "stem_english"]},
    },
}

SETTINGS = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    # Said outright, since a shard that nobody searches would else wait for the next search.
    "refresh_interval": "1s",
    "analysis": ANALYSIS,
}

_POLICY = {
    "phases": {
        "hot": {"actions": {}},
        # A month that is over is written no more. Forgetting is left to `expire`: one owner, one horizon.
        "warm": {"min_age": "45d", "actions": {"forcemerge": {"max_num_segments": 1}}},
    }
}


class Index(NamedTuple):
    """One index: its month (``2026.11``) and number, and whether it is written and read."""

    name: str
    month: str
    number: int
    live: bool
    read: bool


def month_of(created: datetime) -> str:
    """The month that a mention is kept in."""
    at = created.astimezone(UTC)
    return f"{at.year:04}.{at.month:02}"


def start_of(month: str) -> datetime:
    """Where a month begins."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)


def is_before(month: str, horizon: datetime) -> bool:
    """All of the month lies before `horizon`."""
    return month < month_of(horizon)


class _Aliases(msgspec.Struct):
    aliases: dict[str, msgspec.Raw] = {}


class _Meta(msgspec.Struct):
    format: int = 0


class _Mapping(msgspec.Struct):
    meta: _Meta = msgspec.field(name="_meta", default_factory=_Meta)


class _Mapped(msgspec.Struct):
    mappings: _Mapping = msgspec.field(default_factory=_Mapping)


class Months:
    """The indices of one installation."""

    def __init__(self, server: Server, prefix: str) -> None:
        self._server = server
        self.read = f"{prefix}-mentions"
        self._name = re.compile(rf"{re.escape(self.read)}-(\d{{4}}\.\d{{2}})-(\d{{4,}})")
        self._lifecycle = False

    def write(self, month: str) -> str:
        """Whereto a month's mentions are written, whichever index is behind it."""
        return f"{self.read}-{month}"

    def numbered(self, month: str, number: int) -> str:
        """The index itself."""
        return f"{self.read}-{month}-{number:04}"

    async def prepare(self) -> None:
        """Have the template, and the lifecycle policy where the server knows any."""
        self._lifecycle = await self._has_lifecycles()
        settings: dict[str, object] = dict(SETTINGS)
        if self._lifecycle:
            await self._server.ask("PUT", f"/_ilm/policy/{self.read}", {"policy": _POLICY})
            settings["lifecycle"] = {"name": self.read}
        template = {
            "index_patterns": [f"{self.read}-*"],
            "priority": 200,
            "_meta": {"format": FORMAT},
            "template": {"settings": {"index": settings}, "mappings": MAPPINGS},
        }
        await self._server.ask("PUT", f"/_index_template/{self.read}", template)

    async def _has_lifecycles(self) -> bool:
        try:
            await self._server.ask("GET", "/_ilm/status")
        except Refusal:
            return False
        except Unavailable as error:
            if error.code == "not_admitted":
                return False
            raise
        return True

    async def check_format(self) -> None:
        """Unavailable ``other_format`` if another version made what is there."""
        answer = await self._server.ask("GET", f"/{self.read}/_mapping", ignore_unavailable="true")
        found = msgspec.json.decode(answer, type=dict[str, _Mapped])
        if others := sorted({index.mappings.meta.format for index in found.values()} - {FORMAT}):
            raise Unavailable(
                f"{self.read}: the archive has format {others[0]}, and this version reads {FORMAT}.",
                code="other_format",
                remedy="Run webcare archive rebuild: it makes a new one from mentions.classified.",
            )

    async def indices(self) -> list[Index]:
        """All indices, by month and number."""
        answer = await self._server.ask("GET", f"/{self.read}-*/_alias")
        found = msgspec.json.decode(answer, type=dict[str, _Aliases])
        return sorted(index for name, each in found.items() if (index := self._index(name, each.aliases)))

    def _index(self, name: str, aliases: Collection[str]) -> Index | None:
        match = self._name.fullmatch(name)
        if match is None:
            return None
        month = match[1]
        return Index(name, month, int(match[2]), self.write(month) in aliases, self.read in aliases)

    async def live(self) -> dict[str, Index]:
        """What is written, by month."""
        return {index.month: index for index in await self.indices() if index.live}

    async def ensure(self, months: Collection[str]) -> Collection[str]:
        """Have these months; returns all months that there are."""
        live = await self.live()
        missing = sorted(set(months) - {index.month for index in live.values() if index.read})
        number = max((index.number for index in live.values()), default=1)
        for month in missing:
            await self._create(month, number, {self.write(month): {}})
        if missing:
            # Read only now that their shards have started: until then every question would fail.
            actions = [{"add": {"index": self.numbered(month, number), "alias": self.read}} for month in missing]
            await self._server.ask("POST", "/_aliases", {"actions": actions})
        return sorted({*live, *missing})

    async def create_fresh(self, months: Collection[str], number: int) -> Collection[str]:
        """The same for a rebuild: without any alias."""
        known = {index.month for index in await self.indices() if index.number == number}
        missing = sorted(set(months) - known)
        for month in missing:
            await self._create(month, number, {})
        return sorted({*known, *missing})

    async def _create(self, month: str, number: int, aliases: Mapping[str, object]) -> None:
        settings: dict[str, object] = {}
        if self._lifecycle:
            settings["index.lifecycle.origination_date"] = int(start_of(month).timestamp() * 1000)
        try:
            await self._server.ask(
                "PUT", f"/{self.numbered(month, number)}", {"aliases": aliases, "settings": settings}
            )
        except Refusal as refusal:
            if refusal.kind != "resource_already_exists_exception":
                raise Unavailable(
                    f"Elasticsearch does not make the index of {month}: {refusal.kind}.",
                    code="no_new_index",
                    remedy="Look at its limit of shards and at the user's privileges.",
                ) from refusal

    async def next_number(self) -> int:
        """The number of a rebuild. What a rebuild that was broken off left is removed."""
        found = await self.indices()
        await self.remove([index.name for index in found if not index.live])
        return max((index.number for index in found), default=1) + 1

    async def swap(self, number: int) -> None:
        """Read and write the indices of `number`, and remove those before, in one step.

        What somebody added to the old ones at that very moment goes in the next.
        """
        while actions := self._swap(await self.indices(), number):
            await self._server.ask("POST", "/_aliases", {"actions": actions})

    def _swap(self, found: Collection[Index], number: int) -> list[dict[str, object]]:
        old: list[dict[str, object]] = [
            {"remove_index": {"index": index.name}} for index in found if index.number != number
        ]
        new: list[dict[str, object]] = [
            {"add": {"index": index.name, "aliases": [self.read, self.write(index.month)]}}
            for index in found
            if index.number == number and not index.read
        ]
        return [*old, *new]

    async def remove(self, names: Collection[str]) -> None:
        if names:
            await self._server.ask("DELETE", f"/{','.join(names)}", ignore_unavailable="true")
