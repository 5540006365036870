"""`make faults`: 50,000 messages through six services on servers of their own while everything is killed once.

Two scenarios, each checked to the unit by `tests.crash.checker`; docs/faults.md tells what is done and counted.
"""

import asyncio
import os
import random
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from backbone.distributed.connections import Connections
from backbone.distributed.connections import Kafka as KafkaConnection
from servers.elastic import Elastic
from servers.kafka import Kafka
from servers.postgres import Postgres
from tests.crash.checker import Result, check_all
from tests.crash.sender import BATCH, Messages, Receiver, Sender, config, receiver
from tests.fleet import SERVICES, Fleet, fleet
from tests.rooms import Servers, room

MESSAGES = 50_000
RATE = 250.0
ELASTIC_AWAY_S = 120.0
BROKER_AWAY_S = 15.0
SERVICE_AWAY_S = 3.0
REST_WITHIN_S = 600.0
FLOW_WITHIN_S = 1800.0
_LOOK_S = 0.2
_CONSOLE = Console(log_path=False)


class Stage(NamedTuple):
    """The servers and services that a scenario breaks."""

    kafka: Kafka
    postgres: Postgres
    elastic: Elastic
    connections: Connections
    fleet: Fleet
    pages: Receiver
    beside: ThreadPoolExecutor
    """For what goes on while messages flow."""


class Step(NamedTuple):
    """Something that is done once this share of the messages is acknowledged; what it gives is waited for."""

    share: float
    what: str
    do: Callable[[Stage], Future[None] | None]


def _restart(service: str) -> Callable[[Stage], None]:
    return lambda stage: stage.fleet.restart_killed(service, SERVICE_AWAY_S)


def _elastic_away(stage: Stage) -> Future[None]:
    stage.elastic.stop()

    def come_back() -> None:
        time.sleep(ELASTIC_AWAY_S)
        stage.elastic.start()
        _CONSOLE.log("Elasticsearch is back")

    return stage.beside.submit(come_back)


def _leader_away(stage: Stage) -> Future[None]:
    node, led, partitions = asyncio.run(_busiest(stage.connections.kafka))
    stage.kafka.kill(node)
    _CONSOLE.log(f"broker {node} led {led} of {partitions} partitions")

    def come_back() -> None:
        time.sleep(BROKER_AWAY_S)
        stage.kafka.start(node)
        _CONSOLE.log(f"broker {node} is back")

    return stage.beside.submit(come_back)


async def _busiest(connection: KafkaConnection) -> tuple[int, int, int]:
    """The broker that leads most of our partitions, how many, and of how many."""
    client: Any = AIOKafkaAdminClient(bootstrap_servers=list(connection.servers))
    await client.start()
    try:
        names = [name for name in await client.list_topics() if name.startswith(connection.prefix)]
        found = await client.describe_topics(names)
    finally:
        await client.close()
    leaders = Counter(partition["leader"] for topic in found for partition in topic["partitions"])
    ((node, led),) = leaders.most_common(1)
    return node, led, leaders.total()


def _postgres_restart(stage: Stage) -> None:
    stage.postgres.restart()


def _more(count: int) -> Callable[[Stage], None]:
    def start(stage: Stage) -> None:
        for number in range(2, count + 1):
            stage.fleet.start("classify", f"classify-{number}")

    return start


def _stop(*names: str) -> Callable[[Stage], None]:
    def stop(stage: Stage) -> None:
        for name in names:
            code = stage.fleet.stop(name)
            assert code == 0, f"{name} ended with {code}"

    return stop


