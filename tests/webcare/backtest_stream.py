"""A made-up history: quiet days of one brand, and what happens in some of them."""

import csv
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from services.classify.judges import Judges
from webcare.backtesting.candidates import Candidate
from webcare.backtesting.judged import Judged
from webcare.backtesting.material import FileMaterial, judges_of
from webcare.backtesting.report import Backtest
from webcare.backtesting.run import Told, backtest
from webcare.config.schema import ClassifyPart
from webcare.replay.lines import columns_of, read_script

START = datetime(2026, 3, 2, tzinfo=UTC)
LATEST = datetime(2026, 6, 1, tzinfo=UTC)
EVERYTHING = Told()
QUIET = tuple(
    f"{opening} {what} {where}?"
    for opening in ("Hebben jullie", "Is er nog", "Wanneer komt er weer", "Verkopen jullie ook")
    for what in ("een blauwe fiets", "zaad voor tomaten", "verf voor buiten", "een lamp met klem", "een doos spijkers")
    for where in ("in Utrecht", "in de webwinkel", "bij het station", "in het najaar")
)
ANGRY = (
    "Al een uur geen stroom hier, wat is er aan de hand?",
    "Weer storing bij jullie, dit is belachelijk",
    "Niemand neemt de telefoon op en alles ligt plat",
)


class Burst(NamedTuple):
    """So many messages, spread evenly over so many minutes."""

    at: datetime
    messages: int
    minutes: int
    texts: tuple[str, ...] = ANGRY


def history(days: int, per_day: int = 30, bursts: Iterable[Burst] = (), seed: int = 7) -> list[tuple[datetime, str]]:
    """When what was written: by day, in the hours from seven to eleven at night, and the bursts."""
    chance = random.Random(seed)
    said = []
    for day in range(days):
        for _ in range(per_day):
            at = START + timedelta(days=day, hours=7, seconds=chance.uniform(0, 16 * 3600))
            said.append((at, chance.choice(QUIET)))
    for burst in bursts:
        step = burst.minutes * 60 / burst.messages
        said += [
            (burst.at + timedelta(seconds=step * n), f"{chance.choice(burst.texts)} ({n})")
            for n in range(burst.messages)
        ]
    return sorted(said)


def write(path: Path, said: Iterable[tuple[datetime, str]], brand: str = "acme") -> Path:
    """The history as a file; each message is another person's."""
    with path.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target)
        table.writerow(("id", "created_at", "brand", "author", "text"))
        for number, (at, text) in enumerate(said):
            written = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            table.writerow((f"m{number}", written, brand, f"u{number}", text))
    return path


def material(path: Path) -> FileMaterial:
    """The file, to be judged by the shipped model."""
    return FileMaterial(read_script(path, columns_of(), LATEST, None), _judges())


@cache
def _judges() -> Judges:
    return judges_of(None, Path(), ClassifyPart())


async def run_over(
    path: Path, candidates: list[Candidate], told: Told = EVERYTHING, judged: list[Judged] | None = None
) -> Backtest:
    """The report on the file."""
    return await backtest(material(path), candidates, told, judged, lambda n, at: None)
