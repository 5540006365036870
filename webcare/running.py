"""How consumers and loops live in a process: side by side, until it is asked to stop, and then in order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from backbone.errors import WebcareError
from backbone.logs import failure
from backbone.service import Chore, Line
from webcare.parts import Parts

ON_PURPOSE = "too_many_dead_letters"
"""A line that stopped so would stop again: a person must look first."""

_LOG = structlog.get_logger("webcare.running")


async def keep_running(
    lines: Sequence[Line],
    chores: Mapping[str, Chore],
    parts: Parts,
    stop: asyncio.Event,
    fatal: Callable[[], None] = lambda: None,
) -> None:
    """Run everything until `stop`.

    A line that stops on purpose leaves the rest running, and readiness says so. After a fault of ours `fatal` is called
    as well: where somebody starts the process again, ending it is the better answer.
    """
    tasks = [asyncio.create_task(_watched(line, fatal)) for line in lines]
    tasks += [asyncio.create_task(parts.keep(name, partial(chore, stop))) for name, chore in chores.items()]
    await stop.wait()
    for line in lines:
        line.stop()
    await asyncio.gather(*tasks)


async def _watched(line: Line, fatal: Callable[[], None]) -> None:
    """A line tells by its own state why it stopped; starting it again is a person's decision."""
    try:
        await line.run()
    except WebcareError as error:
        _LOG.error("runner_stopped", group=line.group, code=error.code, reason=str(error))
        if error.code != ON_PURPOSE:
            fatal()
    except Exception as error:
        _LOG.error("runner_failed", group=line.group, failure=failure(error))
        fatal()
