"""What the pods of deploy/k8s are given: configuration, secrets, images, and whom they may speak with."""

import re
from pathlib import Path

import pytest
from k8s_forms import (
    K8S,
    RENDERED,
    chosen,
    container,
    every_distributed_form,
    every_form,
    labels,
    of_kind,
    pod,
    values,
    workloads,
)
from kustomization import loaded

from webcare.environment import TABLE, read_connections
from webcare.serve import SERVICES

# Secrets that an operator makes from what it is given.
_MADE_BY_OPERATORS = {"webcare-cluster-ca-cert", "webcare-postgres-ca", "webcare-es-http-certs-public"}


@every_form
def test_everything_is_in_one_namespace_of_its_own(form: str) -> None:
    assert {e["metadata"].get("namespace") for e in RENDERED[form] if e["kind"] != "Namespace"} == {"webcare"}


@every_form
def test_every_mount_has_its_volume(form: str) -> None:
    for workload in workloads(form).values():
        claims = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", ())}
        volumes = claims | {volume["name"] for volume in pod(workload)["volumes"]}
        assert {mount["name"] for mount in container(workload)["volumeMounts"]} == volumes


@every_form
def test_configuration_that_is_named_is_there(form: str) -> None:
    known = of_kind(form, "ConfigMap").keys()
    named = {each["name"] for each in values(RENDERED[form], "configMap", "configMapRef", "configMapKeyRef")}
    assert named == known


@every_form
def test_accounts_are_there_one_for_each_and_without_a_token(form: str) -> None:
    accounts = of_kind(form, "ServiceAccount")
    assert accounts.keys() == workloads(form).keys()
    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
    assert all(pod(each)["serviceAccountName"] == name for name, each in workloads(form).items())


def secret_keys() -> dict[str, set[str]]:
    return {each["metadata"]["name"]: set(each["stringData"]) for each in loaded(K8S / "examples" / "secrets.yaml")}


@every_distributed_form
def test_secrets_that_are_asked_for_are_those_of_the_example(form: str) -> None:
    asked: set[tuple[str, str]] = {(e["name"], e["key"]) for e in values(RENDERED[form], "secretKeyRef")}
    for authentication in of_kind(form, "TriggerAuthentication").values():
        asked |= {(each["name"], each["key"]) for each in authentication["spec"]["secretTargetRef"]}
    known = {(name, key) for name, keys in secret_keys().items() for key in keys}
    assert {each for each in asked if each[0] not in _MADE_BY_OPERATORS} <= known
    whole = {each["name"] for each in values(RENDERED[form], "secretRef")}
    assert whole == {"webcare-notifiers"} <= secret_keys().keys()
    projected = {e["name"] for e in values([pod(w) for w in workloads(form).values()], "secret")}
    assert projected <= _MADE_BY_OPERATORS


@every_form
def test_no_secret_value_is_written_down(form: str) -> None:
    for secret in of_kind(form, "Secret").values():
        assert secret["stringData"].keys() == {"roles.yml"}
        assert "password" not in secret["stringData"]["roles.yml"]
    for variable in (each for workload in workloads(form).values() for each in container(workload)["env"]):
        if re.search(r"PASSWORD$|SECRET$|KEY$", variable["name"]):
            assert "value" not in variable, variable["name"]
    for data in (each["data"] for each in of_kind(form, "ConfigMap").values()):
        assert not any(re.search(r"PASSWORD|SECRET|API_KEY", name) for name in data)
        assert not re.search(r"://[^/\s]*:[^/\s]*@", "\n".join(data.values()))


def test_the_example_of_secrets_is_in_no_form_and_holds_none() -> None:
    for each in loaded(K8S / "examples" / "secrets.yaml"):
        assert set(each["stringData"].values()) <= {"REPLACE-ME", "webcare"}
    kustomizations = [path.read_text(encoding="utf-8") for path in K8S.rglob("kustomization.yaml")]
    assert len(kustomizations) == 7
    assert not any("examples" in line for text in kustomizations for line in text.splitlines() if "#" not in line)


