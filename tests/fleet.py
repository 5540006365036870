"""Services as processes of their own, as `webcare serve` starts them: started, watched, stopped and killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from backbone.distributed.connections import Connections
from tests.rooms import environment
from tests.stories.system import CONFIG, KEY

_START_S = 180.0
_STOP_S = 40.0
_READY_S = 180.0
SERVICES = ("ingest", "classify", "spikes", "router", "pager", "api")
_OPTIONS = {"router": ("--no-pager",)}
"""With which `start_each` starts a service: the pager is a process of its own."""


class Instance(NamedTuple):
    """One process of one service."""

    name: str
    service: str
    process: "subprocess.Popen[bytes]"
    log: Path
    address: str

    def ready(self) -> bool:
        """It says that it can work."""
        try:
            return httpx.get(f"{self.address}/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def figures(self) -> str:
        """What it shows to Prometheus."""
        return httpx.get(f"{self.address}/metrics", timeout=10).text


class Fleet:
    """The processes of one installation. Names are the service's, with a number where there are more."""

    def __init__(self, connections: Connections, folder: Path, config: str = CONFIG, **more: str) -> None:
        self.connections = connections
        self._folder = folder
        self._config = folder / "webcare.yaml"
        self._config.write_text(config)
        self._more = more
        self._processes: list[subprocess.Popen[bytes]] = []
        self.instances: dict[str, Instance] = {}

    def start(self, service: str, name: str = "", *options: str, **more: str) -> Instance:
        """Start an instance, and wait until it listens."""
        return self._begin(service, name, *options, **more)()

    def _begin(self, service: str, name: str = "", *options: str, **more: str) -> Callable[[], Instance]:
        """Start an instance; what is given waits until it listens."""
        name = name or service
        log = self._folder / f"{name}-{len(self._processes) + 1}.log"
        process = self._spawn(service, options, log, {**self._more, **more}, name)
        self._processes.append(process)

        def listening() -> Instance:
            self.instances[name] = Instance(name, service, process, log, _address(process, log))
            return self.instances[name]

        return listening

    def start_all(self, *services: str) -> None:
        """Start one of each, and wait until all are ready."""
        for service in services:
            self.start(service)
        for service in services:
            wait_until(self.instances[service].ready, f"{service} is ready")

    def start_each(self) -> None:
        """Start one of each, the router without its loops beside a pager, and wait until all are ready."""
        for listening in [self._begin(service, service, *_OPTIONS.get(service, ())) for service in SERVICES]:
            listening()
        for service in SERVICES:
            wait_until(self.instances[service].ready, f"{service} is ready", _READY_S)

    def start_again(self, service: str) -> Instance:
        """Start one as `start_each` does."""
        return self.start(service, service, *_OPTIONS.get(service, ()))

    def restart_killed(self, service: str, after_s: float = 0.0) -> None:
        """kill -9, and start it again some seconds later."""
        self.kill(service)
        time.sleep(after_s)
        self.start_again(service)

    def door(self) -> str:
        """Where messages are sent; KeyError while nobody listens."""
        return self.instances["ingest"].address

    def kill(self, name: str) -> None:
        """kill -9."""
        instance = self.instances.pop(name)
        instance.process.kill()
        instance.process.wait()

    def stop(self, name: str) -> int:
        """SIGTERM; the exit code."""
        instance = self.instances.pop(name)
        instance.process.send_signal(signal.SIGTERM)
        return instance.process.wait(_STOP_S)

    def client(self, name: str) -> httpx.Client:
        """Somebody with a key."""
        address = self.instances[name].address
        return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)

    def stop_all(self) -> None:
        """Stop in the order of the data; kill what does not stop."""
        for instance in self.instances.values():
            instance.process.send_signal(signal.SIGTERM)
        for name in list(self.instances):
            try:
                self.instances[name].process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.kill(name)
        self.instances.clear()
        for process in self._processes:
            if process.poll() is None:  # it never came to listen
                process.kill()
                process.wait()

    def _spawn(
        self, service: str, options: tuple[str, ...], log: Path, more: Mapping[str, str], name: str
    ) -> "subprocess.Popen[bytes]":
        webcare = [sys.executable, "-c", "from webcare.cli import main; main()", "serve", service]
        variables = {
            "WEBCARE_DATA": str(self._folder / f"{name}-data"),
            "WEBCARE_LOG_LEVEL": "INFO",
            "WEBCARE_PRIVATE_WEBHOOKS": "on",
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as out:
            return subprocess.Popen(
                [*webcare, "--config", str(self._config), "--port", "0", *options],
                stdout=out,
                stderr=out,
                env={**os.environ, **environment(self.connections), **variables, **more},
            )


@contextmanager
def fleet(connections: Connections, folder: Path, config: str = CONFIG, **more: str) -> Iterator[Fleet]:
    """A fleet that is stopped at the end, whatever happens."""
    made = Fleet(connections, folder, config, **more)
    try:
        yield made
    finally:
        made.stop_all()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"answers at (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError(f"it did not start: {log.read_text()[-3000:]}")


def wait_until(happened: Callable[[], Any], what: str, seconds: float = 60.0) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:g} s in vain: {what}")
