"""The tables that ship beside the code: tab-separated, `#` starts a comment line."""

import csv
from collections.abc import Iterator
from importlib.resources import files

_FOLDER = files("services.classify.domain") / "data"


def rows(name: str) -> Iterator[list[str]]:
    """The fields of each line that is neither empty nor a comment."""
    for line in (_FOLDER / name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield [field.strip() for field in line.split("\t")]


def records(name: str) -> Iterator[dict[str, str]]:
    """The records of a comma-separated table with a heading."""
    yield from csv.DictReader((_FOLDER / name).read_text("utf-8").splitlines())
