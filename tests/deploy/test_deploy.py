"""The forms of deployment: what can be checked without an engine or a cluster."""

import configparser
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backbone.metrics import CATALOGUE
from webcare.cli import app
from webcare.config.load import load_config
from webcare.environment import TABLE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
K8S = DEPLOY / "k8s" / "base"
_PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+([.-][a-z0-9.-]+)?$")
_SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
FIGURES = {each.name + suffix for each in CATALOGUE for suffix in _SUFFIXES[each.kind]}


def loaded(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document is not None]


@pytest.mark.parametrize(
    "path", [*sorted(DEPLOY.rglob("*.y*ml")), ROOT / "docker-compose.yml"], ids=lambda path: path.name
)
def test_every_yaml_file_can_be_read(path: Path) -> None:
    assert loaded(path)


def test_the_first_configuration_holds_and_is_the_same_everywhere() -> None:
    assert load_config(DEPLOY / "webcare.yaml").notes == ()
    assert (K8S / "webcare.yaml").read_bytes() == (DEPLOY / "webcare.yaml").read_bytes()


# ------------------------------------------------------------------------------------------------------- figures


def rules() -> list[dict[str, Any]]:
    (document,) = loaded(DEPLOY / "prometheus" / "rules.yml")
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "webcare.json").read_text(encoding="utf-8"))
    return list(dashboard["panels"])


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_panels_ask_only_for_figures_that_exist(expression: str) -> None:
    named = set(re.findall(r"\bwebcare_\w+", expression))
    assert named <= FIGURES
    assert named or 'up{job="webcare"}' in expression


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_panels_ask_only_for_labels_that_exist(expression: str) -> None:
    labels = {label for each in CATALOGUE for label in each.labels} | {"le", "job"}
    grouped = {name.strip() for found in re.findall(r"\bby \(([^)]*)\)", expression) for name in found.split(",")}
    selected = {name for found in re.findall(r"\{([^}]*)\}", expression) for name in re.findall(r"(\w+)\s*=", found)}
    assert grouped | selected <= labels


def test_every_alert_says_in_words_what_happened_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "warn")
        assert len(rule["annotations"]["summary"]) > 20
        assert len(rule["annotations"]["description"]) > 40


def test_the_dashboard_shows_every_important_figure_once_explained() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    assert all(panel["title"] and panel["description"] for panel in panels())


# ------------------------------------------------------------------------------------------------------- systemd


def unit() -> dict[str, dict[str, list[str]]]:
    """The sections of the unit; a setting may be there more than once."""
    parser = configparser.RawConfigParser(strict=False, dict_type=_Gathering)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / "systemd" / "webcare.service").read_text(encoding="utf-8"))
    return {name: {key: value.split("\n") for key, value in parser.items(name)} for name in parser.sections()}


class _Gathering(dict):  # type: ignore[type-arg]
    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, list) and isinstance(self.get(key), list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("DynamicUser", "yes"),
        ("StateDirectory", "webcare"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("Restart", "on-failure"),
        ("KillSignal", "SIGTERM"),
        ("TimeoutStopSec", "30"),
    ],
)
def test_the_unit_is_hardened_and_stops_in_order(setting: str, wanted: str) -> None:
    assert unit()["Service"][setting] == [wanted]


def test_the_unit_keeps_its_data_in_its_own_folder_on_loopback() -> None:
    settings = dict(each.split("=", 1) for each in unit()["Service"]["Environment"])
    assert settings["WEBCARE_DATA"] == f"/var/lib/{unit()['Service']['StateDirectory'][0]}"
    assert settings["WEBCARE_HOST"] == "127.0.0.1"
    assert "WEBCARE_AUTH" not in settings


# ----------------------------------------------------------------------------------------------------- container


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines.splitlines()) if word]


def test_the_image_is_pinned_and_built_from_the_locks() -> None:
    steps = instructions()
    for base in (rest.split()[0] for word, rest in steps if word == "FROM"):
        assert _PINNED.match(base), base
    runs = [rest for word, rest in steps if word == "RUN"]
    copies = [rest for word, rest in steps if word == "COPY"]
    assert any("--require-hashes -r requirements.lock" in run for run in runs)
    assert any(run == "npm ci" for run in runs)
    assert any("requirements.lock" in copy for copy in copies)
    assert any("package-lock.json" in copy for copy in copies)
    assert not any("curl" in run or "wget" in run for run in runs)
    assert not any(word == "ADD" for word, _ in steps)


