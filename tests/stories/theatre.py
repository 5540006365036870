"""Plays a script through the whole chain and gives the report: for stories as tests."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from webcare.replay.report import to_json
from webcare.replay.run import Opening, Plan, in_folder, open_folder, prepare, replay

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday, deep in the night."""


class Play(Protocol):
    """Plays lines under a configuration and gives the report, checked for conservation."""

    def __call__(self, lines: list[dict[str, Any]], config: str | None = ...) -> dict[str, Any]:
        """The report."""
        ...


CONFIG = """
timezone: Europe/Amsterdam
brands: [{name: Wiedeldoorn}]
queues: [{name: klant, target: {critical: 15m, high: 1h, normal: 4h}}]
rules: [{name: reclame, when: {intent: spam}, filter: true}, {name: rest, queue: klant}]
people:
  - {name: sanne, notify: [{kind: webhook, url: "https://example.org/sanne"}]}
  - {name: ilse, notify: [{kind: webhook, url: "https://example.org/ilse"}]}
schedule: {name: webcare, rotation: {people: [sanne]}}
escalation:
  name: standaard
  steps: [{notify: [schedule:webcare]}, {after: 5m, notify: [person:ilse]}]
  last_resort: person:ilse
"""


def at(minutes: float) -> str:
    """An instant of the story, in minutes from its start."""
    return (START + timedelta(minutes=minutes)).isoformat()


def says(minutes: float, text: str, who: str, **more: object) -> dict[str, Any]:
    """Somebody writes."""
    message = {"id": f"{who}-{minutes}", "created_at": at(minutes), "text": text, "brand": "Wiedeldoorn", "author": who}
    return {**message, **more}


def does(minutes: float, action: str, by: str, **more: object) -> dict[str, Any]:
    """Somebody of the team acts."""
    return {"kind": "action", "created_at": at(minutes), "action": action, "by": by, **more}


def play_bytes(
    folder: Path, lines: list[dict[str, Any]], config: str | None = CONFIG, opening: Opening | None = None
) -> bytes:
    """The report of a play as it is written; played in `folder`, or where `opening` opens."""
    folder.mkdir(exist_ok=True)
    file = folder / "story.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    written = None
    if config:
        written = folder / "webcare.yaml"
        written.write_text(config)
    plan = Plan(path=file, config=written, latest=datetime(2030, 1, 1, tzinfo=UTC))
    prepared = prepare(plan)
    open_folder(folder / "data", plan, prepared.script)
    return to_json(asyncio.run(replay(plan, prepared, opening or in_folder(folder / "data"), lambda _n, _at: None)))


def checked(written: bytes) -> dict[str, Any]:
    """A report, once it is seen that nothing was lost."""
    report: dict[str, Any] = json.loads(written)
    assert report["conservation"]["holds"]
    assert report["conservation"]["in_flight"] == 0
    return report


def pages(report: dict[str, Any]) -> list[tuple[str, str, float]]:
    """(kind, to, minutes from the start) of every page that reached somebody."""
    return [(page["kind"], page["to"], _minutes(page["when"])) for page in report["pages"]]


def _minutes(written: str) -> float:
    return (datetime.fromisoformat(written) - START).total_seconds() / 60
