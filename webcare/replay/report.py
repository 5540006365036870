"""What a replay ends with: the same bytes from the same file, on any machine, after any crash."""

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from backbone.ports import ArchiveQuery, DeskTransaction, ItemFilter
from backbone.records import Incident, Item, Page, Spike
from services.router.domain.conservation import conservation, incident_conservation, page_conservation
from webcare.adapters import Adapters
from webcare.compose import DEAD_BEFORE_THE_DESK
from webcare.dead import DeadBeforeTheDesk
from webcare.replay.lines import Script

_FACETS = ("urgency", "sentiment", "intent", "care", "lang")
_REACHED = ("accepted", "delivered", "read")
_ALL = 1_000_000


async def build_report(adapters: Adapters, script: Script, actions: Counter[str]) -> dict[str, Any]:
    """Everything worth telling, in plain data with a fixed order; instants are those of the replay."""
    dead = await DeadBeforeTheDesk(adapters.log).count()
    counts = {**await adapters.desk.counts(), DEAD_BEFORE_THE_DESK: dead}
    law = conservation(script.received, sum(script.refused.values()), script.accepted, counts)
    async with adapters.desk.reading() as desk:
        items = await _items(desk)
        incidents = sorted(await desk.incidents(None, None, _ALL), key=lambda each: (each.opened_at, each.id))
        pages = sorted(await desk.pages(), key=lambda each: (each.accepted_at or each.due_at, each.id))
        spikes = sorted(await desk.spikes(None, False, _ALL), key=lambda each: (each.opened_at, each.id))
    alarms = incident_conservation(len(incidents), counts)
    paged = page_conservation(Counter(page.state for page in pages), counts)
    return {
        "received": script.received,
        "refused": sum(script.refused.values()),
        "refused_because": dict(sorted(script.refused.items())),
        "accepted": script.accepted,
        "duplicates": law.sums["duplicates"],
        "edits": law.sums["edits"],
        "classes": await _classes(adapters),
        "items": len(items),
        "items_by_queue": _counted(item.queue for item in items),
        "items_by_state": _counted(item.state for item in items),
        "items_overdue": sum(item.overdue for item in items),
        "incidents": len(incidents),
        "incidents_by_kind": _counted(incident.kind for incident in incidents),
        "incidents_by_state": _counted(incident.state for incident in incidents),
        "spikes": [_spike(spike) for spike in spikes],
        "pages": [_page(page) for page in pages if page.state in _REACHED],
        "pages_by_state": _counted(page.state for page in pages),
        "actions": dict(sorted(actions.items())),
        "conservation": {
            "holds": law.holds and alarms.holds and paged.holds,
            "in_flight": law.in_flight,
            **law.sums,
            "incidents": {"holds": alarms.holds, **alarms.sums},
            "pages": {"holds": paged.holds, "open": paged.in_flight, **paged.sums},
            "by_reason": {f"{name}:{reason}": n for (name, reason), n in sorted(counts.items()) if reason},
        },
        "digests": {"items": _digest(items), "incidents": _digest(incidents), "pages": _digest(pages)},
    }


async def _items(desk: DeskTransaction) -> list[Item]:
    items: list[Item] = []
    after = None
    while True:
        page = await desk.items(ItemFilter(after=after, limit=500))
        items += page.items
        after = page.next
        if after is None:
            return sorted(items, key=lambda item: (item.opened_at, item.id))


async def _classes(adapters: Adapters) -> dict[str, dict[str, int]]:
    found = await adapters.archive.facets(ArchiveQuery(), _FACETS, 100)
    return {field: dict(sorted(found.get(field, {}).items())) for field in _FACETS}


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _spike(spike: Spike) -> dict[str, Any]:
    return {
        "brand": spike.brand,
        "series": spike.series,
        "incident": spike.incident_id,
        "opened": _written(spike.opened_at),
        "closed": _written(spike.closed_at),
        "evidence": spike.evidence,
    }


def _page(page: Page) -> dict[str, Any]:
    accepted = page.accepted_at or page.due_at
    return {
        "when": _written(accepted),
        "brand": page.brand,
        "kind": page.kind,
        "to": page.person,
        "channel": page.channel,
        "why": f"{page.title} {page.body}".strip(),
        "reason": page.reason,
        "delay_s": round((accepted - page.since).total_seconds(), 3),
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _digest(records: list[Item] | list[Incident] | list[Page]) -> str:
    """One hash over all records, so that two runs can be compared without listing them."""
    return hashlib.sha256(msgspec.json.encode(records)).hexdigest()[:16]


def to_json(report: dict[str, Any]) -> bytes:
    """The report as a file: the same report is the same bytes."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def print_report(report: dict[str, Any], console: Console) -> None:
    """The report for people."""
    law = report["conservation"]
    console.print(
        f"received {report['received']} = refused {report['refused']} + accepted {report['accepted']}; "
        f"accepted = duplicates {law['duplicates']} + edits {law['edits']} + opened {law['opened']} "
        f"+ folded {law['folded']} + filtered {law['filtered']} + dead {law['dead']} + in flight {law['in_flight']}: "
        + ("[green]holds[/]" if law["holds"] else "[red]DOES NOT HOLD[/]"),
        soft_wrap=True,
    )
    for name, values in report["classes"].items():
        console.print(f"{name}: " + ", ".join(f"{value} {count}" for value, count in values.items()))
    console.print(f"items {report['items']} {report['items_by_state']}, overdue {report['items_overdue']}")
    console.print(f"incidents {report['incidents']} {report['incidents_by_kind']}")
    console.print(_spike_table(report["spikes"]))
    console.print(_page_table(report["pages"]))
    if report["actions"]:
        console.print("actions: " + ", ".join(f"{name} {count}" for name, count in report["actions"].items()))


def _spike_table(spikes: list[dict[str, Any]]) -> Table:
    table = Table("brand", "opened", "closed", "seen", "expected", "window", "people", title=f"{len(spikes)} spikes")
    for spike in spikes:
        proof = spike["evidence"]
        row = (proof.get("seen"), f"{proof.get('expected', 0):.1f}", f"{proof.get('window_s', 0) // 60} min")
        opened, closed = spike["opened"][:19], (spike["closed"] or "open")[:19]
        table.add_row(spike["brand"], opened, closed, *map(str, row), str(proof.get("people")))
    return table


def _page_table(pages: list[dict[str, Any]]) -> Table:
    table = Table("when", "brand", "kind", "to", "delay", "why", title=f"{len(pages)} pages")
    for page in pages[:60]:
        why = page["why"][:110]
        table.add_row(page["when"][:19], page["brand"], page["kind"], page["to"], f"{page['delay_s']:.0f} s", why)
    if len(pages) > 60:
        table.add_row("...", "", "", "", "", f"and {len(pages) - 60} more: --report-json has them all")
    return table
