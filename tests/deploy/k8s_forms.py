"""The forms of deploy/k8s as they are rendered, and what is asked of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kustomization import Document, render

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
DISTRIBUTED = ("base", "overlays/production", "overlays/production-operators")
FORMS = ("embedded", *DISTRIBUTED)
RENDERED = {form: render(K8S / form) for form in FORMS}
_OPERATORS = ("keda.sh", "kafka.strimzi.io", "postgresql.cnpg.io", "elasticsearch.k8s.elastic.co")

every_form = pytest.mark.parametrize("form", FORMS)
every_distributed_form = pytest.mark.parametrize("form", DISTRIBUTED)


def is_custom(document: Document) -> bool:
    return document["apiVersion"].split("/")[0] in _OPERATORS


def of_kind(form: str, *kinds: str) -> dict[str, Document]:
    return {each["metadata"]["name"]: each for each in RENDERED[form] if each["kind"] in kinds}


def workloads(form: str) -> dict[str, Document]:
    return of_kind(form, "Deployment", "StatefulSet")


def pod(workload: Document) -> Document:
    return dict(workload["spec"]["template"]["spec"])


def container(workload: Document) -> Document:
    (only,) = pod(workload)["containers"]
    return dict(only)


def labels(workload: Document) -> dict[str, str]:
    return dict(workload["spec"]["template"]["metadata"]["labels"])


def chosen(form: str, selector: Document) -> set[str]:
    return {name for name, each in workloads(form).items() if selector.items() <= labels(each).items()}


def values(node: Any, *keys: str) -> Iterator[Any]:
    """Everything that stands under one of `keys`, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in keys:
                yield value
            yield from values(value, *keys)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, *keys)
