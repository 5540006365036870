"""A running `webcare up` in a process of its own, as a user starts it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from webcare.keys import hash_of

KEY = "wk_test_key_of_sanne"
CONFIG = f"""
timezone: Europe/Amsterdam
brands: [{{name: Wiedeldoorn, accounts: {{x: "@wiedeldoorn"}}}}]
queues: [{{name: klant, target: {{critical: 15m, high: 1h, normal: 4h}}}}]
rules: [{{name: rest, queue: klant}}]
people:
  - {{name: sanne, key: "sha256:{hash_of(KEY)}", notify: [{{kind: webhook, url: "http://127.0.0.1:9/pager"}}]}}
escalation: {{name: standaard, steps: [{{notify: [person:sanne]}}], last_resort: person:sanne}}
"""
_READY_S = 60


class System:
    """One start of the system."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self.process = process
        self.address = address
        self.client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a page of the api."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> httpx.Response:
        """What the api answers to a command."""
        return self.client.post(path, json=body)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def config_in(folder: Path) -> Path:
    """The configuration file of a system, written."""
    path = folder / "webcare.yaml"
    path.write_text(CONFIG)
    return path


def command(folder: Path, *more: str) -> list[str]:
    """How it is started."""
    webcare = [sys.executable, "-c", "from webcare.cli import main; main()"]
    return [*webcare, "up", "--config", str(config_in(folder)), "--data", str(folder / "data"), "--port", "0", *more]


@contextmanager
def running(folder: Path) -> Iterator[System]:
    """A system that answers and is ready; killed at the end if it still runs."""
    errors = folder / "stderr.txt"
    with errors.open("w") as log:
        process = subprocess.Popen(
            command(folder),
            stdout=log,
            stderr=log,
            text=True,
            env={**os.environ, "WEBCARE_LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"},
        )
    try:
        system = System(process, _address(process, errors))
        with system.client:
            _until_ready(system)
            yield system
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[str]", errors: Path) -> str:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"open (http://\S+?)(/#|\s)", errors.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"it did not start: {errors.read_text()}")


def _until_ready(system: System) -> None:
    wait_for(lambda: system.client.get("/ready").status_code == 200, "ready")


def wait_for(happened: Any, what: str, seconds: float = 30) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {what}")
