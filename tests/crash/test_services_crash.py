"""Every service is killed once while messages flow, and classify goes from one to two and back: the count is exact."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from tests.crash.checker import check_all
from tests.crash.sender import Messages, Sender, config, receiver
from tests.fleet import Fleet, fleet, wait_until
from tests.rooms import Servers, room

pytestmark = [pytest.mark.slow, pytest.mark.servers]

MESSAGES = 2000
BATCH = 50
RATE = 100.0
SEED = 20261122
REST_WITHIN_S = 150.0


@pytest.fixture
def servers(kafka_server: str, postgres_server: str, elastic_server: str) -> Servers:
    """All three."""
    return Servers(kafka_server, postgres_server, elastic_server)


def test_kills_of_every_service_lose_and_double_nothing(servers: Servers, tmp_path: Path) -> None:
    with receiver() as pages, room(servers) as connections, fleet(connections, tmp_path, config(pages.url)) as made:
        made.start_each()
        messages = Messages(SEED, MESSAGES, BATCH)
        with Sender(made.door, messages, RATE) as sender:
            _break(made, sender)
            wait_until(lambda: sender.done, "all is acknowledged", 120)
        result = check_all(connections, sender, pages, REST_WITHIN_S)
        with made.client("api") as api:
            sums = api.get("/v1/conservation").json()
    result.show(Console(), "short form")
    assert not result.broken
    assert (sums["holds"], sums["figures"]["in_flight"]) == (True, 0)


def _break(made: Fleet, sender: Sender) -> None:
    """One after the other, each when some more is acknowledged; first those whose leases or sessions last longest."""
    steps: list[Callable[[], object]] = [
        lambda: made.restart_killed("pager"),
        lambda: made.restart_killed("spikes"),
        lambda: made.restart_killed("classify"),
        lambda: made.restart_killed("router"),
        lambda: made.start("classify", "classify-2"),
        lambda: made.restart_killed("ingest"),
        lambda: made.restart_killed("api"),
        lambda: made.stop("classify"),
    ]
    for number, step in enumerate(steps, start=1):
        _flow(sender, number * MESSAGES // (len(steps) + 1))
        step()


def _flow(sender: Sender, least: int) -> None:
    wait_until(lambda: sender.done or len(sender.acknowledged) >= least, f"{least} acknowledged")