def environment(form: str, service: str) -> dict[str, str]:
    """What the process sees, with an x for each secret."""
    given: dict[str, str] = {}
    only = container(workloads(form)[service])
    for source in only["envFrom"]:
        if "configMapRef" in source:
            given |= of_kind(form, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    return given | {each["name"]: each.get("value", "x") for each in only["env"]}


@every_distributed_form
@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_told_where_its_servers_are(form: str, service: str, tmp_path: Path) -> None:
    given = environment(form, service)
    assert given.keys() <= {each.name for each in TABLE}
    mounts = {mount["mountPath"]: mount["name"] for mount in container(workloads(form)[service])["volumeMounts"]}
    for name in [each for each in given if each.endswith("_CA")]:
        folder, _, file = given[name].rpartition("/")
        volume = next(each for each in pod(workloads(form)[service])["volumes"] if each["name"] == mounts[folder])
        assert file in {item["path"] for items in values(volume, "items") for item in items}
        (tmp_path / file).write_text("x", encoding="utf-8")
        given[name] = str(tmp_path / file)
    connections = read_connections(given)
    assert connections.kafka.tls
    assert connections.kafka.user
    assert connections.kafka.instance == ""
    assert connections.postgres.tls
    assert all(url.startswith("https://") for url in connections.elastic.urls)
    assert given["WEBCARE_DATA"] in mounts


@every_distributed_form
def test_passwords_go_only_where_they_are_used(form: str) -> None:
    for service in SERVICES:
        marks = labels(workloads(form)[service])
        assert ("WEBCARE_POSTGRES_PASSWORD" in environment(form, service)) == ("webcare/postgres" in marks)
        assert ("WEBCARE_ELASTICSEARCH_PASSWORD" in environment(form, service)) == ("webcare/elasticsearch" in marks)
        assert ("WEBCARE_SESSION_SECRET" in environment(form, service)) == (service == "api")
        assert "webcare/kafka" in marks


@every_form
def test_images_are_pinned(form: str) -> None:
    images = {container(each)["image"] for each in workloads(form).values()}
    images |= {e["spec"]["imageName"] for e in of_kind(form, "Cluster").values()}
    assert all(re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?", image) for image in images)


# -------------------------------------------------------------------------------------------------- the network


@every_distributed_form
def test_nothing_comes_in_or_goes_out_that_is_not_named(form: str) -> None:
    policies = {name: each["spec"] for name, each in of_kind(form, "NetworkPolicy").items()}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name in ("kafka", "postgres", "elasticsearch", "notifiers"):
        selector = policies[f"to-{name}"]["podSelector"]["matchLabels"]
        assert selector == {f"webcare/{name}": "client"}
        assert chosen(form, selector)
    (component,) = policies["front"]["podSelector"]["matchExpressions"]
    assert set(component["values"]) == of_kind(form, "Service").keys()


@every_distributed_form
def test_policies_know_only_marks_that_a_pod_carries(form: str) -> None:
    marks = {key for spec in values(RENDERED[form], "podSelector") for key in spec.get("matchLabels", {})}
    ours = {key for key in marks if key.startswith("webcare/")}
    assert ours <= {key for workload in workloads(form).values() for key in labels(workload)}


def test_names_from_outside_lead_to_services_and_are_certified() -> None:
    services = of_kind("overlays/production", "Service")
    ingresses = of_kind("overlays/production", "Ingress")
    assert ingresses.keys() == services.keys() == {"ingest", "api"}
    for name, ingress in ingresses.items():
        certified = {host for each in ingress["spec"]["tls"] for host in each["hosts"]}
        assert certified == {rule["host"] for rule in ingress["spec"]["rules"]}
        assert {each["name"] for each in values(ingress, "service")} == {name}
