"""`webcare simulate`: streams with known onsets through the spike step, or one of them written to a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_OUT = Console()
_ERR = Console(stderr=True)


def simulate(
    per_day: Annotated[
        str, typer.Option(help="Mentions a day when nothing is the matter, with commas.")
    ] = "20,300,2000",
    to: Annotated[
        str, typer.Option(help="What a crisis comes to a day, with commas; 10 times as usual where it is less than 3.")
    ] = "2000",
    days: Annotated[int, typer.Option(help="How long each stream is.")] = 60,
    runs: Annotated[int, typer.Option(help="Streams per level.")] = 20,
    onset: Annotated[str, typer.Option(help="How a crisis comes: step, ramp, doubling, with commas.")] = "step",
    onsets: Annotated[int, typer.Option(help="Moments of each stream at which a crisis is tried.")] = 6,
    campaign: Annotated[float, typer.Option(help="Factor of the declared campaigns; 1 leaves them out.")] = 5.0,
    dispersion: Annotated[str, typer.Option(help="How unruly a quiet day is: calm, usual or wild.")] = "usual",
    budget: Annotated[str | None, typer.Option(help="False pages a month, with commas: a curve.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same streams.")] = 1,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file (YAML).")] = None,
    report_json: Annotated[Path | None, typer.Option("--json", help="Write the report here as JSON.")] = None,
    stream: Annotated[
        Path | None, typer.Option("--write", help="Measure nothing: write the first stream here, for webcare replay.")
    ] = None,
) -> None:
    """Measure delay and false pages of the spike step on simulated streams with known onsets."""
    from webcare.simulating.asked import Asked, checked
    from webcare.simulating.present import measure
    from webcare.simulating.writing import write_stream

    work = checked(Asked(per_day, to, days, runs, onset, onsets, campaign, dispersion, budget, seed, jobs), config)
    if stream is None:
        measure(work, report_json, _OUT, _ERR)
        return
    known, beside = write_stream(work.plan, work.jobs[0].stream.per_day, stream)
    _OUT.print(
        f"{known.mentions} mentions: {stream}\n{len(known.happenings)} happenings: {beside}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
