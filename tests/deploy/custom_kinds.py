"""Judges custom kinds by the operators' own definitions, as the API server does: unknown fields are refused."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import yaml

Schema = dict[str, Any]


class Definitions:
    """The definitions in one folder of YAML files."""

    def __init__(self, folder: Path) -> None:
        self._schemas: dict[tuple[str, str], Schema] = {}
        for path in sorted(folder.glob("*.y*ml")):
            for document in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
                if document and document["kind"] == "CustomResourceDefinition":
                    self._add(document["spec"])

    def _add(self, spec: Schema) -> None:
        for version in spec["versions"]:
            if version["served"]:
                kind = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                self._schemas[kind] = version["schema"]["openAPIV3Schema"]

    def mistakes(self, document: dict[str, Any]) -> list[str]:
        """What is wrong with it, and where; raises KeyError where nothing defines its kind."""
        schema = closed(self._schemas[document["apiVersion"], document["kind"]])
        schema["properties"] = {**schema.get("properties", {}), "metadata": {"type": "object"}}
        found = jsonschema.Draft202012Validator(schema).iter_errors(document)
        return [f"{'/'.join(str(step) for step in error.absolute_path)}: {error.message}" for error in found]


def closed(schema: Schema) -> Schema:
    """The schema as JSON Schema that allows no field that is not named, but where the definition lets any pass."""
    out = copy.copy(schema)
    if out.pop("x-kubernetes-int-or-string", False):
        out.pop("anyOf", None)
        out["type"] = ["integer", "string"]
    if out.pop("nullable", False) and "type" in out:
        out["type"] = [out["type"], "null"]
    if "properties" in out:
        out["properties"] = {name: closed(each) for name, each in out["properties"].items()}
        if not out.get("x-kubernetes-preserve-unknown-fields"):
            out.setdefault("additionalProperties", False)
    if isinstance(out.get("additionalProperties"), dict):
        out["additionalProperties"] = closed(out["additionalProperties"])
    if isinstance(out.get("items"), dict):
        out["items"] = closed(out["items"])
    return out
