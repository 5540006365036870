"""`make bench-distributed`: distributed mode beside limits and peers, on the same real servers in the same run."""

import os
import tempfile
import threading
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.archive import archiving
from benchmarks.claims import AGENTS, EACH, Latency, claiming
from benchmarks.flow import CLASSIFY, COUNTING, LOOPING, PASSING, flow
from benchmarks.load import BATCH
from benchmarks.processes import pids_in
from benchmarks.whole import KEY, SERVICES, Times, config, measure
from servers.elastic import Elastic
from servers.kafka import Kafka
from servers.postgres import Postgres
from tests.fleet import fleet
from tests.rooms import Servers, room

ROUNDS = 3
ARCHIVE_ROUNDS = 8
WARM = 40_000
"""Mentions before the measured ones: until then the servers' Java compiles itself more than it serves."""
BATCHES = (500, 1_000)
PASS_THROUGH_SHARE, CLAIMABLE = 1 / 5, 3_000
"""What must hold: classify's share of a pass-through, and mentions a second from the door to the desk."""


class Run:
    """One run, which prints each table as soon as it is there."""

    def __init__(self, console: Console, messages: int, mentions: int) -> None:
        self._console = console
        self._messages = messages
        self._mentions = mentions

    def flow(self, quix: str) -> None:
        """Classify beside its peers, on one node."""
        with Kafka() as kafka, Postgres() as postgres, Elastic() as elastic:
            with self._load():
                speeds = flow(Servers(kafka.bootstrap, postgres.url, elastic.url), self._messages, ROUNDS, quix)
            limit = speeds[PASSING]
            table = _table(f"{self._messages:,} messages, one Kafka node", "a second", "of pass-through", "CPU µs each")
            for name in (PASSING, LOOPING, COUNTING, CLASSIFY):
                each = speeds[name]
                needed = f" (needed {PASS_THROUGH_SHARE:.2f})" if name == CLASSIFY else ""
                share = f"{each.rate / limit.rate:.2f}{needed}"
                table.add_row(name, f"{each.rate:,.0f}", share, f"{each.cpu_us:,.0f}")
            self._console.print(table)
            with room(Servers(kafka.bootstrap, postgres.url, elastic.url)) as connections, self._load():
                table = _table("Archive, documents a second", "ours", "raw bulk", "share")
                for batch in BATCHES:
                    ours, raw = archiving(connections.elastic, batch, ARCHIVE_ROUNDS)
                    table.add_row(f"batches of {batch}", f"{ours:,.0f}", f"{raw:,.0f}", f"{ours / raw:.2f}")
            self._console.print(table)

    def whole(self) -> None:
        """The whole way over three nodes, then claims on the items that came of it."""
        with Kafka(nodes=3) as kafka, Postgres(durable=True) as postgres, Elastic() as elastic:
            servers = Servers(kafka.bootstrap, postgres.url, elastic.url)
            pids = {"PostgreSQL": pids_in(postgres.folder), "Elasticsearch": pids_in(elastic.folder)}
            pids["Kafka, three nodes"] = pids_in(kafka.folder)
            with (
                room(servers, replicas=3) as connections,
                tempfile.TemporaryDirectory() as folder,
                _pages() as pages_to,
                fleet(connections, Path(folder), config(pages_to), WEBCARE_LOG_LEVEL="WARNING") as running,
            ):
                running.start_all(*SERVICES)
                with self._load():
                    times = measure(running, self._mentions, WARM, pids)
                self._show_whole(times)
                with self._load():
                    claims = claiming(connections.postgres, running.instances["api"].address, KEY)
                self._show_claims(claims)

    def _show_whole(self, times: Times) -> None:
        count = self._mentions
        table = _table(f"{count:,} mentions, six processes, three Kafka nodes", "a second", "beside")
        table.add_row("accepted (202)", f"{count / times.accepted:,.0f}", f"requests of {BATCH}")
        beside = f"needed {CLAIMABLE:,}; the archive had {times.share_archived:.0%} by then"
        table.add_row("claimable", f"{count / times.claimable:,.0f}", beside)
        table.add_row("with the archive complete", f"{count / times.archived:,.0f}", "")
        self._console.print(table)
        table = _table("Processor time until claimable", "µs a mention")
        for name, seconds in sorted(times.cpu.items(), key=lambda one: -one[1]):
            table.add_row(name, f"{seconds / count * 1e6:,.0f}")
        table.add_row("all", f"{sum(times.cpu.values()) / count * 1e6:,.0f}")
        self._console.print(table)

    def _show_claims(self, claims: Mapping[str, Latency]) -> None:
        table = _table(f"{AGENTS * EACH:,} claims by {AGENTS} agents at once", "p50 ms", "p95 ms", "p99 ms", "a second")
        for name, each in claims.items():
            table.add_row(name, *(f"{value:,.0f}" for value in each))
        self._console.print(table)

    @contextmanager
    def _load(self) -> Iterator[None]:
        """Says how busy the machine was: what others do on it is in every figure."""
        before = os.getloadavg()[0]
        yield
        self._console.print(f"[dim]load of the machine before and after: {before:.1f}, {os.getloadavg()[0]:.1f}")


def _table(title: str, *columns: str) -> Table:
    return Table("", *columns, title=title, title_justify="left")


@contextmanager
def _pages() -> Iterator[str]:
    """Where pages can be sent: takes and forgets them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to be heard."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/pages"
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    """Print every figure."""
    parser = ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--peers", default=".venv/peers/bin/python", help="The Python that has quixstreams.")
    parser.add_argument("--messages", type=int, default=50_000, help="Through classify and its peers.")
    parser.add_argument("--mentions", type=int, default=40_000, help="The whole way.")
    parser.add_argument("--only", choices=("flow", "whole"), help="One half.")
    asked = parser.parse_args()
    if asked.only != "whole" and not Path(asked.peers).exists():
        parser.error(f"there is no {asked.peers}: call make bench-distributed, which installs the peers")
    run = Run(Console(), asked.messages, asked.mentions)
    if asked.only != "whole":
        run.flow(asked.peers)
    if asked.only != "flow":
        run.whole()


if __name__ == "__main__":
    main()
