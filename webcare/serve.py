"""`webcare serve SERVICE`: one service as a process of its own, on the servers that the environment names."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import NamedTuple, NoReturn

import msgspec
import structlog
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from backbone.distributed.table_tail import TableTail
from backbone.embedded.clock import RealClock
from backbone.errors import BadInput, Unavailable
from backbone.metrics import Metrics
from backbone.ports import Archive, Desk, EventLog, Notifier
from backbone.series import is_whole
from backbone.service import Service, Setup
from backbone.web.application import application
from backbone.web.operations import RunnerState, Watched
from backbone.web.people import Door
from services.api.ports import ApiPorts
from services.classify.spikes.handler import SpikesHandler
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from webcare.compose import Known, api_ports, api_settings, names_of
from webcare.config.build import declared_campaigns, ingest_settings, router_settings, spike_settings
from webcare.config.schema import ConfigFile
from webcare.drill import with_drill_brand, with_drill_rules
from webcare.environment import Environment, read_connections
from webcare.keys import keys_in
from webcare.memory import settle_memory
from webcare.models import model_settings
from webcare.notifiers import sending
from webcare.parts import Parts
from webcare.running import keep_running
from webcare.serving import listening, on_signals, server_of
from webcare.up import runner_settings

_LOG = structlog.get_logger("webcare.serve")
_AGAIN_S = 2.0
SERVICES = ("ingest", "classify", "spikes", "router", "pager", "api")


class Serve(NamedTuple):
    """What a start is told."""

    service: str
    config: ConfigFile
    environment: Environment
    port: int
    with_pager: bool = True


class Running:
    """What runs in this process, told to whoever asks before it does and after."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.waits_for = ""
        self.service: Service | None = None

    def lines(self) -> list[tuple[str, str]]:
        """Each consumer and what it does; the service itself while it waits for its servers."""
        if self.service is None:
            return [(self._name, f"starting:{self.waits_for}" if self.waits_for else "starting")]
        return [(line.group, line.state) for line in self.service.lines]


class Entrance:
    """The application that answers now: another one once the servers answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        await self.app(scope, receive, send)


async def serve(start: Serve, ready: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in hand; the exit code. `ready` is told the address.

    While a server is away at the start it is asked again and again. A fault of ours ends the process with 1, for
    whatever runs it to start it again.
    """
    if start.service not in SERVICES:
        raise _unknown(start.service)
    stop = asyncio.Event()
    on_signals(stop)
    failed: list[bool] = []

    def fatal() -> None:
        failed.append(True)
        stop.set()

    with listening(start.environment.host, start.port) as bound:
        parts, running = Parts(stop), Running(start.service)
        setup = _setup(start, lambda: [*running.lines(), *parts.states()])
        entrance = Entrance(_app(None, start, setup))
        server = server_of(entrance)
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await server.accepts.wait()
        ready(f"http://{start.environment.host}:{bound.getsockname()[1]}")
        async with AsyncExitStack() as stack:
            try:
                service = await _opened(stack, start, setup, running, stop)
                if service is not None:
                    entrance.app = _app(service, start, setup)
                    settle_memory()
                    await keep_running(service.lines, service.chores, parts, stop, fatal)
            finally:
                if running.service is not None and running.service.stop_streams:
                    await running.service.stop_streams()
                server.should_exit = True
                await serving
    return 1 if failed else 0


def _setup(start: Serve, states: Callable[[], list[tuple[str, str]]]) -> Setup:
    return Setup(
        connections=read_connections(os.environ),
        clock=RealClock(),
        metrics=Metrics(CollectorRegistry()),
        runner=runner_settings(start.environment.dead_letter_share),
        folder=start.environment.data / start.service,
        states=states,
    )


async def _opened(
    stack: AsyncExitStack, start: Serve, setup: Setup, running: Running, stop: asyncio.Event
) -> Service | None:
    """The service, once the servers answer; None if it is stopped before."""
    while not stop.is_set():
        try:
            running.service = await stack.enter_async_context(_service(start, setup))
        except Unavailable as error:
            running.waits_for = error.code
            _LOG.warning("waiting", service=start.service, reason=error.code, words=str(error))
            await Parts(stop).rest(_AGAIN_S)
        else:
            return running.service
    return None


