"""What was written for the rehearsal: people, messages and answers, as they stand in messages.yaml."""

from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

STORM_PHASES = (
    "injury",
    "cases",
    "alarm",
    "questions",
    "parents",
    "angry",
    "rumours",
    "press",
    "jokes",
    "private_data",
    "threat",
    "relief",
)
"""The phases of the storm; what comes before it are `everyday` and `smoke`."""

PRIVATE_CHANNELS = frozenset({"whatsapp", "email"})


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who writes; one handle for every message of theirs."""

    handle: str
    followers: int


class Handling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who of the team deals with a message, and how many minutes after it; 0 means that it does not happen."""

    by: str
    acknowledge: float = 0
    claim: float = 0
    reply: float = 0
    resolve: float = 0


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One written message; messages.yaml explains each field."""

    text: str
    channel: str
    id: str | None = None
    by: str | None = None
    lang: str | None = None
    followers: int | None = None
    thread: str | None = None
    weight: int = 0
    at: float | None = None
    expect: str | None = None
    reply: str | None = None
    handle: Handling | None = None

    @property
    def private(self) -> bool:
        return self.channel in PRIVATE_CHANNELS


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its phase and its key, which is its own id or its phase and number."""

    key: str
    phase: str
    message: Message


class Material(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of messages.yaml."""

    people: dict[str, Person]
    first_names: list[str]
    surnames: list[str]
    everyday: list[Message]
    smoke: list[Message]
    injury: list[Message]
    cases: list[Message]
    alarm: list[Message]
    questions: list[Message]
    parents: list[Message]
    angry: list[Message]
    rumours: list[Message]
    press: list[Message]
    jokes: list[Message]
    private_data: list[Message]
    threat: list[Message]
    relief: list[Message]

    def phase(self, name: str) -> list[Written]:
        messages: list[Message] = getattr(self, name)
        return [
            Written(key=message.id or f"{name}-{number:02}", phase=name, message=message)
            for number, message in enumerate(messages, start=1)
        ]

    def story(self) -> Iterator[Written]:
        """Everything written about the crisis, phase by phase."""
        for name in ("smoke", *STORM_PHASES):
            yield from self.phase(name)


@cache
def written_material() -> Material:
    """The material that ships with the package, read once."""
    file = resources.files(__package__).joinpath("messages.yaml")
    return msgspec.yaml.decode(file.read_bytes(), type=Material)
