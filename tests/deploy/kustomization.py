"""Renders what deploy/k8s needs of kustomize, so that manifests are judged where there is no kustomize.

It knows only what is used there and refuses the rest. Where kubectl is there, a test compares the two.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
_KNOWN = {
    *("apiVersion", "kind", "namespace", "labels", "resources", "components"),
    *("configMapGenerator", "patches", "replicas", "images"),
}
# How the API tells the entries of a list apart. Lists of other names, and all of custom kinds, are replaced whole.
_KEYS = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "topologySpreadConstraints": "topologyKey",
}
_CLUSTER_WIDE = {"Namespace"}


def loaded(path: Path) -> list[Any]:
    """The documents of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document is not None]


def render(folder: Path) -> list[Document]:
    """What `kubectl kustomize FOLDER` would print, as documents in no order in particular."""
    documents: list[Document] = []
    _accumulate(folder, documents)
    return _hashed(documents)


def _accumulate(folder: Path, documents: list[Document]) -> None:
    (written,) = loaded(folder / "kustomization.yaml")
    assert written.keys() <= _KNOWN, f"{folder}: the renderer does not know {written.keys() - _KNOWN}"
    own: list[Document] = documents if written["kind"] == "Component" else []
    for name in written.get("resources", ()):
        if (folder / name).is_dir():
            _accumulate(folder / name, own)
        else:
            own.extend(loaded(folder / name))
    for name in written.get("components", ()):
        _accumulate(folder / name, own)
    for generator in written.get("configMapGenerator", ()):
        _generate(generator, folder, own)
    for patch in written.get("patches", ()):
        _patch(patch, folder, own)
    _transform(written, own)
    if own is not documents:
        documents.extend(own)


# ----------------------------------------------------------------------------------------------------- generators


def _generate(generator: Document, folder: Path, documents: list[Document]) -> None:
    data = {name: (folder / name).read_text(encoding="utf-8") for name in generator.get("files", ())}
    for name in generator.get("envs", ()):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        data |= dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    behaviour = generator.get("behavior", "create")
    same = [each for each in documents if each["kind"] == "ConfigMap" and each["metadata"]["name"] == generator["name"]]
    assert len(same) == (0 if behaviour == "create" else 1), f"{folder}: {behaviour} {generator['name']}"
    if behaviour == "create":
        documents.append(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
        )
    else:
        same[0]["data"] = {**same[0]["data"], **data} if behaviour == "merge" else data


def _hashed(documents: list[Document]) -> list[Document]:
    """Generated ConfigMaps carry a hash of what is in them, and whoever names one names the hash."""
    names: dict[str, str] = {}
    for document in documents:
        if document["kind"] == "ConfigMap":
            name = document["metadata"]["name"]
            names[name] = document["metadata"]["name"] = f"{name}-{_hash(document['data'])}"
    for document in documents:
        for reference in _config_map_references(document):
            reference["name"] = names.get(reference["name"], reference["name"])
    return documents


def _hash(data: dict[str, str]) -> str:
    hashed = {"data": data, "kind": "ConfigMap", "name": ""}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return hashlib.sha256(text.encode()).hexdigest()[:10].translate(str.maketrans("013ae", "ghkmt"))


def _config_map_references(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("configMap", "configMapRef", "configMapKeyRef"):
                yield value
            yield from _config_map_references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _config_map_references(value)


# -------------------------------------------------------------------------------------------------------- patches


def _patch(patch: Document, folder: Path, documents: list[Document]) -> None:
    (written,) = loaded(folder / patch["path"])
    target = patch["target"]
    assert target.keys() <= {"kind", "name"}, target
    chosen = [
        each
        for each in documents
        if each["kind"] == target["kind"] and re.fullmatch(target.get("name", ".*"), each["metadata"]["name"])
    ]
    assert chosen, f"{folder / patch['path']} is for nothing"
    for document in chosen:
        if isinstance(written, list):
            _apply_operations(document, written)
        else:
            core = "." not in document["apiVersion"].split("/")[0]
            laid_over = {key: value for key, value in written.items() if key not in ("apiVersion", "kind", "metadata")}
            document.update(_merged(document, laid_over, core))


def _apply_operations(document: Document, operations: list[Document]) -> None:
    for operation in operations:
        *way, last = operation["path"].strip("/").split("/")
        node: Any = document
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node[step]
        assert operation["op"] in ("add", "replace"), operation
        assert operation["op"] == "add" or last in node, f"{operation['path']} is not there"
        node[last] = operation["value"]


def _merged(base: Any, patch: Any, core: bool, name: str = "") -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: _merged(base.get(key), value, core, key) for key, value in patch.items()}}
    if core and isinstance(base, list) and name in _KEYS:
        return _merged_by(_KEYS[name], base, patch, core)
    return patch


def _merged_by(key: str, base: list[Document], patch: list[Document], core: bool) -> list[Document]:
    entries = {entry[key]: entry for entry in base}
    for entry in patch:
        entries[entry[key]] = _merged(entries.get(entry[key], {}), entry, core)
    return list(entries.values())


# --------------------------------------------------------------------------------------------------- transformers


def _transform(written: Document, documents: list[Document]) -> None:
    for document in documents:
        metadata = document["metadata"]
        if "namespace" in written and document["kind"] not in _CLUSTER_WIDE:
            metadata["namespace"] = written["namespace"]
        for labels in written.get("labels", ()):
            assert labels.keys() == {"pairs"}, labels
            metadata["labels"] = {**metadata.get("labels", {}), **labels["pairs"]}
    for replicas in written.get("replicas", ()):
        for document in documents:
            if document["kind"] in ("Deployment", "StatefulSet") and document["metadata"]["name"] == replicas["name"]:
                document["spec"]["replicas"] = replicas["count"]
    for image in written.get("images", ()):
        _in_containers(documents, lambda container, image=image: _name_image(container, image))


def _in_containers(documents: list[Document], change: Callable[[Document], None]) -> None:
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet"):
            for container in document["spec"]["template"]["spec"]["containers"]:
                change(container)


def _name_image(container: Document, image: Document) -> None:
    if container["image"].split(":")[0] == image["name"]:
        container["image"] = f"{image['newName']}:{image['newTag']}"
