"""The command line: every command, its options, and errors that say what to do."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backbone.distributed.connections import Connections
from backbone.errors import WebcareError
from backbone.logs import setup
from webcare import teaching
from webcare.backtesting.command import backtest
from webcare.declaring import campaigns
from webcare.simulating.command import simulate

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Every mention in, the right person woken.",
)
_OUT = Console()
_ERR = Console(stderr=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The configuration file (YAML).")]
ModelOption = Annotated[str | None, typer.Option("--model", help="Judge with this model; else the one that ships.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="The folder that keeps everything.")]


def main() -> None:
    """Run one command; a known error is one sentence and exit code 2, never a traceback."""
    setup("console" if sys.stderr.isatty() else "json", "WARNING")
    try:
        app()
    except WebcareError as error:
        _ERR.print(f"[red]webcare:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)


@contextmanager
def _progress(total: int | None, unit: str) -> Iterator["_Bar"]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_ERR, transient=True) as progress:
        yield _Bar(progress, progress.add_task("", total=total))


class _Bar:
    """A progress bar on the error stream."""

    def __init__(self, progress: Progress, task: object) -> None:
        self._progress = progress
        self._task = task

    def add(self, n: int, what: str = "") -> None:
        """`n` more are done."""
        self._progress.update(self._task, advance=n, description=what)  # type: ignore[arg-type]


@app.command()
def check(config: Annotated[Path, typer.Argument(help="The configuration file (YAML).")]) -> None:
    """Check a configuration: every error with its line and what to do."""
    from webcare.config.load import load_config

    loaded = load_config(config)
    for note in loaded.notes:
        _OUT.print(f"{config}, {escape(str(note))}", highlight=False, soft_wrap=True)
    told = loaded.config
    _OUT.print(
        f"{config} holds: {len(told.brands)} brands, {len(told.queues)} queues, {len(told.rules)} rules, "
        f"{len(told.people)} people, {len(told.campaigns)} campaigns, {len(loaded.notes)} notes.",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON, plain or .gz.")],
    speed: Annotated[str, typer.Option(help="How many times faster than it was, or max.")] = "max",
    config: ConfigOption = None,
    data: DataOption = None,
    time_column: Annotated[str, typer.Option(help="Column of the message's time.")] = "created_at",
    text_column: Annotated[str, typer.Option(help="Column of its text.")] = "text",
    brand_column: Annotated[str, typer.Option(help="Column of its brand.")] = "brand",
    id_column: Annotated[str, typer.Option(help="Column of its id.")] = "id",
    author_column: Annotated[str, typer.Option(help="Column of its author.")] = "author",
    report_json: Annotated[Path | None, typer.Option(help="Write the report here as JSON.")] = None,
    send: Annotated[bool, typer.Option("--send", help="Really send pages; else they are only recorded.")] = False,
    servers: Annotated[
        bool, typer.Option("--servers", help="On the servers of the environment, under a prefix of its own.")
    ] = False,
    model: ModelOption = None,
) -> None:
    """Drive the whole pipeline by the messages' own times, and report what it did.

    The same command on the same --data takes up a run that was broken off, and adds nothing twice.
    """
    from webcare.replay.lines import columns_of
    from webcare.replay.report import print_report, to_json
    from webcare.replay.run import Plan, in_folder, on_servers, open_folder, prepare, refuse_used
    from webcare.replay.run import replay as run

    columns = columns_of(
        created_at=time_column, text=text_column, brand=brand_column, id=id_column, author=author_column
    )
    plan = Plan(
        path=file,
        columns=columns,
        config=config,
        speed=_speed(speed),
        send=send,
        model=model,
        models=teaching.folder_of(None, None),
    )
    prepared = prepare(plan)
    with _folder(data) as folder, _progress(len(prepared.script.lines), "lines") as bar:
        connections = _connections() if servers else None
        if open_folder(folder, plan, prepared.script, connections) and connections:
            asyncio.run(refuse_used(connections))
        opening = on_servers(connections) if connections else in_folder(folder)

        def seen(n: int, at: datetime) -> None:
            bar.add(n, f"{at:%Y-%m-%d %H:%M}")

        report = asyncio.run(run(plan, prepared, opening, seen))
    if report_json:
        report_json.write_bytes(to_json(report))
    print_report(report, _OUT)
    if not report["conservation"]["holds"]:
        raise typer.Exit(1)


def _connections() -> Connections:
    import os

    from webcare.environment import read_connections

    return read_connections(os.environ)


def _speed(written: str) -> float | None:
    if written == "max":
        return None
    try:
        speed = float(written.rstrip("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"{written!r}: write a number above 0, or max.", param_hint="--speed")
    return speed


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="webcare-replay-") as folder:
        yield Path(folder)


@app.command()
def classify(
    source: Annotated[Path, typer.Argument(help="CSV with a column text; lang, channel, followers are hints.")],
    target: Annotated[Path, typer.Option("--out", help="The CSV to write.")],
    model: ModelOption = None,
) -> None:
    """Give each row of a CSV its verdict: language, sentiment, urgency, intent, care, and why."""
    from services.classify.build import named
    from webcare.tables import classify_table

    classifier = named(model, teaching.folder_of(None, None))
    with _progress(None, "rows") as bar:
        rows = classify_table(source, target, classifier, bar.add)
    _OUT.print(f"{rows} rows judged by {classifier.model}: {target}", highlight=False)


@app.command()
def spikes(
    source: Annotated[Path, typer.Argument(help="CSV with counts per bin in time order.")],
    target: Annotated[Path, typer.Option("--out", help="The CSV to write.")],
    time: Annotated[str, typer.Option(help="Column of the bin's time.")] = "timestamp",
    count: Annotated[str, typer.Option(help="Column of its count.")] = "value",
) -> None:
    """Find spikes in counts per bin: adds expected, score (0..1) and alert (0/1). Causal: no bin looks ahead."""
    from webcare.spike_table import spike_table

    result = spike_table(source, target, time, count)
    _OUT.print(
        f"threshold {result.threshold} (alert = 1 where score >= threshold); {result.rows} rows, "
        f"{result.alerts} alerts: {target}",
        highlight=False,
    )
    if result.too_short:
        _OUT.print(
            "This table is too short to tell what is usual: a crisis that it begins with looks like an ordinary day.",
            highlight=False,
        )


@app.command()
def up(
    config: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Begin with a rehearsed crisis in a folder of its own.")
    ] = False,
) -> None:
    """Start everything in one process: ingest, verdicts, spikes, queues, pages, api and dashboard."""
    from webcare.start import start

    asyncio.run(start(config, data, port, rehearse, _ERR))


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="ingest, classify, spikes, router, pager or api.")],
    config: ConfigOption = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    pager: Annotated[
        bool, typer.Option(help="With the router: watch deadlines and page people too (`serve pager` does only that).")
    ] = True,
) -> None:
    """Run one service as a process of its own, on Kafka, PostgreSQL and Elasticsearch; any number may run."""
    from webcare.start import start_service

    raise typer.Exit(asyncio.run(start_service(service, config, port, pager, _ERR)))


archive = typer.Typer(no_args_is_help=True, help="The search index.")
app.add_typer(archive, name="archive")
app.command()(teaching.train)
app.command()(backtest)
app.command()(simulate)
app.add_typer(teaching.models, name="models")
app.add_typer(teaching.corrections, name="corrections")
app.add_typer(campaigns, name="campaigns")


@archive.command(name="rebuild")
def rebuild_archive(
    data: DataOption = None,
    servers: Annotated[
        bool, typer.Option("--servers", help="On the servers of the environment, while they run.")
    ] = False,
) -> None:
    """Make the archive anew from the log: of a stopped system in a folder, or on the servers while it runs."""
    import os

    from webcare.archive import Rebuilt, in_folder, on_servers, rebuild, waiting
    from webcare.environment import read_environment

    opening = on_servers(_connections()) if servers else in_folder(data or read_environment(os.environ).data)

    async def run() -> Rebuilt:
        async with opening as (log, index):
            with _progress(await waiting(log), "mentions") as bar:
                return await rebuild(log, index, bar.add)

    done = asyncio.run(run())
    _OUT.print(f"{done.indexed} mentions indexed, {done.left_out} left out", highlight=False)


@app.command()
def key() -> None:
    """Make a key for a person: the key for them, its hash for the configuration."""
    from webcare.keys import hash_of, new_key

    made = new_key()
    _OUT.print(
        f"key  (give it to the person): {made}\nhash (put it in the file):    key: sha256:{hash_of(made)}",
        highlight=False,
    )


@app.command()
def drill(
    url: Annotated[str, typer.Option(help="Where the system answers.")] = "http://127.0.0.1:8080",
    door: Annotated[str, typer.Option(help="Where ingest answers, if that is another address.")] = "",
    key: Annotated[str, typer.Option(help="A person's key; WEBCARE_KEY without it.")] = "",
    per_minute: Annotated[float, typer.Option(min=1, max=600, help="Messages a minute of the story.")] = 30.0,
    minutes: Annotated[float, typer.Option(min=0.1, max=60, help="How long the story lasts.")] = 3.0,
    wait: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds to wait for page and acknowledgement after it.")
    ] = 60.0,
) -> None:
    """Rehearse on a running system, on the real clock: a spike under the brand drill, marked as a drill everywhere."""
    import os

    from webcare.drill import DrillPlan, drill
    from webcare.environment import read_environment
    from webcare.rehearsal.material import written_material

    plan = DrillPlan(url, key or read_environment(os.environ).key, per_minute, minutes, wait, door=door)
    texts = [written.message.text for written in written_material().phase("questions")]
    told = asyncio.run(drill(plan, texts, lambda words: _ERR.print(words, highlight=False)))
    for name, seconds in told._asdict().items():
        shown = "not in time" if seconds is None else f"{seconds:g}" if name == "messages" else f"{seconds:.0f} s"
        _OUT.print(f"{name.removesuffix('_s')}: {shown}", highlight=False)
    if told.page_s is None:
        raise typer.Exit(1)


@app.command(name="dead-letters")
def dead_letters(
    data: DataOption = None,
    put_back: Annotated[str | None, typer.Option(help="Append a topic's dead letters to it again.")] = None,
) -> None:
    """What no handler could take and why; on a system that is stopped."""
    import os

    from webcare import dead
    from webcare.environment import read_environment

    async def run() -> None:
        async with dead.stopped_log(data or read_environment(os.environ).data) as log:
            if put_back:
                _OUT.print(f"{await dead.put_back(log, put_back)} records put back on {put_back}", highlight=False)
            for heap in await dead.heaps(log):
                told = f"{heap.topic}: {heap.letters} {heap.reason}, {heap.waiting} not put back; {heap.example}"
                _OUT.print(told, highlight=False, markup=False, soft_wrap=True)

    asyncio.run(run())
