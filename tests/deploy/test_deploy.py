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
_PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+([.-][a-z0-9.-]+)?$")
_SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
FIGURES = {each.name + suffix for each in CATALOGUE for suffix in _SUFFIXES[each.kind]}


def loaded(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document is not None]


@pytest.mark.parametrize(
    "path",
    [*sorted(DEPLOY.rglob("*.y*ml")), ROOT / "docker-compose.yml"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_yaml_file_can_be_read(path: Path) -> None:
    assert loaded(path)


def test_the_first_configuration_holds_and_is_the_same_everywhere() -> None:
    assert load_config(DEPLOY / "webcare.yaml").notes == ()
    copies = list((DEPLOY / "k8s").rglob("webcare.yaml"))
    assert len(copies) == 2
    assert {path.read_bytes() for path in copies} == {(DEPLOY / "webcare.yaml").read_bytes()}


# ------------------------------------------------------------------------------------------------------- figures


def rules() -> list[dict[str, Any]]:
    documents = [loaded(DEPLOY / "prometheus" / name)[0] for name in ("rules.yml", "rules-distributed.yml")]
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]


def dashboards() -> list[dict[str, Any]]:
    paths = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for board in dashboards() for panel in board["panels"] for target in panel["targets"])


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_panels_ask_only_for_figures_that_exist(expression: str) -> None:
    named = set(re.findall(r"\bwebcare_\w+", expression))
    assert named <= FIGURES
    assert named or "up{job=" in expression


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_panels_ask_only_for_labels_that_exist(expression: str) -> None:
    labels = {label for each in CATALOGUE for label in each.labels} | {"le", "job", "instance"}
    grouped = {name.strip() for found in re.findall(r"\bby \(([^)]*)\)", expression) for name in found.split(",")}
    selected = {name for found in re.findall(r"\{([^}]*)\}", expression) for name in re.findall(r"(\w+)\s*=", found)}
    assert grouped | selected <= labels


def test_every_alert_says_in_words_what_happened_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "warn")
        assert len(rule["annotations"]["summary"]) > 20
        assert len(rule["annotations"]["description"]) > 40


def test_every_alert_of_the_distributed_form_is_documented() -> None:
    (document,) = loaded(DEPLOY / "prometheus" / "rules-distributed.yml")
    told = set(re.findall(r"^\| `(Webcare\w+)` \|", (ROOT / "docs" / "deployment.md").read_text("utf-8"), re.MULTILINE))
    assert told == {rule["alert"] for group in document["groups"] for rule in group["rules"]}


@pytest.mark.parametrize("board", dashboards(), ids=lambda board: board["uid"])
def test_a_dashboard_explains_each_of_its_panels(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 0
    assert all(panel["title"] and panel["description"] for panel in board["panels"])


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
    (check,) = (rest for word, rest in final if word == "HEALTHCHECK")
    assert "/health" in check
    assert "WEBCARE_PORT" in check
    assert not any(word == "RUN" and "pip" in rest for word, rest in final)


def test_only_what_the_image_needs_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    allowed = {line[1:].rstrip("/") for line in lines if line.startswith("!")}
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    for source in (each.rstrip("/") for some in copied for each in some):
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in allowed


def test_what_the_unit_starts_is_a_command_that_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    service = unit()["Service"]
    assert {service["ExecStart"][0].split()[1], service["ExecStartPre"][0].split()[1]} <= known


def test_every_variable_that_is_set_is_one_that_is_read() -> None:
    known = {each.name for each in TABLE}
    paths = (ROOT / "Dockerfile", ROOT / "docker-compose.yml", *DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.yaml"))
    text = "".join(path.read_text(encoding="utf-8") for path in (*paths, *DEPLOY.rglob("*.env")))
    assert set(re.findall(r"\bWEBCARE_[A-Z_]+", text)) <= known
