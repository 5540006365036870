"""Who judges the next batch: one model for good, or the one that is chosen at the moment."""

import asyncio
from typing import Final, Protocol

import structlog

from backbone.errors import WebcareError
from services.classify.registry import Judge, Registry

AT_ONCE: Final = 500
"""Texts that a shipped model judges before whoever else waits gets a turn."""
_LOG = structlog.get_logger("webcare.classify")


class Judges(Protocol):
    """Where the model comes from that a batch is judged by."""

    @property
    def at_once(self) -> int:
        """How many texts it judges before whoever else waits gets a turn."""
        ...

    async def present(self) -> Judge:
        """The model for the next batch; asked once a batch, so that all of it is judged by the same one."""
        ...


class Fixed:
    """One model for good: what the configuration names, and every replay."""

    at_once: Final = AT_ONCE

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    async def present(self) -> Judge:
        """The one."""
        return self._judge


class Chosen:
    """The model that people choose, followed without a restart.

    Each batch looks whether the choice changed. A new model is loaded in a thread while other work goes on, and judges
    the batch that found it. One that cannot be loaded is refused by name in the log, and the present one goes on.
    """

    at_once: Final = AT_ONCE

    def __init__(self, registry: Registry, judge: Judge, stamp: tuple[int, int, int] | None) -> None:
        self._registry = registry
        self._judge = judge
        self._stamp = stamp

    @classmethod
    def open(cls, registry: Registry, default: str) -> "Chosen":
        """With the model that is chosen now, or `default` where that one cannot be loaded (in the log, as an error)."""
        stamp = registry.stamp()
        try:
            judge = registry.load(registry.current())
        except WebcareError as error:
            _refused(error, default)
            judge = registry.load(default)
        return cls(registry, judge, stamp)

    async def present(self) -> Judge:
        """See `Judges.present`."""
        stamp = self._registry.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            await self._follow()
        return self._judge

    async def _follow(self) -> None:
        before = self._judge.model
        try:
            name = self._registry.current()
            if name == before:
                return
            self._judge = await asyncio.to_thread(self._registry.load, name)
        except WebcareError as error:
            _refused(error, before)
        else:
            _LOG.info("model_switched", before=before, after=self._judge.model)


def _refused(error: WebcareError, goes_on: str) -> None:
    _LOG.error("model_refused", reason=error.code, words=str(error), goes_on=goes_on)
