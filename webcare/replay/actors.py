"""The people of a replay: they act through the public API, as the dashboard does."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from backbone.errors import NotFound
from backbone.ids import derive
from backbone.ports import Desk, DeskTransaction, ItemFilter
from contracts.mentions import Mention
from webcare.replay.defaults import on_call_of
from webcare.replay.lines import Action, Line, Script

_KINDS = ("latest", "spike", "silence", "critical")


class Actors:
    """Plays action lines. Each line acts at most once over all runs on the same data; a refusal is an outcome too."""

    def __init__(self, client: httpx.AsyncClient, keys: Mapping[str, str], desk: Desk, script: Script) -> None:
        self._client = client
        self._keys = keys
        self._desk = desk
        self._mentions = {
            line.happens.native_id: line.happens.id for line in script.lines if isinstance(line.happens, Mention)
        }
        self._brands = {
            line.happens.native_id: line.happens.brand for line in script.lines if isinstance(line.happens, Mention)
        }
        self._default = next(iter(keys))

    def person(self, action: Action) -> str:
        """Who acts: as written, else who is on call for the brand in a replay without configuration, else the first."""
        brand = action.brand or self._brands.get(action.target or "")
        on_call = on_call_of(brand) if brand else ""
        return action.person or (on_call if on_call in self._keys else self._default)

    async def is_done(self, line: Line) -> bool:
        """An earlier run on the same data has played it."""
        async with self._desk.reading() as desk:
            return await desk.recall(_done(line), "replay") is not None

    async def act(self, line: Line) -> None:
        """Play one line, and remember how it ended."""
        assert isinstance(line.happens, Action)
        outcome = await self._play(line, line.happens)
        async with self._desk.transaction() as desk:
            await desk.remember(_done(line), "replay", outcome.encode(), line.at)

    async def outcomes(self, script: Script) -> Counter[str]:
        """How the script's actions ended: ``claim: done``, ``reply: stale_fence``."""
        found: Counter[str] = Counter()
        async with self._desk.reading() as desk:
            for line in script.lines:
                if isinstance(line.happens, Action):
                    outcome = await desk.recall(_done(line), "replay")
                    found[f"{line.happens.verb}: {(outcome or b'not played').decode()}"] += 1
        return found

    async def _play(self, line: Line, action: Action) -> str:
        target = await self._target(action)
        if target is None:
            return "no_target"
        path, body = target
        headers = {"Authorization": f"Bearer {self._keys[self.person(action)]}", "Idempotency-Key": _done(line)}
        answer = await self._client.post(path, json=body, headers=headers)
        if answer.is_success:
            return "done"
        return str(answer.json().get("code", answer.status_code))

    async def _target(self, action: Action) -> tuple[str, dict[str, Any]] | None:
        if action.verb == "acknowledge" or (action.verb == "resolve" and self._is_incident(action)):
            incident = await self._incident(action)
            return (f"/v1/incidents/{incident}/{action.verb}", {}) if incident else None
        item = await self._item(action)
        if item is None:
            return None
        item_id, fence = item
        bodies: dict[str, dict[str, Any]] = {"claim": {}, "reply": {"fence": fence, "text": action.text or "..."}}
        return f"/v1/items/{item_id}/{action.verb}", bodies.get(action.verb, {"fence": fence})

    def _is_incident(self, action: Action) -> bool:
        return action.target in _KINDS or (action.target or "").startswith("inc_")

    async def _incident(self, action: Action) -> str | None:
        """That of the mention or item; by id; else the newest that still wakes people, of the kind and brand."""
        if action.target and not self._is_incident(action):
            return await self._incident_of_item(action)
        wanted = action.target or "latest"
        async with self._desk.reading() as desk:
            found = await desk.incidents([action.brand] if action.brand else None, ("triggered",), 500)
        matching = [each.id for each in found if wanted in ("latest", each.kind, each.id)]
        return matching[0] if matching else wanted if wanted.startswith("inc_") else None

    async def _incident_of_item(self, action: Action) -> str | None:
        found = await self._item(action)
        if found is None:
            return None
        async with self._desk.reading() as desk:
            return (await desk.item(found[0])).incident_id

    async def _item(self, action: Action) -> tuple[str, int] | None:
        """By mention or id; else what the person holds (to claim: the first that waits)."""
        async with self._desk.reading() as desk:
            if action.target is None:
                return await self._in_line(desk, action)
            mention_id = self._mentions.get(action.target, action.target)
            known = (await desk.mentions([mention_id])).get(mention_id)
            item_id = known.item_id if known else action.target
            try:
                return (item_id, (await desk.item(item_id)).fence) if item_id else None
            except NotFound:
                return None

    async def _in_line(self, desk: DeskTransaction, action: Action) -> tuple[str, int] | None:
        brands = (action.brand,) if action.brand else None
        own = ItemFilter(brands=brands, states=("claimed",), holder=self.person(action), limit=1)
        first = ItemFilter(brands=brands, states=("waiting",), limit=1)
        found = (await desk.items(first if action.verb == "claim" else own)).items
        return (found[0].id, found[0].fence) if found else None


def _done(line: Line) -> str:
    return derive("act", line.number, line.at.isoformat())
