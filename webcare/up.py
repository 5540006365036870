"""`webcare up`: all of it in one process, on one port, in one folder."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry

from backbone.metrics import Metrics
from backbone.ports import Clock
from backbone.runner import Runner
from backbone.service import Chore
from backbone.standing import RunnerSettings
from backbone.web.auth import require_actor
from backbone.web.people import Door
from contracts.topics import MENTIONS_CLASSIFIED
from contracts.work import WorkEvent
from services.api.app import build_api
from services.api.figures import Figures
from services.classify.build import judging
from services.ingest.domain.brands import IngestSettings
from services.ingest.gate import Gate
from services.ingest.http import ingest_router
from services.router.domain.settings import Channel, RouterSettings
from webcare.adapters import Adapters, embedded
from webcare.chain import Chain
from webcare.compose import Known, api_ports, api_settings, names_of
from webcare.config.build import ingest_settings, router_settings, spike_settings
from webcare.config.schema import ConfigFile
from webcare.drill import with_drill_brand, with_drill_rules
from webcare.environment import Environment
from webcare.keys import Keys
from webcare.memory import settle_memory
from webcare.models import model_settings
from webcare.notifiers import sending
from webcare.parts import Parts
from webcare.running import keep_running
from webcare.serving import listening, on_signals, server_of

_TIDY_EVERY_S = 3600.0
_TICK_EVERY_S = 1.0


class System(NamedTuple):
    """Everything that runs in the one process."""

    adapters: Adapters
    chain: Chain
    app: FastAPI
    ingest: IngestSettings
    router: RouterSettings
    figures: Runner[WorkEvent]
    parts: Parts


class Start(NamedTuple):
    """What a start is told."""

    config: ConfigFile
    folder: Path
    environment: Environment
    keys: Keys
    port: int
    clock: Clock
    demo_token: str | None = None
    """Set: pages go to the receiver in this process, which the dashboard shows."""


Ready = Callable[[System, str], Coroutine[None, None, None]]


async def up(start: Start, ready: Ready) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called with the address once it answers, before anything consumes."""
    stop = asyncio.Event()
    on_signals(stop)
    with listening(start.environment.host, start.port) as bound:
        port = bound.getsockname()[1]
        async with _system(start, port, stop) as system:
            settle_memory()
            server = server_of(system.app)
            serving = asyncio.create_task(server.serve(sockets=[bound]))
            try:
                await _live(system, stop, lambda: ready(system, _address(start.environment.host, port)))
            finally:
                await system.app.state.live.stop()
                server.should_exit = True
                await serving


@asynccontextmanager
async def _system(start: Start, port: int, stop: asyncio.Event) -> AsyncIterator[System]:
    ingest = with_drill_brand(ingest_settings(start.config))
    router = with_drill_rules(router_settings(start.config, os.environ))
    if start.demo_token:
        router = _paged_here(router, f"http://127.0.0.1:{port}/demo/pager/{start.demo_token}")
    private = start.environment.private_webhooks or start.demo_token is not None
    async with (
        embedded(start.folder, start.clock, start.environment.durability) as adapters,
        sending(start.clock, start.config.email, os.environ, private) as ways,
    ):
        metrics = Metrics(CollectorRegistry())
        limits = runner_settings(start.environment.dead_letter_share)
        # One process owns the folder, so the next start is the same pager and takes up its pages at once.
        models, spikes = model_settings(start.config, start.folder, os.environ), spike_settings(start.config)
        chain = Chain(adapters, router, ways, metrics, "up", limits, _jitter, judging(models, metrics), spikes)
        gate = Gate(adapters.log, start.clock, ingest, metrics)
        settings = msgspec.structs.replace(
            api_settings(router, _door(start), [brand.name for brand in ingest.brands], names_of(ingest)),
            secure_cookies=start.environment.secure_cookies,
            demo_token=start.demo_token,
            organisation=start.config.organisation,
            timezone=start.config.timezone,
        )
        parts = Parts(stop)
        known = Known(
            router, metrics, chain.spikes.series, lambda: (*chain.states(), *parts.states()), chain.spikes.calendar
        )
        ports = api_ports(adapters.log, adapters.desk, adapters.archive, start.clock, known)
        app = build_api(ports, settings)
        app.include_router(ingest_router(gate), dependencies=[Depends(require_actor)])
        try:
            figures = Runner(adapters.log, Figures(metrics), start.clock, metrics, RunnerSettings())
            yield System(adapters, chain, app, ingest, router, figures, parts)
        finally:
            await chain.close()


def _door(start: Start) -> Door:
    environment = start.environment
    return Door(people=start.keys.people, auth_off=not environment.auth, session_secret=environment.session_secret)


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def runner_settings(share: float) -> RunnerSettings:
    """At a share of 1 nothing stops a consumer, however many records in a row it cannot read."""
    usual = RunnerSettings(dead_letter_share=share)
    return msgspec.structs.replace(usual, dead_letters_in_a_row=sys.maxsize) if share >= 1 else usual


def _jitter() -> float:
    return secrets.randbelow(10_000) / 10_000


def _paged_here(router: RouterSettings, address: str) -> RouterSettings:
    here = (Channel(kind="webhook", address=address),)
    people = tuple(msgspec.structs.replace(person, channels=here) for person in router.people)
    return msgspec.structs.replace(router, people=people)


async def _live(system: System, stop: asyncio.Event, ready: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run everything until `stop`. A runner that stops on purpose leaves the rest running, and readiness says so."""
    started = asyncio.create_task(ready())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({started, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        started.cancel()
        return
    await started
    await keep_running((*system.chain.runners, system.figures), _chores(system), system.parts, stop)


def _chores(system: System) -> dict[str, Chore]:
    loops = {loop.name: loop.run for loop in system.chain.router.loops}
    return {**loops, "ticks": partial(_ticking, system), "retention": partial(_tidying, system)}


async def _ticking(system: System, stop: asyncio.Event) -> None:
    """Let time pass for spikes when nothing arrives."""
    while not stop.is_set():
        await system.chain.spikes.tick(system.adapters.clock.now())
        await system.parts.rest(_TICK_EVERY_S)


async def _tidying(system: System, stop: asyncio.Event) -> None:
    """Forget what is past its retention: once an hour, log and archive."""
    while not stop.is_set():
        now = system.adapters.clock.now()
        await system.adapters.log.expire(now)
        await system.adapters.archive.expire(now - MENTIONS_CLASSIFIED.retention)
        await system.parts.rest(_TIDY_EVERY_S)
