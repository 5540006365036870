"""`make bench-spikes`: what the spike step costs per block and series, on one core, beside the least a step costs.

Thousands of series with two weeks behind them each get one block after another, two minutes of event time apart. The
limit beside it takes the same blocks to a dictionary of counts per series, and nothing else. Then the simulated streams
of `webcare simulate`, as one table of false pages and delays. Processor time, so that a busy machine changes little.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from contracts.volume import BlockCount, MinuteCount, VolumeUpdate
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, step
from webcare.simulating.settings import base_of

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS_BEHIND = 14
ROUNDS = 12
SIZES = (1, 2, 8, 64)
"""People in a block; one whose share of the log is small has one or two."""
BAR_BLOCKS = 5_000
BAR_SERIES = 10_000

States = dict[str, SeriesState]


def block_of(chance: random.Random, series: str, number: int, at: datetime, people: int) -> VolumeUpdate:
    """A block in which so many people say something of their own, a third of them in anger."""
    who = sorted(chance.getrandbits(32) for _ in range(people))
    minute = MinuteCount(
        minute=int(at.timestamp()) // 60,
        arrivals=people,
        negative=people // 3,
        people=tuple(who),
        stories=tuple((one, 1) for one in who),
        channels=(("x", people),),
        negative_stories=tuple((one, 1) for one in who[: people // 3]),
    )
    block = BlockCount(topic="mentions.raw", partition=0, block=number, upto=number * 64 + 63, minutes=(minute,))
    return VolumeUpdate(series=series, brand=series, at=at, blocks=(block,))


def with_history(chance: random.Random, settings: SpikeSettings) -> tuple[SeriesState, datetime, int]:
    """One series after two weeks of a block every other minute."""
    state: SeriesState | None = None
    at, number = START, 0
    while at < START + timedelta(days=DAYS_BEHIND):
        at += timedelta(minutes=chance.expovariate(1 / 2))
        number += 1
        update = block_of(chance, "history", number, at, 1)
        state, _ = step(state or new_series(update), update, settings)
    assert state is not None
    return state, at, number


def rounds_of(
    chance: random.Random, names: Sequence[str], first: int, at: datetime, people: int
) -> Iterator[list[VolumeUpdate]]:
    """Each round a block for every series."""
    for place in range(ROUNDS):
        now = at + timedelta(minutes=2 * place + 1)
        yield [block_of(chance, name, first + place, now, people) for name in names]


def rate(rounds: Iterator[list[VolumeUpdate]], work: Callable[[VolumeUpdate], object]) -> float:
    """Blocks a second of processor time: the median round, the first left out."""
    rates = []
    for updates in rounds:
        began = time.process_time()
        for update in updates:
            work(update)
        rates.append(len(updates) / (time.process_time() - began))
    return statistics.median(rates[1:])


def counted() -> Callable[[VolumeUpdate], None]:
    """The limit: arrivals per series, and nothing else."""
    counts: dict[str, int] = {}

    def work(update: VolumeUpdate) -> None:
        arrivals = sum(minute.arrivals for block in update.blocks for minute in block.minutes)
        counts[update.series] = counts.get(update.series, 0) + arrivals

    return work


def stepped(states: States, settings: SpikeSettings) -> Callable[[VolumeUpdate], None]:
    """The step as the service calls it: state in, state out."""

    def work(update: VolumeUpdate) -> None:
        states[update.series], _ = step(states[update.series], update, settings)

    return work


def costs(console: Console, series: int) -> None:
    """Blocks a second by their size, and bytes a series."""
    settings = SpikeSettings(brands=series)
    behind, at, first = with_history(random.Random(1), settings)
    names = [f"series {number}" for number in range(series)]
    table = Table("people in a block", "blocks/s", "of counting alone", "bytes a series", "open spikes")
    for people in SIZES:
        states = {name: behind.copy() for name in names}
        limit = rate(rounds_of(random.Random(2), names, first + 1, at, people), counted())
        found = rate(rounds_of(random.Random(2), names, first + 1, at, people), stepped(states, settings))
        kept = SpikeStep(settings)
        size = statistics.mean(len(kept.encode(states[name])) for name in names[:100])
        spikes = sum(state.spike is not None for state in states.values())
        table.add_row(f"{people}", f"{found:,.0f}", f"{found / limit:.3f}", f"{size:,.0f}", f"{spikes:,}")
    console.print(f"{series:,} series with {DAYS_BEHIND} days behind them, one core (bar: {BAR_BLOCKS:,} blocks/s)")
    console.print(table)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=BAR_SERIES)
    parser.add_argument("--days", type=int, default=45, help="of each simulated stream; 0 leaves them out")
    parser.add_argument("--runs", type=int, default=6, help="simulated streams per level")
    asked = parser.parse_args()
    console = Console()
    costs(console, asked.series)
    if asked.days:
        simulated(console, asked.days, asked.runs)


def simulated(console: Console, days: int, runs: int) -> None:
    """False pages and delays on the streams of `webcare simulate`."""
    from webcare.simulating.many import jobs_of, simulate
    from webcare.simulating.run import Plan
    from webcare.simulating.table import print_report

    settings = base_of(None)
    jobs = jobs_of((20.0, 200.0, 2000.0), runs, ((None, settings),))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("simulated streams", total=len(jobs))
        report = simulate(Plan(days=days), jobs, 2, lambda _: progress.advance(task))
    print_report(report, console)


if __name__ == "__main__":
    main()
