"""`python -m benchmarks.distributed`: distributed mode against limits and peers, each on the same servers in one run."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.processes import pids_in
from benchmarks.whole import SERVICES, Times, config, measure
from servers.elastic import Elastic
from servers.kafka import Kafka
from servers.postgres import Postgres
from tests.fleet import fleet
from tests.rooms import Servers, room

MENTIONS = 40_000


@contextmanager
def pages() -> Iterator[str]:
    """Where pages can be sent: takes and forgets them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
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
    console = Console()
    with Kafka(nodes=3) as kafka, Postgres() as postgres, Elastic() as elastic:
        servers = Servers(kafka.bootstrap, postgres.url, elastic.url)
        pids = {"Kafka, three nodes": pids_in(kafka.folder), "PostgreSQL": pids_in(postgres.folder)}
        pids["Elasticsearch"] = pids_in(elastic.folder)
        with room(servers, replicas=3) as connections, tempfile.TemporaryDirectory() as folder, pages() as pages_to:
            with fleet(connections, Path(folder), config(pages_to), WEBCARE_LOG_LEVEL="WARNING") as running:
                running.start_all(*SERVICES)
                show(console, measure(running, MENTIONS, pids))


def show(console: Console, times: Times) -> None:
    table = Table("what", "figure", "beside", title="whole way")
    table.add_row("accepted", f"{MENTIONS / times.accepted:,.0f}", "")
    table.add_row("claimable", f"{MENTIONS / times.claimable:,.0f}", f"{times.share_archived:.0%} archived by then")
    table.add_row("archived", f"{MENTIONS / times.archived:,.0f}", "")
    console.print(table)
    cpu = Table("process", "us a mention")
    for name, seconds in sorted(times.cpu.items(), key=lambda one: -one[1]):
        cpu.add_row(name, f"{seconds / MENTIONS * 1e6:,.0f}")
    cpu.add_row("total", f"{sum(times.cpu.values()) / MENTIONS * 1e6:,.0f}")
    console.print(cpu)


if __name__ == "__main__":
    main()
