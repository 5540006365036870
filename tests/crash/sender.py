"""Who sends, and remembers what was acknowledged; and who is paged, and remembers that."""

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from backbone.ids import derive
from tests.stories.system import KEY
from webcare.keys import hash_of
from webcare.rehearsal.material import Message, written_material

BRANDS = ("Pimpelmees", "Kwarteltje", "Wiedeldoorn", "Merelpost")
"""One whose series stands in each partition of `volume.blocks`."""
BATCH = 500
_CRITICAL = ("injury", "cases", "threat")
_SHARE_CRITICAL = 0.004
_PATIENCE_S = 300.0
_AGAIN_S = 0.5
_LOOK_S = 0.05
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-ndjson"}


def config(pages_to: str) -> str:
    """One queue, one filter, and one page for each incident for as long as the run lasts."""
    brands = ", ".join(f"{{name: {name}}}" for name in BRANDS)
    return f"""
timezone: Europe/Amsterdam
brands: [{brands}]
queues: [{{name: klant, target: {{critical: 15m, high: 1h, normal: 4h}}}}]
rules:
  - {{name: lof, when: {{intent: compliment, urgency: low}}, filter: true}}
  - {{name: rest, queue: klant}}
people:
  - {{name: sanne, key: "sha256:{hash_of(KEY)}", notify: [{{kind: webhook, url: "{pages_to}"}}]}}
escalation: {{name: standaard, steps: [{{notify: [person:sanne]}}, {{after: 6h, notify: [person:sanne]}}]}}
paging: {{digest_after: 100000}}
"""


def mention_id(sent: dict[str, Any]) -> str:
    """The id that a message has once it is a mention."""
    return derive("m", sent["brand"], "push", sent["id"])


class Messages:
    """Written messages, each with an id of its own; some people write more than once. The seed decides all of it."""

    def __init__(self, seed: int, total: int, batch: int = BATCH) -> None:
        material = written_material()
        self._rng = random.Random(seed)
        self._people = max(1, total // 3)
        self._everyday = [each.message for each in material.phase("everyday")]
        self._critical = [each.message for phase in _CRITICAL for each in material.phase(phase)]
        self._seed = seed
        self._total = total
        self.batch = batch

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """All of them."""
        for start in range(0, self._total, self.batch):
            yield [self._message(number) for number in range(start, min(start + self.batch, self._total))]

    def _message(self, number: int) -> dict[str, Any]:
        rng = self._rng
        written: Message = rng.choice(self._critical if rng.random() < _SHARE_CRITICAL else self._everyday)
        return {
            "id": f"{self._seed}-{number}",
            "text": written.text,
            "brand": rng.choice(BRANDS),
            "channel": written.channel,
            "author": {"id": f"a{rng.randrange(self._people)}"},
            "created_at": datetime.now(UTC).isoformat(),
        }


class Sender:
    """Sends at a bounded rate, each batch again until it is acknowledged. `door` is asked for the address each time."""

    def __init__(self, door: Callable[[], str], messages: Messages, rate: float) -> None:
        self._door = door
        self._messages = messages
        self._rate = rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender")
        self._failure: BaseException | None = None
        self.sent: set[str] = set()
        self.acknowledged: dict[str, float] = {}
        """Mention ids, and when (seconds since 1970) the 202 came."""
        self.troubles: dict[str, int] = {}
        """What else was answered, and how often."""
        self.allowed: float = math.inf
        """It pauses when it sent so many, until it may send more."""
        self.longest_s = 0.0
        """The longest time until a batch was acknowledged."""

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def done(self) -> bool:
        """All is acknowledged. Raises what went wrong."""
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            pause = self._messages.batch / self._rate
            with httpx.Client(timeout=60) as client:
                for batch in self._messages.batches():
                    while len(self.sent) >= self.allowed and not self._stop.wait(_LOOK_S):
                        pass
                    began = time.monotonic()
                    self._send(client, batch)
                    # What was late is not made up for: it would all be sent before the next thing breaks.
                    self._stop.wait(max(0.0, began + pause - time.monotonic()))
        except BaseException as error:
            self._failure = error

    def _send(self, client: httpx.Client, batch: list[dict[str, Any]]) -> None:
        self.sent.update(map(mention_id, batch))
        body = b"".join(json.dumps(each).encode() + b"\n" for each in batch)
        began = time.monotonic()
        while not self._accepted(client, body):
            if self._stop.wait(_AGAIN_S) or time.monotonic() > began + _PATIENCE_S:
                raise AssertionError(f"A batch was not acknowledged in {time.monotonic() - began:.0f} s.")
        self.longest_s = max(self.longest_s, time.monotonic() - began)

    def _accepted(self, client: httpx.Client, body: bytes) -> bool:
        try:
            answer = client.post(f"{self._door()}/v1/mentions", content=body, headers=_HEADERS)
        except (httpx.HTTPError, KeyError) as error:
            return self._again(type(error).__name__)
        if answer.status_code in (429, 503):
            return self._again(str(answer.status_code))
        if answer.status_code != 202 or answer.json()["refused"]:
            raise AssertionError(f"The door answered {answer.status_code}: {answer.text[:500]}")
        now = time.time()
        self.acknowledged.update((result["mention_id"], now) for result in answer.json()["results"])
        return True

    def _again(self, trouble: str) -> bool:
        self.troubles[trouble] = self.troubles.get(trouble, 0) + 1
        return False


class Receiver:
    """Where pages arrive: keeps the idempotency key of each delivery that it answered with 204."""

    def __init__(self, url: str, deliveries: list[str]) -> None:
        self.url = url
        self.deliveries = deliveries


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens until the end."""
    deliveries: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            # Before the answer: what the pager was told is here.
            deliveries.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to be heard."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listening = threading.Thread(target=server.serve_forever, name="receiver")
        listening.start()
        try:
            yield Receiver(f"http://127.0.0.1:{server.server_port}/pages", deliveries)
        finally:
            server.shutdown()
            listening.join()
