"""A running system: `webcare up` as people start it, in a folder of its own, and a receiver of its pages."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

START_LIMIT_S = 30.0

CONFIG = """\
organisation: Plint & Zoon
language: nl
timezone: Europe/Amsterdam
brands:
  - name: Plint
    names: [Plint]
opening_hours:
  kantoor: {mon-fri: ["09:00-17:30"]}
queues:
  - {name: veiligheid, target: {critical: 15m, high: 1h, normal: 4h, low: 24h}, hours: always}
  - {name: vragen, target: {high: 1h, normal: 4h, low: 24h}, hours: always}
rules:
  - {name: gevaar gaat voor alles, when: {urgency: [critical]}, queue: veiligheid}
  - {name: de rest, queue: vragen}
people:
  - {name: anna, display: Anna Plint, key: "sha256:%(anna)s", notify: [{kind: webhook, url: "%(pager)s/anna"}]}
  - {name: bram, display: Bram Zoon, key: "sha256:%(bram)s", notify: [{kind: webhook, url: "%(pager)s/bram"}]}
schedule:
  name: webcare
  timezone: Europe/Amsterdam
  rotation: {people: [anna], handover: "mon 09:00", every: 1w}
escalation:
  name: standaard
  steps: [{after: 0m, notify: ["schedule:webcare"]}]
  last_resort: "person:bram"
"""


def key_of(name: str) -> str:
    """A test person's key."""
    return f"wk_key-of-{name}-for-the-browser-tests"


@dataclass
class Running:
    """A system that runs: where it is, and who may enter."""

    base_url: str
    key: str
    other_key: str
    """Of Bram, a colleague."""
    start: Any = None
    """Starts it again in the same folder, after `stop`."""
    stop: Any = None
    said: int = field(default=0)

    def say(self, text: str, **more: Any) -> str:
        """Somebody writes; returns their name, which nobody else has."""
        self.said += 1
        author = f"schrijver{self.said:03}_{time.monotonic_ns() % 1_000_000}"
        self.say_all([{"text": text, "author": author, **more}])
        return author

    def say_all(self, messages: list[dict[str, Any]]) -> None:
        """Many write at once."""
        now = datetime.now(UTC).isoformat()
        sent = [
            {"id": f"m-{time.monotonic_ns()}-{n}", "created_at": now, "brand": "Plint", "channel": "x", **message}
            for n, message in enumerate(messages)
        ]
        self.call("POST", "/v1/mentions", sent).raise_for_status()

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """One request with a key; the page's own are another matter."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.request(method, self.base_url + path, json=body, headers=headers, timeout=10)

    def item_of(self, author: str) -> dict[str, Any]:
        """The open item that this author's message became."""
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            for item in self.call("GET", "/v1/items?limit=200").json()["items"]:
                if item["author_name"] == author:
                    return dict(item)
            time.sleep(0.05)
        raise AssertionError(f"nothing of {author} became an item")


@contextlib.contextmanager
def _receiver() -> Iterator[str]:
    class Pager(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pager) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    program = [str(Path(sys.executable).with_name("webcare")), "up"]
    options = ["--config", str(folder / "webcare.yaml"), "--data", str(folder / "data"), "--port", str(port)]
    environment = {**os.environ, "WEBCARE_PRIVATE_WEBHOOKS": "on", "WEBCARE_LOG_LEVEL": "WARNING"}
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen([*program, *options], env=environment, stdout=log, stderr=log)
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).is_success:
                return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"webcare up did not start:\n{(folder / 'up.log').read_text()[-2000:]}")


@contextlib.contextmanager
def system(folder: Path, config: str = CONFIG) -> Iterator[Running]:
    """It runs until left; `config` has the places that `CONFIG` has."""
    with _receiver() as pager:
        hashes = {name: hashlib.sha256(key_of(name).encode()).hexdigest() for name in ("anna", "bram")}
        (folder / "webcare.yaml").write_text(config % {**hashes, "pager": pager})
        port = _free_port()
        running = Running(f"http://127.0.0.1:{port}", key_of("anna"), key_of("bram"))
        process: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            process.append(_start(folder, port))

        def stop() -> None:
            process[-1].send_signal(signal.SIGTERM)
            try:
                process[-1].wait(15)
            except subprocess.TimeoutExpired:
                process[-1].kill()

        running.start, running.stop = start, stop
        start()
        try:
            yield running
        finally:
            stop()


def enter(context: BrowserContext, there: Running) -> tuple[Page, list[str]]:
    """The page with Anna signed in and live, and what its console complains of from here on."""
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{there.base_url}/#key={there.key}")
    expect(page.locator(".connection.live")).to_be_visible(timeout=15_000)
    return page, complaints


def as_json(response: httpx.Response) -> dict[str, Any]:
    """The answer, which must be a success."""
    assert response.is_success, response.text
    answer: dict[str, Any] = json.loads(response.content)
    return answer
