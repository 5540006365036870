"""The tables that ship beside the code: tab-separated, `#` starts a comment line."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

MODELS: Final = Path(str(files("services.classify") / "models"))
"""The models that ship with the code, a folder each."""
SHIPPED: Final = MODELS / "dutch-1"
_FOLDER = files("services.classify.domain") / "data"


def rows(name: str) -> Iterator[list[str]]:
    """The fields of each line that is neither empty nor a comment."""
    for line in (_FOLDER / name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield [field.strip() for field in line.split("\t")]
