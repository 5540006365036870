"""A replay from beginning to end: read, resume or start, drive, report."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from backbone.distributed.connections import Connections
from backbone.embedded.clock import ReplayClock
from backbone.errors import BadInput
from backbone.metrics import Metrics
from backbone.ports import Clock, Notifier
from backbone.standing import RunnerSettings
from contracts.topics import MENTIONS_EXPRESS, MENTIONS_RAW
from services.classify.build import Judging, named, plugged
from services.classify.judges import Fixed
from services.classify.spikes.settings import SpikeSettings
from services.router.domain.settings import RouterSettings
from webcare.adapters import Adapters, distributed, embedded
from webcare.chain import Chain
from webcare.config.build import ingest_settings, router_settings, spike_settings
from webcare.config.load import load_config
from webcare.config.schema import ClassifyPart, EmailPart
from webcare.notifiers import recording, sending
from webcare.replay.defaults import default_settings
from webcare.replay.lines import Action, Script, columns_of, read_script
from webcare.replay.lockstep import TAIL, Lockstep
from webcare.replay.playing import playing
from webcare.replay.report import build_report

OWNER = "replay"


class Plan(NamedTuple):
    """What to replay and how."""

    path: Path
    columns: Mapping[str, str] = columns_of()
    config: Path | None = None
    speed: float | None = None
    """How many times faster than it was; None: as fast as it goes."""
    send: bool = False
    latest: datetime | None = None
    """The latest time a line may have; None: the present."""
    model: str | None = None
    """Judged by this model; None: the shipped one. What people chose for live messages has no say here."""
    models: Path | None = None
    """Where models lie that do not ship with the code."""


Progress = Callable[[int, datetime], None]
Opening = Callable[[Clock], AbstractAsyncContextManager[Adapters]]


class Prepared(NamedTuple):
    """A script with the settings it runs under."""

    script: Script
    router: RouterSettings
    email: EmailPart | None
    spikes: SpikeSettings
    classify: ClassifyPart = ClassifyPart()
    """Of which only the transformer counts here: the model is the plan's."""


def prepare(plan: Plan) -> Prepared:
    """Read configuration and file; raises BadInput where one of them does not hold."""
    config = load_config(plan.config).config if plan.config else None
    ingest = ingest_settings(config) if config else None
    script = read_script(plan.path, plan.columns, plan.latest or datetime.now(UTC), ingest)
    router = router_settings(config, os.environ) if config else default_settings(script.brands)
    if config is None:
        return Prepared(script, router, None, SpikeSettings(brands=max(1, len(script.brands))))
    return Prepared(script, router, config.email, spike_settings(config), config.classify)


def in_folder(folder: Path) -> Opening:
    """The embedded adapters, in `folder` (see `open_folder`)."""
    return lambda clock: embedded(folder, clock, "normal", inline=True)


def on_servers(connections: Connections) -> Opening:
    """The distributed adapters, with a prefix and a database that nothing else uses."""
    return lambda clock: distributed(connections, clock, lockstep=True)


async def replay(plan: Plan, prepared: Prepared, opening: Opening, progress: Progress) -> dict[str, Any]:
    """Run it on the adapters that `opening` opens, taking up an earlier run there; returns the report."""
    script = prepared.script
    start = script.lines[0].at if script.lines else datetime(2000, 1, 1, tzinfo=UTC)
    clock = ReplayClock(start)
    async with opening(clock) as adapters, _ways(plan, prepared, clock) as ways:
        appended = await _appended(adapters)
        _resume_at(clock, script, appended)
        metrics = Metrics(CollectorRegistry())
        judging = _judging(plan, prepared.classify, metrics)
        limits = RunnerSettings(retries=False)
        chain = Chain(adapters, prepared.router, ways, metrics, OWNER, limits, _even, judging, prepared.spikes)
        async with playing(adapters, prepared.router, metrics, chain, script) as actors:
            await Lockstep(chain, clock, actors, plan.speed, progress).run(script.lines, appended, _end(script))
        await chain.close()
        return await build_report(adapters, script, await actors.outcomes(script))


def _judging(plan: Plan, part: ClassifyPart, metrics: Metrics) -> Judging:
    fixed = Fixed(named(plan.model, plan.models or Path(), part.confidence))
    return Judging(plugged(fixed, Path(part.onnx) if part.onnx else None, part.onnx_threads, metrics), None)


@asynccontextmanager
async def _ways(plan: Plan, prepared: Prepared, clock: ReplayClock) -> AsyncIterator[Mapping[str, Notifier]]:
    if not plan.send:
        yield recording()
        return
    async with sending(clock, prepared.email, os.environ, allow_private=True) as ways:
        yield ways


def _even() -> float:
    """Retries wait as long in every run."""
    return 0.5


def _end(script: Script) -> datetime | None:
    return script.lines[-1].at + TAIL if script.lines else None


async def _appended(adapters: Adapters) -> int:
    """How many of the script's mentions an earlier run has put on the log."""
    ends = [await adapters.log.end_offsets(topic.name) for topic in (MENTIONS_RAW, MENTIONS_EXPRESS)]
    return sum(offset for each in ends for offset in each.values())


def _resume_at(clock: ReplayClock, script: Script, appended: int) -> None:
    """Set the clock to the last instant that was released."""
    mentions = [line for line in script.lines if not isinstance(line.happens, Action)]
    if appended:
        clock.advance(mentions[appended - 1].at)


async def refuse_used(connections: Connections) -> None:
    """BadInput where the servers hold something under this prefix and in this database: it would mix."""
    clock = ReplayClock(datetime(2000, 1, 1, tzinfo=UTC))
    async with distributed(connections, clock, lockstep=True) as adapters:
        if await _appended(adapters) or await adapters.desk.counts():
            remedy = "Choose another WEBCARE_KAFKA_PREFIX and another database."
            raise BadInput("The servers hold data under this prefix.", code="not_empty", remedy=remedy)


def open_folder(folder: Path, plan: Plan, script: Script, connections: Connections | None = None) -> bool:
    """Make the folder, or refuse it (BadInput) where it holds something else: two replays would mix.

    True if it is new. With `connections` it holds only the mark of a replay that runs on servers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "replay.json"
    config = plan.config.read_bytes() if plan.config else b""
    wanted = {
        "file": script.digest,
        "columns": dict(plan.columns),
        "config": config.decode("utf-8", "replace"),
        **({"model": plan.model} if plan.model else {}),
        **({"servers": [connections.kafka.prefix, connections.postgres.url]} if connections else {}),
    }
    if mark.exists():
        if msgspec.json.decode(mark.read_bytes()) != wanted:
            remedy = "Choose another --data folder, or delete this one."
            raise BadInput(
                f"{folder} holds the replay of another file or configuration.", code="other_replay", remedy=remedy
            )
        return False
    if any(folder.glob("*.db")):
        remedy = "Choose another --data folder."
        raise BadInput(f"{folder} holds the data of a system, not of a replay.", code="not_a_replay", remedy=remedy)
    half = mark.with_suffix(".new")
    half.write_bytes(msgspec.json.encode(wanted))
    half.replace(mark)  # whole or not there: a kill in between leaves nothing that cannot be read
    return True
