"""`webcare backtest`: its options, and where they lead."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from webcare.backtesting.judged import Judged
    from webcare.backtesting.material import Material
    from webcare.backtesting.report import Backtest
    from webcare.backtesting.run import Seen, Told
    from webcare.config.schema import ConfigFile

_OUT = Console()
_ERR = Console(stderr=True)
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class _Source(NamedTuple):
    """Where the mentions come from."""

    file: Path | None
    columns: dict[str, str]
    data: Path | None
    servers: bool
    config: "ConfigFile | None"
    model: str | None


class _Compared(NamedTuple):
    """Which settings, and by what they are judged."""

    config: Path | None
    against: tuple[Path, ...]
    budgets: tuple[float, ...]
    judged: "tuple[Judged, ...] | None"


def backtest(
    file: Annotated[
        Path | None, typer.Argument(help="CSV or NDJSON, plain or .gz; without it what the log of --data keeps.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The folder that keeps everything.")] = None,
    servers: Annotated[bool, typer.Option("--servers", help="What the log of the servers keeps.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file (YAML).")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_TIMES, help="Tell of pages from here on, on the local clock.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_TIMES, help="Stop here, exclusive.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; repeatable.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Another configuration to compare with; repeatable.")
    ] = None,
    budget: Annotated[str, typer.Option(help="Also with these false pages a month, with commas between.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the pages here as CSV, to be judged.")] = None,
    judged: Annotated[
        Path | None, typer.Option(help="Such a CSV with real or false (echt, vals) in its column judgement.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--json", help="Write the report here as JSON.")] = None,
    time_column: Annotated[str, typer.Option(help="Column of the message's time.")] = "created_at",
    text_column: Annotated[str, typer.Option(help="Column of its text.")] = "text",
    brand_column: Annotated[str, typer.Option(help="Column of its brand.")] = "brand",
    id_column: Annotated[str, typer.Option(help="Column of its id.")] = "id",
    author_column: Annotated[str, typer.Option(help="Column of its author.")] = "author",
    model: Annotated[
        str | None, typer.Option("--model", help="Judge a file with this model; else the one that ships.")
    ] = None,
) -> None:
    """Tell from your own history when spikes would have paged you, and why; compare settings; judge the pages."""
    from services.classify.spikes.calendar import Calendar
    from webcare.backtesting.candidates import budgets_of
    from webcare.backtesting.files import write_pages, write_report
    from webcare.backtesting.judged import read_judged
    from webcare.backtesting.run import Told
    from webcare.backtesting.shown import show
    from webcare.config.load import load_config
    from webcare.replay.lines import columns_of

    columns = columns_of(
        created_at=time_column, text=text_column, brand=brand_column, id=id_column, author=author_column
    )
    known = load_config(config).config if config else None
    zone = ZoneInfo(known.timezone if known else Calendar().zone)
    source = _Source(file, columns, data, servers, known, model)
    said = tuple(read_judged(judged)) if judged else None
    compared = _Compared(config, tuple(against or ()), tuple(budgets_of(budget)), said)
    told = Told(_local(since, zone), _local(until, zone), tuple(brand or ()))
    found = asyncio.run(_run(source, compared, told))
    if report:
        write_report(found, report)
    show(found, _OUT, zone, known.language if known else "en")
    if out:
        rows = write_pages(found, said or (), out)
        _OUT.print(f"{rows} rows: {out}", highlight=False, markup=False, soft_wrap=True)


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.replace(tzinfo=zone).astimezone(UTC) if at else None


async def _run(source: _Source, compared: _Compared, told: "Told") -> "Backtest":
    from webcare.backtesting.candidates import candidates
    from webcare.backtesting.run import backtest as go

    async with _material(source) as material:
        compete = candidates(compared.config, compared.against, compared.budgets, len(material.brands))
        with _progress(material.total) as seen:
            return await go(material, compete, told, compared.judged, seen)


@asynccontextmanager
async def _material(source: _Source) -> "AsyncIterator[Material]":
    from backbone.errors import BadInput
    from webcare.backtesting.kept import KeptMaterial, log_in_folder, log_on_servers
    from webcare.environment import read_connections, read_environment

    if source.file is not None and source.servers:
        remedy = "Leave one of them out."
        raise BadInput("A file and --servers are two histories.", code="two_histories", remedy=remedy)
    if source.file is not None:
        yield _of_file(source.file, source)
        return
    if source.servers:
        opening = log_on_servers(read_connections(os.environ))
    else:
        opening = log_in_folder(source.data or read_environment(os.environ).data)
    async with opening as log:
        with _ERR.status("which brands there are"):
            material = await KeptMaterial.of(log)
        yield material


def _of_file(file: Path, source: _Source) -> "Material":
    from webcare.backtesting.material import FileMaterial, judges_of
    from webcare.config.build import ingest_settings
    from webcare.config.schema import ClassifyPart
    from webcare.replay.lines import read_script
    from webcare.teaching import folder_of

    config = source.config
    with _ERR.status(f"reading {file.name}"):
        script = read_script(file, source.columns, datetime.now(UTC), ingest_settings(config) if config else None)
    part = config.classify if config else ClassifyPart()
    return FileMaterial(script, judges_of(source.model, folder_of(source.data, None), part))


@contextmanager
def _progress(total: int) -> "Iterator[Seen]":
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_ERR, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=total)
        yield lambda n, at: progress.update(task, advance=n, description=f"{at:%Y-%m-%d}")
