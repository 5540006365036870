"""A loop over the desk, live: it works off what there is, rests, wakes when poked and stops when told."""

import asyncio

from router_world import START, World, said

from backbone.embedded.clock import ReplayClock
from backbone.errors import Unavailable
from services.router.paging.loop import Loop


class Pieces:
    """Work that comes in pieces; an exception among them is raised."""

    name = "pieces"

    def __init__(self, *pieces: Exception | None) -> None:
        self.left = list(pieces)
        self.asked = 0

    async def step(self) -> bool:
        self.asked += 1
        if not self.left:
            return False
        piece = self.left.pop(0)
        if piece is not None:
            raise piece
        return True


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_it_works_off_what_there_is_then_rests_until_poked_and_stops(world: World):
    """On a clock that stands still only a poke wakes it."""
    work, stop = Pieces(None, None), asyncio.Event()
    loop = Loop(work, world.desk, ReplayClock(START))
    task = asyncio.create_task(loop.run(stop))
    await until(lambda: work.asked == 3)
    work.left = [None]
    loop.poke()
    await until(lambda: work.asked == 5)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert work.left == []


async def test_it_tries_again_what_was_unavailable(world: World):
    """A desk or log that is away costs a rest, not the loop."""
    work, stop = Pieces(Unavailable("away"), None), asyncio.Event()
    clock = ReplayClock(START)
    task = asyncio.create_task(Loop(work, world.desk, clock).run(stop))
    await until(lambda: clock.next_wake() is not None)
    clock.advance(clock.next_wake())
    await until(lambda: work.left == [])
    stop.set()
    await asyncio.wait_for(task, 10)


async def test_another_error_ends_it_for_all_to_see(world: World):
    """No loop dies in silence."""
    task = asyncio.create_task(Loop(Pieces(ValueError("a bug")), world.desk, ReplayClock(START)).run(asyncio.Event()))
    done, _ = await asyncio.wait([task], timeout=10)
    assert done
    assert isinstance(task.exception(), ValueError)


async def test_the_router_pokes_its_loops_after_each_batch(world: World):
    """What a batch planned is not left waiting for the next second."""
    stop = asyncio.Event()
    await world.router.mentions.assigned({})
    tasks = [asyncio.create_task(loop.run(stop)) for loop in world.router.loops]
    await world.router.mentions.handle([world.deliver(said(1, "critical"))], ())
    await until(lambda: any(record.topic == "work.events" for record in world.log.records))
    world.router.poke()
    await until(lambda: world.inbox.notices)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
