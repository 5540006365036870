"""deploy/k8s: every form as it is rendered, judged by the schemas of its kinds, and its services by what they are."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from custom_kinds import Definitions
from k8s_forms import (
    K8S,
    RENDERED,
    chosen,
    container,
    every_distributed_form,
    every_form,
    is_custom,
    labels,
    of_kind,
    pod,
    workloads,
)

from webcare.serve import SERVICES

# -------------------------------------------------------------------------------------------------------- schemas


@every_form
def test_core_kinds_fit_their_schemas_and_hold_no_other_field(form: str) -> None:
    documents = [each for each in RENDERED[form] if not is_custom(each)]
    assert documents
    for document in documents:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_a_field_that_does_not_exist_is_refused() -> None:
    deployment = of_kind("base", "Deployment")["pager"]
    spoilt = {**deployment, "spec": {**deployment["spec"], "replicaz": 1}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replicaz"):
        kubernetes_validate.validate(spoilt, kubernetes_validate.latest_version(), strict=True)


@every_distributed_form
def test_custom_kinds_fit_the_definitions_of_their_operators(form: str) -> None:
    folder = os.environ.get("CRDS")
    if not folder:
        pytest.skip("CRDS names no folder with the operators' definitions: custom kinds are left out")
    definitions = Definitions(Path(folder))
    mistakes = {each["metadata"]["name"]: definitions.mistakes(each) for each in RENDERED[form] if is_custom(each)}
    assert {name: each for name, each in mistakes.items() if each} == {}
    assert bool(mistakes) == (form != "base")


def test_a_field_that_no_definition_names_is_refused(tmp_path: Path) -> None:
    spec = {
        "properties": {"size": {"x-kubernetes-int-or-string": True}, "rest": {"type": "object"}},
        "required": ["size"],
    }
    spec["properties"]["rest"]["x-kubernetes-preserve-unknown-fields"] = True  # type: ignore[index]
    schema = {"properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": spec}}
    version = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}}
    definition = {"group": "example.org", "names": {"kind": "Thing"}, "versions": [version]}
    document = {"kind": "CustomResourceDefinition", "spec": definition}
    (tmp_path / "things.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    thing = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a"}}
    definitions = Definitions(tmp_path)
    assert definitions.mistakes({**thing, "spec": {"size": "1Gi", "rest": {"any": 1}}}) == []
    assert any("sizes" in each for each in definitions.mistakes({**thing, "spec": {"size": 1, "sizes": 2}}))
    assert definitions.mistakes({**thing, "spec": {}})


@every_form
def test_the_renderer_agrees_with_kustomize(form: str) -> None:
    command = ["kubectl", "kustomize"] if shutil.which("kubectl") else ["kustomize", "build"]
    if not shutil.which(command[0]):
        pytest.skip("neither kubectl nor kustomize is here: the renderer is compared with neither")
    printed = subprocess.run([*command, str(K8S / form)], capture_output=True, text=True, check=True, timeout=60).stdout
    assert in_order(yaml.safe_load_all(printed)) == in_order(RENDERED[form])


def in_order(documents: Any) -> list[Any]:
    known = {(each["kind"], each["metadata"]["name"]): _named_lists_in_order(each) for each in documents}
    return sorted(known.items())


def _named_lists_in_order(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _named_lists_in_order(value) for key, value in node.items()}
    if isinstance(node, list) and all(isinstance(value, dict) and "name" in value for value in node):
        return sorted((_named_lists_in_order(value) for value in node), key=lambda each: (each["name"], str(each)))
    return [_named_lists_in_order(value) for value in node] if isinstance(node, list) else node


# ------------------------------------------------------------------------------------------------------- services


@every_distributed_form
def test_every_service_is_a_deployment(form: str) -> None:
    assert of_kind(form, "Deployment").keys() == set(SERVICES)
    for name, each in of_kind(form, "Deployment").items():
        mounts = {mount["name"]: mount["mountPath"] for mount in container(each)["volumeMounts"]}
        assert container(each)["args"][:4] == ["serve", name, "--config", f"{mounts['config']}/webcare.yaml"]


@every_distributed_form
def test_people_are_paged_by_the_pager_only(form: str) -> None:
    assert container(workloads(form)["router"])["args"][-1] == "--no-pager"
    assert {n for n, each in workloads(form).items() if "webcare/notifiers" in labels(each)} == {"pager"}


@every_form
def test_every_pod_is_restricted(form: str) -> None:
    for workload in workloads(form).values():
        assert pod(workload)["securityContext"]["runAsNonRoot"] is True
        assert pod(workload)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod(workload)["automountServiceAccountToken"] is False
        assert container(workload)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        resources = container(workload)["resources"]
        assert resources["limits"]["memory"]
        assert resources["requests"].keys() == {"cpu", "memory"}
    (namespace,) = of_kind(form, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@every_form
def test_alive_is_not_ready_and_a_start_may_take_its_time(form: str) -> None:
    for workload in workloads(form).values():
        only = container(workload)
        assert (
            only["startupProbe"]["httpGet"] == only["livenessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
        )
        assert only["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http"}
        assert only["startupProbe"]["failureThreshold"] * only["startupProbe"]["periodSeconds"] >= 120
        (port,) = only["ports"]
        assert port["name"] == "http"


@every_distributed_form
def test_a_stop_has_time_to_finish_what_is_in_hand(form: str) -> None:
    for name, workload in workloads(form).items():
        before = container(workload).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert (before > 0) == (name in ("ingest", "api"))
        assert pod(workload)["terminationGracePeriodSeconds"] - before >= 30


@every_distributed_form
def test_doors_are_replaced_without_a_gap_and_consumers_without_a_surge(form: str) -> None:
    for name, workload in workloads(form).items():
        change = workload["spec"]["strategy"]["rollingUpdate"]
        assert change == {
            "maxSurge": int(name in ("ingest", "api")),
            "maxUnavailable": int(name not in ("ingest", "api")),
        }


@every_form
def test_selectors_choose_the_pods_they_are_meant_for(form: str) -> None:
    for name, workload in workloads(form).items():
        assert chosen(form, workload["spec"]["selector"]["matchLabels"]) == {name}
    for name, service in of_kind(form, "Service").items():
        assert chosen(form, service["spec"]["selector"]) == {name}
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == "http"


@every_distributed_form
def test_a_drain_may_take_one_of_each_and_no_more(form: str) -> None:
    budgets = of_kind(form, "PodDisruptionBudget")
    assert budgets.keys() == set(SERVICES)
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert chosen(form, budget["spec"]["selector"]["matchLabels"]) == {name}


@every_distributed_form
def test_instances_stand_apart(form: str) -> None:
    for workload in workloads(form).values():
        zone, node = pod(workload)["topologySpreadConstraints"]
        assert (zone["topologyKey"], node["topologyKey"]) == ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        assert zone["whenUnsatisfiable"] == ("ScheduleAnyway" if form == "base" else "DoNotSchedule")
        for spread in (zone, node):
            assert set(spread["matchLabelKeys"]) - {"pod-template-hash"} <= labels(workload).keys()
            assert spread["labelSelector"]["matchLabels"].items() <= labels(workload).items()


# ------------------------------------------------------------------------------------------- the embedded form


def test_the_one_process_has_one_replica_with_a_volume_of_its_own() -> None:
    stateful = workloads("embedded")["webcare"]
    assert stateful["spec"]["replicas"] == 1
    (claim,) = stateful["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(stateful)["volumeMounts"]}
    assert container(stateful)["args"] == ["up", "--config", f"{mounts['config']}/webcare.yaml"]
    data = next(each["value"] for each in container(stateful)["env"] if each["name"] == "WEBCARE_DATA")
    assert data == mounts[claim["metadata"]["name"]]


def test_the_one_process_is_reachable_though_a_part_of_it_stopped() -> None:
    assert of_kind("embedded", "Service")["webcare"]["spec"]["publishNotReadyAddresses"] is True
    assert not any("publishNotReadyAddresses" in e["spec"] for e in of_kind("base", "Service").values())
