"""The recorded examples of what flows, for every test that reads a topic."""

from pathlib import Path

import contracts
from contracts.topics import TOPICS

FOLDER = Path(contracts.__file__).parent / "examples"
DEAD = "dead"
"""Where the examples of dead letters lie, one folder for all dead-letter topics."""


def contracts_examples(topic: str) -> list[tuple[str, bytes]]:
    """(name, record value) of every example of `topic`, by name; dead-letter topics share theirs."""
    folder = FOLDER / (DEAD if topic.endswith(f".{DEAD}") or topic == DEAD else topic)
    return [(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def all_examples() -> list[tuple[str, str, bytes]]:
    """(topic, name, record value) of every example; dead letters once, as ``dead``."""
    names = [*(topic.name for topic in TOPICS), DEAD]
    return [(topic, name, value) for topic in names for name, value in contracts_examples(topic)]
