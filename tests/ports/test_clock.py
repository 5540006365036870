"""What every clock promises (`backbone.ports.Clock`), and what the replay clock adds."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backbone.embedded import clock as clock_module
from backbone.embedded.clock import RealClock, ReplayClock
from backbone.ports import Clock

START = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
CLOCKS: dict[str, Callable[[], Clock]] = {"real": RealClock, "replay": lambda: ReplayClock(START)}


@pytest.fixture(params=sorted(CLOCKS))
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


def test_now_is_aware_and_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_now_never_goes_back(clock: Clock) -> None:
    instants = [clock.now() for _ in range(100)]
    assert instants == sorted(instants)


async def test_sleeping_no_time_returns(clock: Clock) -> None:
    await clock.sleep(0)
    await clock.sleep(-1)


async def test_the_real_clock_wakes_after_its_time() -> None:
    clock = RealClock()
    before = clock.now()
    await clock.sleep(0.01)
    assert clock.now() - before >= timedelta(seconds=0.009)


def test_the_real_clock_stands_still_where_the_systems_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RealClock()
    before = clock.now()

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return before - timedelta(days=1)

    monkeypatch.setattr(clock_module, "datetime", Yesterday)
    assert clock.now() == before


def test_the_replay_clock_moves_only_when_it_is_moved_and_never_back() -> None:
    clock = ReplayClock(START)
    assert clock.now() == START
    clock.advance(START + timedelta(hours=1))
    clock.advance(START)
    assert clock.now() == START + timedelta(hours=1)


def test_the_replay_clock_takes_instants_of_any_zone() -> None:
    clock = ReplayClock(START)
    clock.advance((START + timedelta(hours=1)).astimezone(timezone(timedelta(hours=2))))
    assert clock.now().isoformat() == "2026-03-29T01:59:00+00:00"


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    clock, woken = ReplayClock(START), []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.create_task(sleeper(*each)) for each in (("late", 30), ("first", 10), ("second", 10))]
    await asyncio.sleep(0)
    assert clock.next_wake() == START + timedelta(seconds=10)
    clock.advance(START + timedelta(seconds=29))
    await asyncio.gather(*tasks[1:])
    assert woken == ["first", "second"]
    assert clock.next_wake() == START + timedelta(seconds=30)
    clock.advance(START + timedelta(seconds=30))
    await asyncio.gather(*tasks)
    assert woken == ["first", "second", "late"]


async def test_a_sleeper_that_gave_up_is_forgotten() -> None:
    clock = ReplayClock(START)
    sleeping = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert clock.next_wake() is None
    clock.advance(START + timedelta(minutes=1))
