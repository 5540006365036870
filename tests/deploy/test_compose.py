"""docker-compose.yml: what can be checked of it without an engine."""

import re
import runpy
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from kustomization import loaded

from webcare.cli import app
from webcare.config.load import load_config
from webcare.keys import hash_of, keys_in
from webcare.serve import SERVICES

ROOT = Path(__file__).parents[2]
_PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?([.-][a-z0-9.-]+)?$")
_SIZES = {"m": 1, "g": 1024}

(COMPOSE,) = loaded(ROOT / "docker-compose.yml")
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
prepare = runpy.run_path(str(ROOT / "deploy" / "compose" / "prepare.py"))["prepare"]
OURS = {name for name, each in CONTAINERS.items() if "build" in each}


def started_by(profile: str) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in CONTAINERS.items() if profile in each["profiles"]}


def megabytes(written: str) -> int:
    return int(written[:-1]) * _SIZES[written[-1]]


@pytest.mark.parametrize("name", CONTAINERS)
def test_each_container_is_pinned_bounded_and_has_no_rights(name: str) -> None:
    container = CONTAINERS[name]
    assert _PINNED.match(container["image"])
    assert megabytes(container["mem_limit"]) >= 64
    assert container["pids_limit"] <= 4096
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["restart"] in ("unless-stopped", "no")
    assert container["logging"]["options"]["max-size"]
    assert "privileged" not in container


@pytest.mark.parametrize("name", CONTAINERS)
def test_each_container_tells_whether_it_is_well(name: str) -> None:
    # The image of webcare has a health check of its own; what prepares is over in a second.
    check = CONTAINERS[name].get("healthcheck")
    assert check if name not in OURS else check is None or name == "prepare"
    if name not in OURS:
        assert {"test", "interval", "timeout", "retries", "start_period"} <= check.keys()


def test_our_own_containers_write_nowhere_but_where_they_may() -> None:
    assert all(CONTAINERS[name]["read_only"] is True for name in OURS)
    assert CONTAINERS["postgres"]["read_only"] is True


def test_a_plain_up_is_the_one_process_and_nothing_else() -> None:
    (line,) = (each for each in (ROOT / ".env").read_text("utf-8").splitlines() if not each.startswith("#"))
    assert line == "COMPOSE_PROFILES=embedded"
    assert started_by("embedded").keys() == {"webcare"}
    assert all(each["profiles"] for each in CONTAINERS.values())


@pytest.mark.parametrize("profile", ["embedded", "figures", "rehearsal", "distributed"])
def test_no_two_containers_of_a_profile_want_one_port_and_all_are_on_loopback(profile: str) -> None:
    ports = [port for each in started_by(profile).values() for port in each.get("ports", ())]
    published = [re.fullmatch(r"127\.0\.0\.1:(\d+):\d+", port) for port in ports]
    assert all(published)
    assert len(published) == len({match[1] for match in published if match}) > 0


def test_the_distributed_form_is_every_service_once() -> None:
    serving = {name: each["command"] for name, each in CONTAINERS.items() if each.get("command", [""])[0] == "serve"}
    assert serving.keys() == set(SERVICES)
    assert all(command[1] == name for name, command in serving.items())
    assert all(name in started_by("distributed") for name in serving)


def test_only_the_door_the_page_and_the_figures_are_published() -> None:
    published = {name for name, each in started_by("distributed").items() if "ports" in each}
    assert published == {"ingest", "api", "prometheus-distributed", "grafana-distributed"}


def test_servers_are_reached_only_from_the_inner_network() -> None:
    assert COMPOSE["networks"]["backend"]["internal"] is True
    for name in ("kafka", "postgres", "elasticsearch"):
        assert CONTAINERS[name]["networks"] == ["backend"]
    for name in SERVICES:
        assert "backend" in CONTAINERS[name]["networks"]


def test_what_waits_for_another_can_be_started_in_an_order() -> None:
    for name, container in CONTAINERS.items():
        for other, how in container.get("depends_on", {}).items():
            assert set(container["profiles"]) <= set(CONTAINERS[other]["profiles"]), f"{name} waits for {other}"
            once = CONTAINERS[other]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if once else "service_healthy")
    order = list(
        TopologicalSorter({n: set(each.get("depends_on", {})) for n, each in CONTAINERS.items()}).static_order()
    )
    assert set(order) == CONTAINERS.keys()


def test_each_service_waits_for_the_servers_it_cannot_begin_without() -> None:
    for name in SERVICES:
        waits = CONTAINERS[name]["depends_on"].keys()
        assert {"kafka", "prepare"} <= waits
        assert ("postgres" in waits) == (name in ("router", "pager", "api"))
        # Only those that work on the desk see its password.
        assert ("postgres" in waits) == ("secrets:/run/webcare:ro" in CONTAINERS[name]["volumes"])


