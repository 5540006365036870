"""The whole system as a user runs it: started, fed, killed, started again, stopped."""

import gzip
import json
import sqlite3
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stories.system import System, command, running, wait_for

pytestmark = pytest.mark.slow


def message(number: int, text: str = "Kan iemand mij helpen met mijn bestelling?", **more: Any) -> dict[str, Any]:
    return {"id": f"n{number}", "text": text, "brand": "Wiedeldoorn", "author": f"klant{number}", **more}


def handled(system: System) -> int:
    figures = system.get("/v1/conservation")["figures"]
    return int(figures["accepted"] - figures["in_flight"])


def items(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = system.get("/v1/items", limit=100, **cursor)
        found += page["items"]
        if not page.get("next"):
            return found
        cursor = {"cursor": page["next"]}


def test_from_a_message_to_a_reply(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        assert system.post("/v1/mentions", message(1)).status_code == 202
        wait_for(lambda: len(items(system)) == 1, "the item")
        item = items(system)[0]
        claimed = system.post(f"/v1/items/{item['id']}/claim", {}).json()
        reply = {"fence": claimed["fence"], "text": "Natuurlijk! Wat is je bestelnummer? ^Sanne"}
        assert system.post(f"/v1/items/{item['id']}/reply", reply).status_code == 200
        assert system.post(f"/v1/items/{item['id']}/resolve", {"fence": claimed["fence"]}).status_code == 200
        assert items(system) == []
        wait_for(lambda: system.get("/v1/search", q="bestelling")["total"] == 1, "the archive")
        assert system.stop() == 0


def test_danger_opens_an_incident_and_a_page_that_cannot_be_delivered_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        system.post("/v1/mentions", message(1, "Er is brand in de keuken door jullie waterkoker, mijn arm is verbrand"))
        wait_for(lambda: system.get("/v1/incidents")["incidents"], "the incident")
        [incident] = system.get("/v1/incidents")["incidents"]
        wait_for(lambda: system.get(f"/v1/incidents/{incident['id']}")["pages"], "the page")
        assert (incident["kind"], incident["state"]) == ("critical", "triggered")


def test_killed_in_the_middle_it_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """What was answered with 202 before kill -9 is there after, once."""
    accepted = 0
    for round_ in range(3):
        with running(tmp_path) as system:
            for batch in range(4):
                sent = [message(round_ * 1000 + batch * 100 + n) for n in range(100)]
                assert system.post("/v1/mentions", sent).status_code == 202
                accepted += 100
            system.kill()
    with running(tmp_path) as system:
        wait_for(lambda: handled(system) == accepted, "everything handled")
        assert system.get("/v1/conservation")["holds"]
        found = items(system)
        assert len(found) == len({item["last_mention_id"] for item in found}) == accepted
        wait_for(lambda: system.get("/v1/search", q="bestelling")["total"] == accepted, "the archive")
        assert system.stop() == 0


def test_of_many_who_claim_at_once_one_wins(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        system.post("/v1/mentions", message(1))
        wait_for(lambda: len(items(system)) == 1, "the item")
        item = items(system)[0]["id"]
        system.post(f"/v1/items/{item}/claim", {})
        stale = system.post(f"/v1/items/{item}/reply", {"fence": 99, "text": "Te laat"})
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_fence")
        assert stale.json()["current"]["holder"] == "sanne"


def test_a_second_system_on_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        second = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert str(system.process.pid) in second.stderr
        assert "Stop that process" in second.stderr


def test_a_locked_file_is_a_503_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        assert system.post("/v1/mentions", message(1)).status_code == 202
        lock = sqlite3.connect(tmp_path / "data" / "log.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answers: list[int] = []
        threads = [threading.Thread(target=lambda n=n: answers.append(_send(system, n))) for n in range(2, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        lock.execute("ROLLBACK")
        lock.close()
        assert set(answers) <= {202, 503}
        again = [_send(system, n) for n in range(2, 5)]
        assert again == [202, 202, 202]
        wait_for(lambda: len(items(system)) == 4, "each message once")


def _send(system: System, number: int) -> int:
    return system.post("/v1/mentions", message(number)).status_code


BAD: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"", {}, 400, "empty"),
    (b"   ", {}, 400, "empty"),
    (b"[]", {}, 400, "empty"),
    (b"{", {}, 400, "not_json"),
    (b"\xff\xfe", {}, 400, "invalid_utf8"),
    (b"[" * 5000 + b"]" * 5000, {}, 400, "too_deep"),
    (b'{"id": "1", "text": "x"}', {"Content-Type": "text/plain"}, 415, "wrong_content_type"),
    (b"x" * 6_000_000, {}, 413, "too_large"),
    (gzip.compress(b" " * 200_000_000), {"Content-Encoding": "gzip"}, 413, "too_large"),
    (b"no gzip", {"Content-Encoding": "gzip"}, 400, "bad_gzip"),
    (b"{}", {"Content-Encoding": "br"}, 415, "wrong_encoding"),
    (json.dumps(message(1, "x" * 1_000_000)).encode(), {}, 422, "text_too_long"),
    (json.dumps(message(1, created_at="1900-01-01T00:00:00Z")).encode(), {}, 422, "created_at_too_old"),
    (json.dumps(message(1, created_at="2100-01-01T00:00:00Z")).encode(), {}, 422, "created_at_in_future"),
    (json.dumps(message(1, txet="?")).encode(), {}, 422, "unknown_field"),
    (json.dumps({**message(1), "text": 7}).encode(), {}, 422, "text_missing"),
    (b'"just words"', {}, 422, "not_an_object"),
]


def test_bad_input_gets_a_reason_and_costs_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        for body, headers, status, code in BAD:
            sent = {"Content-Type": "application/json", **headers}
            answer = system.client.post("/v1/mentions", content=body, headers=sent)
            assert (answer.status_code, answer.json()["code"]) == (status, code), body[:60]
            assert answer.headers["content-type"] == "application/problem+json"
        mixed = [message(1), {"id": 2}, message(3), message(1)]
        answer = system.post("/v1/mentions", mixed)
        assert answer.status_code == 202
        assert Counter(row["status"] for row in answer.json()["results"]) == {"accepted": 3, "refused": 1}
        ndjson = "\n".join(["{", json.dumps(message(4)), "nonsense"]).encode()
        answer = system.client.post("/v1/mentions", content=ndjson, headers={"Content-Type": "application/x-ndjson"})
        assert [row["status"] for row in answer.json()["results"]] == ["refused", "accepted", "refused"]
        wait_for(lambda: handled(system) == 4, "what was good")
        assert len(items(system)) == 3
        assert system.get("/v1/conservation")["figures"]["duplicates"] == 1
        assert httpx_status(system, {}) == 401


def httpx_status(system: System, headers: dict[str, str]) -> int:

    return httpx.post(f"{system.address}/v1/mentions", json=message(9), headers=headers).status_code