FAULTS = (
    *(
        Step(0.03 + 0.05 * number, f"kill -9 {service}", _restart(service))
        for number, service in enumerate(service for service in SERVICES if service != "api")
    ),
    Step(0.29, f"Elasticsearch stops for {ELASTIC_AWAY_S:.0f} s", _elastic_away),
    Step(0.34, "kill -9 api", _restart("api")),
    Step(0.42, "kill -9 the busiest broker", _leader_away),
    Step(0.65, "PostgreSQL restarts", _postgres_restart),
    Step(0.75, "kill -9 classify", _restart("classify")),
    Step(0.80, "kill -9 router", _restart("router")),
)
SCALE = (
    Step(0.10, "one to four classify instances", _more(4)),
    Step(0.45, "kill -9 one of the four", lambda stage: stage.fleet.kill("classify-3")),
    Step(0.60, "a fourth again", lambda stage: stage.fleet.start("classify", "classify-3") and None),
    Step(0.80, "SIGTERM to three, one after the other", _stop("classify", "classify-2", "classify-4")),
)
SCENARIOS = {"faults": (FAULTS, 1.0), "scale": (SCALE, 0.5)}


def _run(stage: Stage, steps: Sequence[Step], seed: int, total: int, rate: float) -> Result:
    messages, moments = Messages(seed, total), random.Random(seed)
    with _progress(total) as (progress, task), Sender(stage.fleet.door, messages, rate) as sender:
        waiting: list[Future[None]] = []
        limits = [*(step.share * total for step in steps), total]
        for step, most in zip(steps, limits[1:], strict=True):
            # However slow a start is, what is broken next is broken while messages flow.
            sender.allowed = most
            _flow(sender, progress, task, int(step.share * total))
            # Batches come in on the beat; what is broken shall be broken anywhere between two.
            time.sleep(moments.uniform(0, BATCH / rate))
            _CONSOLE.log(f"{len(sender.acknowledged):,} acknowledged: {step.what}")
            if more := step.do(stage):
                waiting.append(more)
        _flow(sender, progress, task, total)
        for each in waiting:
            each.result()
    _CONSOLE.log("all is sent and all servers are back: waiting for rest")
    return check_all(stage.connections, sender, stage.pages, REST_WITHIN_S)


def _flow(sender: Sender, progress: Progress, task: TaskID, least: int) -> None:
    """Wait until so many are acknowledged."""
    end = time.monotonic() + FLOW_WITHIN_S
    while not sender.done and len(sender.acknowledged) < least:
        assert time.monotonic() < end, "The messages do not flow."
        progress.update(task, completed=len(sender.acknowledged))
        time.sleep(_LOOK_S)
    progress.update(task, completed=len(sender.acknowledged))


@contextmanager
def _progress(total: int) -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("acknowledged"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_CONSOLE) as progress:
        yield progress, progress.add_task("", total=total)


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        kafka = stack.enter_context(Kafka(nodes=3))
        postgres, elastic = stack.enter_context(Postgres()), stack.enter_context(Elastic())
        connections = stack.enter_context(room(Servers(kafka.bootstrap, postgres.url, elastic.url), replicas=3))
        pages = stack.enter_context(receiver())
        made = stack.enter_context(fleet(connections, folder, config(pages.url)))
        beside = stack.enter_context(ThreadPoolExecutor(4))
        made.start_each()
        yield Stage(kafka, postgres, elastic, connections, made, pages, beside)


def main(
    scenario: Annotated[list[str] | None, typer.Option(help="faults or scale; both where none is named.")] = None,
    messages: Annotated[int, typer.Option(help="How many to send; scale sends half.")] = MESSAGES,
    rate: Annotated[float, typer.Option(help="How many a second at most.")] = RATE,
    seed: Annotated[int | None, typer.Option(help="Of messages and moments; drawn where none is given.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep the services' logs in this folder.")] = None,
) -> None:
    """Break everything while messages flow, and count. Exit code 1: something was lost or doubled."""
    broken = 0
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    for name in scenario or SCENARIOS:
        steps, share = SCENARIOS[name]
        total = int(messages * share)
        _CONSOLE.rule(f"{name}: {total:,} messages at {rate:.0f} a second, seed {seed}, {os.cpu_count()} cores")
        with tempfile.TemporaryDirectory() as temporary:
            folder = keep / name if keep else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            with _stage(folder) as stage:
                result = _run(stage, steps, seed, total, rate)
        result.show(_CONSOLE, name)
        broken += len(result.broken)
    raise typer.Exit(bool(broken))


if __name__ == "__main__":
    typer.run(main)
