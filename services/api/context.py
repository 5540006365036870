"""What every route has at hand, and how it reads its request."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from backbone.web.auth import Auth, Caller, require_person
from services.api.live import Live
from services.api.ports import ApiPorts
from services.api.settings import ApiSettings
from services.api.topics import TopicReader


@dataclass(frozen=True)
class Api:
    """One api: its ports, settings and parts."""

    ports: ApiPorts
    settings: ApiSettings
    auth: Auth
    live: Live
    topics: TopicReader

    def now(self) -> datetime:
        """The present instant."""
        return self.ports.clock.now()


async def _api(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


TheApi = Annotated[Api, Depends(_api)]
ThePerson = Annotated[Caller, Depends(require_person)]


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("Should hold no NUL")
    return text


Storable = AfterValidator(_storable)
"""A text that every store can keep."""

Id = Annotated[str, Path(min_length=1, max_length=200), Storable]

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _sane(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("Should be between 1970 and 2200")
    return at.astimezone(UTC)


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_sane),
    Field(description="ISO 8601 with an offset.", examples=["2026-03-02T09:00:00Z"]),
]
Name = Annotated[str, Field(min_length=1, max_length=200), Storable]
Names = Annotated[list[Name], Field(max_length=50)]


class Filters(BaseModel):
    """Query parameters; an unknown one is refused, so that a slip of the pen never shows too much."""

    model_config = ConfigDict(extra="forbid")
    brand: Names = Field(default=[], description="Repeat it for several brands.")


class Command(BaseModel):
    """A body that asks for a change; an unknown field is refused by name."""

    model_config = ConfigDict(extra="forbid", strict=True)


def none_if_empty(values: list[Any]) -> tuple[Any, ...] | None:
    """Filters as the ports take them: None does not restrict."""
    return tuple(values) or None