def test_servers_are_addressed_by_the_names_of_their_containers() -> None:
    for name in SERVICES:
        environment = CONTAINERS[name]["environment"]
        hosts = [
            re.sub(r"^\w+://(\w+@)?", "", environment[each]).split(":")[0]
            for each in ("WEBCARE_KAFKA", "WEBCARE_POSTGRES", "WEBCARE_ELASTICSEARCH")
        ]
        assert hosts == ["kafka", "postgres", "elasticsearch"]
    assert CONTAINERS["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:9092"


def prepared(folder: Path, given: Path) -> str | None:
    for name in ("kept", "etc"):
        (folder / name).mkdir(exist_ok=True)
    key = prepare(given, folder / "kept", folder / "etc" / "webcare.yaml")
    return str(key) if key else None


def test_a_first_key_is_made_once_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    given = ROOT / "deploy" / "webcare.yaml"
    key = prepared(tmp_path, given)
    assert key
    passwords = [(tmp_path / "kept" / name).read_text() for name in ("postgres", "session")]
    written = load_config(tmp_path / "etc" / "webcare.yaml").config
    assert written.people[0].key == f"sha256:{hash_of(key)}"
    first = written.people[0].model_copy(update={"key": None})
    assert written.model_copy(update={"people": [first, *written.people[1:]]}) == load_config(given).config
    assert keys_in(written)
    assert not any(key in path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert prepared(tmp_path, given) is None
    assert [(tmp_path / "kept" / name).read_text() for name in ("postgres", "session")] == passwords
    assert load_config(tmp_path / "etc" / "webcare.yaml").config == written


def test_a_configuration_with_keys_is_handed_on_as_it_is(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "webcare.yaml").read_text(encoding="utf-8")
    given = tmp_path / "given.yaml"
    given.write_text(text.replace("  - name: sanne\n", f"  - name: sanne\n    key: sha256:{hash_of('k')}\n"), "utf-8")
    assert prepared(tmp_path, given) is None
    assert (tmp_path / "etc" / "webcare.yaml").read_bytes() == given.read_bytes()


def test_what_prepares_finds_what_it_reads() -> None:
    mounts = dict(volume.split(":")[:2] for volume in CONTAINERS["prepare"]["volumes"])
    assert mounts["./deploy/compose/prepare.py"] == CONTAINERS["prepare"]["entrypoint"][1]
    assert mounts["./deploy/webcare.yaml"] == CONTAINERS["prepare"]["environment"]["GIVEN"]
    assert (mounts["secrets"], mounts["configuration"]) == ("/run/webcare", "/etc/webcare")


def test_no_password_is_written_down() -> None:
    for container in CONTAINERS.values():
        assert "WEBCARE_AUTH" not in container.get("environment", {})
        for variable, value in container.get("environment", {}).items():
            if re.search(r"PASSWORD$|SECRET$|_KEY$", variable):
                assert re.fullmatch(r"\$\{\w+:-\}", value), variable


def test_the_whole_stack_fits_the_memory_that_the_page_names() -> None:
    total = sum(megabytes(each["mem_limit"]) for each in started_by("distributed").values()) / 1024
    assert total <= 8
    assert f"{total:.1f} GB" in (ROOT / "docs" / "deployment.md").read_text("utf-8")


def test_the_heaps_leave_room_in_their_containers() -> None:
    for name, variable in (("kafka", "KAFKA_HEAP_OPTS"), ("elasticsearch", "ES_JAVA_OPTS")):
        heap = re.search(r"-Xmx(\w+)", CONTAINERS[name]["environment"][variable])
        assert heap
        assert megabytes(heap[1]) * 2 <= megabytes(CONTAINERS[name]["mem_limit"])


def test_volumes_are_declared_and_mounted_files_exist() -> None:
    used = set()
    for container in CONTAINERS.values():
        for volume in container.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                used.add(source)
    assert used == COMPOSE["volumes"].keys()


def test_networks_are_declared() -> None:
    used = {network for each in CONTAINERS.values() for network in each.get("networks", ())}
    assert used == COMPOSE["networks"].keys()


def test_prometheus_finds_the_one_process_by_its_name() -> None:
    (document,) = loaded(ROOT / "deploy" / "prometheus" / "prometheus.yml")
    (scrape,) = document["scrape_configs"]
    (target,) = scrape["static_configs"][0]["targets"]
    assert target == "webcare:8080"
    assert "webcare" in CONTAINERS


def test_prometheus_finds_every_instance_of_every_service() -> None:
    (document,) = loaded(ROOT / "deploy" / "prometheus" / "distributed.yml")
    jobs = {each["job_name"]: each["dns_sd_configs"] for each in document["scrape_configs"]}
    assert jobs.keys() == set(SERVICES)
    for name, (asked,) in jobs.items():
        assert (asked["names"], asked["type"], asked["port"]) == ([name], "A", 8080)
    for path in document["rule_files"]:
        assert (ROOT / "deploy" / "prometheus" / path).is_file()


@pytest.mark.parametrize("name", [name for name, each in CONTAINERS.items() if name.startswith("prometheus")])
def test_prometheus_reads_a_configuration_that_is_there(name: str) -> None:
    (option,) = (each for each in CONTAINERS[name]["command"] if each.startswith("--config.file="))
    assert (ROOT / "deploy" / option.removeprefix("--config.file=/etc/")).is_file()


def test_what_is_started_is_a_command_that_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert {CONTAINERS[name]["command"][0] for name in OURS if "command" in CONTAINERS[name]} <= known