def test_the_image_runs_as_nobody_in_particular() -> None:
    steps = instructions()
    last = max(place for place, (word, _) in enumerate(steps) if word == "FROM")
    final = steps[last:]
    user = next(rest for word, rest in final if word == "USER")
    assert user.split(":")[0].isdecimal()
    assert int(user.split(":")[0]) >= 1000
    assert ("STOPSIGNAL", "SIGTERM") in final
    assert any(word == "HEALTHCHECK" and "/health" in rest for word, rest in final)
    assert not any(word == "RUN" and "pip" in rest for word, rest in final)


def test_only_what_the_image_needs_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    allowed = {line[1:].rstrip("/") for line in lines if line.startswith("!")}
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    for source in (each.rstrip("/") for some in copied for each in some):
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in allowed


def compose() -> dict[str, Any]:
    (document,) = loaded(ROOT / "docker-compose.yml")
    return dict(document)


@pytest.mark.parametrize("name", compose()["services"])
def test_each_container_is_pinned_bounded_and_only_on_loopback(name: str) -> None:
    service = compose()["services"][name]
    assert _PINNED.match(service["image"])
    assert service["mem_limit"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    # The image of webcare has a health check of its own.
    assert "build" in service or service["healthcheck"]["test"]
    assert "WEBCARE_AUTH" not in service.get("environment", {})


def test_volumes_are_declared_and_mounted_files_exist() -> None:
    document = compose()
    for service in document["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                assert source in document["volumes"]


def test_prometheus_finds_webcare_by_its_name_in_the_compose_file() -> None:
    (document,) = loaded(DEPLOY / "prometheus" / "prometheus.yml")
    (scrape,) = document["scrape_configs"]
    (target,) = scrape["static_configs"][0]["targets"]
    assert target.split(":")[0] in compose()["services"]


# ---------------------------------------------------------------------------------------------------- kubernetes


def manifests() -> dict[str, dict[str, Any]]:
    (kustomization,) = loaded(K8S / "kustomization.yaml")
    documents = [document for name in kustomization["resources"] for document in loaded(K8S / name)]
    return {document["kind"]: document for document in documents}


def pod() -> dict[str, Any]:
    return dict(manifests()["StatefulSet"]["spec"]["template"]["spec"])


@pytest.mark.parametrize("kind", ["Namespace", "ServiceAccount", "StatefulSet", "Service", "NetworkPolicy"])
def test_each_manifest_fits_the_schema_of_its_kind(kind: str) -> None:
    validator = pytest.importorskip("kubernetes_validate")
    validator.validate(manifests()[kind], validator.latest_version(), strict=True)


def test_there_is_one_replica_with_a_volume_of_its_own() -> None:
    stateful = manifests()["StatefulSet"]["spec"]
    assert stateful["replicas"] == 1
    assert [claim["metadata"]["name"] for claim in stateful["volumeClaimTemplates"]] == ["data"]


def test_the_pod_is_restricted() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    (container,) = pod()["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


def test_a_stopped_part_is_told_and_does_not_restart_the_pod() -> None:
    (container,) = pod()["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert manifests()["Service"]["spec"]["publishNotReadyAddresses"] is True


def test_every_mount_has_its_volume_and_the_configuration_is_where_it_is_looked_for() -> None:
    (container,) = pod()["containers"]
    volumes = {volume["name"] for volume in pod()["volumes"]} | {"data"}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() <= volumes
    assert container["args"] == ["up", "--config", f"{mounts['config']}/webcare.yaml"]
    assert next(each["value"] for each in container["env"] if each["name"] == "WEBCARE_DATA") == mounts["data"]


def test_every_variable_that_is_set_is_one_that_is_read() -> None:
    known = {each.name for each in TABLE}
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "Dockerfile", ROOT / "docker-compose.yml", *DEPLOY.rglob("*.service"), *K8S.glob("*.yaml"))
    )
    assert set(re.findall(r"\bWEBCARE_[A-Z_]+", text)) <= known


def test_what_is_started_is_a_command_that_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    service = unit()["Service"]
    started = [
        service["ExecStart"][0].split()[1],
        service["ExecStartPre"][0].split()[1],
        pod()["containers"][0]["args"][0],
    ]
    started += [each["command"][0] for each in compose()["services"].values() if "build" in each]
    assert set(started) <= known
