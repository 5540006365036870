"""A service as a process: what it is given, and what it gives whoever runs it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fastapi import APIRouter, FastAPI

from backbone.distributed.connections import Connections
from backbone.metrics import Metrics
from backbone.ports import Clock
from backbone.standing import RunnerSettings


class Line(Protocol):
    """One group's consumer in this process (`backbone.runner.Runner`, or another engine)."""

    @property
    def group(self) -> str:
        """Whose offsets it moves."""
        ...

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``waiting:<code>``, ``stopped:<code>``."""
        ...

    async def run(self) -> None:
        """Work until `stop`, then leave the group; raises what it cannot go on after."""
        ...

    def stop(self) -> None:
        """Let `run` return once the batch in hand is finished."""
        ...


Chore = Callable[[asyncio.Event], Awaitable[None]]
"""Something beside the lines that works until it is told to stop."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What every service is given."""

    connections: Connections
    clock: Clock
    metrics: Metrics
    runner: RunnerSettings
    folder: Path
    """For what may be lost without harm."""
    states: Callable[[], Sequence[tuple[str, str]]]
    """What runs in this process, and how it does, once it runs."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a process runs and shows."""

    lines: Sequence[Line] = ()
    chores: Mapping[str, Chore] = field(default_factory=dict)
    pings: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """What must answer for it to be ready."""
    routers: Sequence[APIRouter] = ()
    """What it answers beside health, readiness and figures."""
    app: FastAPI | None = None
    """Its own application, where it has one; it shows readiness itself."""
    stop_streams: Callable[[], Awaitable[None]] | None = None
    """Ends what does not end by itself, before the server waits for open connections."""
