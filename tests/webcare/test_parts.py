"""A part that fails is started again, and everybody can see it meanwhile."""

import asyncio

from backbone.errors import Unavailable
from webcare import parts
from webcare.parts import Parts


async def test_a_part_that_fails_is_started_again(monkeypatch) -> None:
    monkeypatch.setattr(parts, "_AGAIN_S", 0.01)
    kept = Parts(asyncio.Event())
    seen: list[list[tuple[str, str]]] = []
    troubles = [Unavailable("full", code="disk_full"), ValueError("ours")]

    async def work() -> None:
        seen.append(kept.states())
        if troubles:
            raise troubles.pop(0)

    watching = asyncio.create_task(kept.keep("pager", work))
    await watching
    assert seen == [[("pager", "running")]] * 3


async def test_what_failed_shows_until_it_runs_again() -> None:
    stop = asyncio.Event()
    kept = Parts(stop)

    async def work() -> None:
        raise Unavailable("full", code="disk_full")

    task = asyncio.create_task(kept.keep("ticks", work))
    await asyncio.sleep(0.01)
    assert kept.states() == [("ticks", "failed:disk_full")]
    stop.set()
    await task
