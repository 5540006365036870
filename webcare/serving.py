"""A web server that lives and dies with the rest of the process."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from backbone.errors import Unavailable


class Server(uvicorn.Server):
    """Leaves signals to the composition, which stops everything in order, and says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepts = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As the library does it; `accepts` is set however it ends, so that nobody waits for ever."""
        try:
            await super().startup(sockets)
        finally:
            self.accepts.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises Unavailable that names the setting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        remedy = "Choose another with --port or WEBCARE_PORT."
        raise Unavailable(f"{host}:{port}: {error.strerror}.", code="port_taken", remedy=remedy) from error
    return bound


def server_of(app: ASGIApp) -> Server:
    """A server for the application, with limits on what a client may hold open."""
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=65_536,
        limit_concurrency=2_000,
        proxy_headers=False,
    )
    return Server(settings)


def on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for an orderly stop."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
