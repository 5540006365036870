"""A simulation as it is seen: a bar while it runs, a table for people, JSON for programs."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backbone.errors import Unavailable
from webcare.simulating.asked import Work
from webcare.simulating.curves import Report
from webcare.simulating.many import Job, simulate
from webcare.simulating.table import print_report


def measure(work: Work, report_json: Path | None, out: Console, err: Console) -> None:
    """Run it all, then tell it. Raises Unavailable where the report cannot be written."""
    report = _with_bar(work, err)
    if report_json:
        write(report_json, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    print_report(report, out)


def write(path: Path, content: bytes) -> None:
    """Write a file whole."""
    try:
        path.write_bytes(content)
    except OSError as error:
        remedy = "Choose a folder that exists, can be written and has room."
        raise Unavailable(f"{path} cannot be written: {error.strerror}.", remedy=remedy) from error


def _with_bar(work: Work, err: Console) -> Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("streams"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=len(work.jobs))

        def done(job: Job) -> None:
            progress.update(task, advance=1, description=f"{job.stream.per_day:g} a day")

        return simulate(work.plan, work.jobs, work.processes, done)
