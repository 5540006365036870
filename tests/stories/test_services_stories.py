"""Each service as a process of its own, on real servers: the whole way, and out of the door in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fleet import Fleet, fleet, wait_until
from tests.rooms import Servers, room

pytestmark = [pytest.mark.slow, pytest.mark.servers]

SERVICES = ("ingest", "classify", "spikes", "router", "pager", "api")


@pytest.fixture
def whole(servers: Servers, tmp_path: Path) -> Iterator[Fleet]:
    """One of each."""
    with room(servers) as connections, fleet(connections, tmp_path) as made:
        made.start("ingest")
        made.start("classify")
        made.start("spikes")
        made.start("router", "router", "--no-pager")
        made.start("pager")
        made.start("api")
        for service in SERVICES:
            wait_until(made.instances[service].ready, f"{service} is ready")
        yield made


def items(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/items").json()["items"]
    return found


def test_from_a_message_to_a_reply_through_six_processes(whole: Fleet) -> None:
    with whole.client("ingest") as door, whole.client("api") as api:
        message = {"id": "n1", "text": "Kan iemand mij helpen met mijn bestelling?", "brand": "Wiedeldoorn"}
        assert door.post("/v1/mentions", json=message).status_code == 202
        wait_until(lambda: items(api), "the item")
        (item,) = items(api)
        claimed = api.post(f"/v1/items/{item['id']}/claim", json={}).json()
        reply = {"fence": claimed["fence"], "text": "Natuurlijk! Wat is je bestelnummer? ^Sanne"}
        assert api.post(f"/v1/items/{item['id']}/reply", json=reply).status_code == 200
        assert api.post(f"/v1/items/{item['id']}/resolve", json={"fence": claimed["fence"]}).status_code == 200
        wait_until(lambda: api.get("/v1/search", params={"q": "bestelling"}).json()["total"] == 1, "the archive")
        wait_until(lambda: api.get("/v1/conservation").json()["holds"], "the sums")
        danger = {
            **message,
            "id": "n2",
            "text": "Er is brand in de keuken door jullie waterkoker, mijn arm is verbrand",
        }
        assert door.post("/v1/mentions", json=danger).status_code == 202
        wait_until(lambda: api.get("/v1/incidents").json()["incidents"], "the incident")
        (incident,) = api.get("/v1/incidents").json()["incidents"]
        wait_until(lambda: api.get(f"/v1/incidents/{incident['id']}").json()["pages"], "the page")
    for name in ("ingest", "classify", "spikes", "router", "pager", "api"):
        assert whole.stop(name) == 0, name