def _service(start: Serve, setup: Setup) -> AbstractAsyncContextManager[Service]:
    """Its main is imported here, so that a process holds no more than its own service."""
    match start.service:
        case "ingest":
            from services.ingest.main import ingest

            return ingest(setup, with_drill_brand(ingest_settings(start.config)))
        case "classify":
            from services.classify.main import classify

            models = model_settings(start.config, start.environment.data, os.environ)
            return classify(setup, models, declared_campaigns(start.config), spike_settings(start.config).sources)
        case "spikes":
            from services.classify.spikes.main import spikes

            return spikes(setup, spike_settings(start.config))
        case "router":
            return _routing(start, setup, handlers=True, loops=start.with_pager)
        case "pager":
            return _routing(start, setup, handlers=False, loops=True)
        case "api":
            return _api(start, setup)
    raise _unknown(start.service)


def _unknown(service: str) -> BadInput:
    remedy = f"One of {', '.join(SERVICES)}."
    return BadInput(f"There is no service {service!r}.", code="unknown_service", remedy=remedy)


@asynccontextmanager
async def _routing(start: Serve, setup: Setup, *, handlers: bool, loops: bool) -> AsyncIterator[Service]:
    from services.router.main import router

    settings = with_drill_rules(router_settings(start.config, os.environ if loops else None))
    async with (
        _ways(start, setup, loops) as ways,
        router(setup, settings, ways, handlers=handlers, loops=loops) as service,
    ):
        yield service


@asynccontextmanager
async def _ways(start: Serve, setup: Setup, loops: bool) -> AsyncIterator[Mapping[str, Notifier]]:
    """How people are reached, where this process pages them."""
    if not loops:
        yield {}
        return
    private = start.environment.private_webhooks
    async with sending(setup.clock, start.config.email, os.environ, private) as ways:
        yield ways


@asynccontextmanager
async def _api(start: Serve, setup: Setup) -> AsyncIterator[Service]:
    from services.api.main import CAN_MISS, api

    routed = with_drill_rules(router_settings(start.config, None))
    ingest = with_drill_brand(ingest_settings(start.config))
    settings = msgspec.structs.replace(
        api_settings(routed, _door(start), [brand.name for brand in ingest.brands], names_of(ingest)),
        secure_cookies=start.environment.secure_cookies,
        organisation=start.config.organisation,
        timezone=start.config.timezone,
    )
    async with _series(setup) as series:
        calendar = spike_settings(start.config).calendar
        known = Known(routed, setup.metrics, series, setup.states, calendar, CAN_MISS)

        def ports_of(log: EventLog, desk: Desk, archive: Archive) -> ApiPorts:
            return api_ports(log, desk, archive, setup.clock, known)

        async with api(setup, settings, ports_of) as service:
            yield service


@asynccontextmanager
async def _series(setup: Setup) -> AsyncIterator[Callable[[str], SeriesState | None]]:
    """What the spike step knows of each brand, read beside it."""
    step = SpikeStep(SpikeSettings())
    tail = TableTail(setup.connections.kafka, SpikesHandler.group, is_whole)
    tail.start()

    def known(series: str) -> SeriesState | None:
        record = tail.get(series)
        return step.decode(record) if record is not None else None

    try:
        yield known
    finally:
        await tail.close()


def _door(start: Serve) -> Door:
    """Only where something is behind it does a door need keys."""
    if start.service not in ("ingest", "api"):
        return Door()
    environment = start.environment
    return Door(people=keys_in(start.config), auth_off=not environment.auth, session_secret=environment.session_secret)


def _app(service: Service | None, start: Serve, setup: Setup) -> ASGIApp:
    if service is not None and service.app is not None:
        return service.app
    watched = Watched(
        metrics=setup.metrics,
        pings=service.pings if service else {},
        states=lambda: [
            RunnerState(name=name, ready=state == "running", detail=state) for name, state in setup.states()
        ],
    )
    app = application(watched, _door(start), setup.clock, service.routers if service else ())
    if service is None:
        # Who sends to a door that is about to open shall send again, and not take it that there is none.
        app.add_api_route(
            "/{path:path}", _not_yet, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], response_model=None
        )
    return app


async def _not_yet() -> NoReturn:
    raise Unavailable("This service is starting.", code="starting", remedy="Send it again in a moment.")
