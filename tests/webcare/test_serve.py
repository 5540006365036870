"""A service's process before its servers answer, and where it cannot start at all."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from backbone.distributed.connections import Connections, Elastic, Kafka, Postgres
from servers.certificates import Access
from tests.fleet import fleet, wait_until
from tests.rooms import environment

NOWHERE = Connections(
    kafka=Kafka(servers=("127.0.0.1:1",)),
    postgres=Postgres(url="postgresql://webcare@127.0.0.1:1/webcare"),
    elastic=Elastic(urls=("http://127.0.0.1:1",)),
)

pytestmark = pytest.mark.slow


def refused(tmp_path: Path, *arguments: str, **variables: str) -> str:
    """What it says when it does not start."""
    webcare = [sys.executable, "-c", "from webcare.cli import main; main()", "serve", *arguments]
    given = {**os.environ, **environment(NOWHERE), **variables}
    done = subprocess.run(webcare, capture_output=True, cwd=tmp_path, env=given, timeout=60, check=False)
    assert done.returncode == 2, done.stderr.decode()
    return done.stderr.decode()


def config(folder: Path) -> str:
    path = folder / "webcare.yaml"
    path.write_text(
        "timezone: Europe/Amsterdam\nbrands: [{name: Wiedeldoorn}]\nqueues: [{name: klant}]\n"
        "rules: [{name: rest, queue: klant}]\n"
        "people: [{name: sanne, notify: [{kind: webhook, url: 'https://example.org/sanne'}]}]\n"
        "escalation: {name: standaard, steps: [{notify: [person:sanne]}], last_resort: person:sanne}\n"
    )
    return str(path)


def test_while_its_servers_are_away_it_is_alive_and_not_ready_and_it_can_be_stopped(tmp_path: Path) -> None:
    with fleet(NOWHERE, tmp_path) as made:
        instance = made.start("classify")
        assert httpx.get(f"{instance.address}/health").status_code == 200
        wait_until(lambda: "kafka" in httpx.get(f"{instance.address}/ready").text, "what it waits for", 60)
        answer = httpx.get(f"{instance.address}/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert answer.json()["checks"][0]["detail"].startswith("starting:kafka")
        assert httpx.post(f"{instance.address}/v1/mentions").status_code == 503, "send it again"
        assert made.stop("classify") == 0


def test_a_service_without_its_configuration_says_which_option_is_missing(tmp_path: Path) -> None:
    assert "--config" in refused(tmp_path, "ingest")


def test_a_service_that_there_is_not_is_told_which_there_are(tmp_path: Path) -> None:
    """Before anything is asked of the environment."""
    said = refused(tmp_path, "everything", "--config", config(tmp_path), WEBCARE_KAFKA="")
    assert "ingest, classify, spikes, router, pager, api" in said


def test_a_server_that_is_not_named_is_asked_for_by_its_variable(tmp_path: Path) -> None:
    assert "WEBCARE_POSTGRES" in refused(tmp_path, "router", "--config", config(tmp_path), WEBCARE_POSTGRES="")


def test_a_door_that_nobody_has_a_key_to_is_refused(tmp_path: Path) -> None:
    assert "webcare key" in refused(tmp_path, "ingest", "--config", config(tmp_path))


@pytest.mark.servers
def test_a_wrong_password_ends_it_with_a_sentence_that_names_the_setting(tmp_path: Path, secure_kafka: Access) -> None:
    """Also where it is found out while the process answers already."""
    wrong = {
        "WEBCARE_KAFKA": secure_kafka.address,
        "WEBCARE_KAFKA_TLS": "on",
        "WEBCARE_KAFKA_CA": str(secure_kafka.ca),
        "WEBCARE_KAFKA_USER": secure_kafka.user,
        "WEBCARE_KAFKA_PASSWORD": "not-this-one",
    }
    said = refused(tmp_path, "classify", "--config", config(tmp_path), "--port", "0", **wrong)
    assert "WEBCARE_KAFKA_PASSWORD" in said
    assert "Traceback" not in said
    assert "not-this-one" not in said
