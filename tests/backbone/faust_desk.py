"""What tests of the keyed runner need: a step that counts, and a member whose every turn can be told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from backbone.embedded.clock import RealClock
from backbone.ports import NewRecord, Record
from contracts.topics import SPIKE_EVENTS, VOLUME_BLOCKS, dead_letters_of
from contracts.volume import VolumeUpdate

AT = datetime(2026, 1, 5, tzinfo=UTC)
TOPICS = (VOLUME_BLOCKS, SPIKE_EVENTS, dead_letters_of(VOLUME_BLOCKS))
DUE_AFTER = timedelta(hours=1)


class Seen(msgspec.Struct, frozen=True):
    """Which updates of one series were stepped, by their second; and whether its time has passed."""

    seconds: tuple[int, ...]
    over: bool = False


class SeenStep:
    """Remembers each update, and repeats it; a series is over an hour after its last one."""

    def __init__(self, fails_on: int | None = None) -> None:
        self._fails_on = fails_on

    def key(self, event: VolumeUpdate) -> str:
        return event.series

    def step(self, state: Seen | None, event: VolumeUpdate) -> tuple[Seen, Sequence[NewRecord]]:
        second = int((event.at - AT).total_seconds())
        if second == self._fails_on:
            raise ZeroDivisionError
        before = state.seconds if state else ()
        return Seen((*before, second)), [NewRecord(SPIKE_EVENTS.name, event.series, str(second).encode())]

    def tick(self, state: Seen, now: datetime) -> tuple[Seen, Sequence[NewRecord]]:
        return Seen(state.seconds, over=True), []

    def next_due(self, state: Seen) -> datetime | None:
        return None if state.over else AT + timedelta(seconds=state.seconds[-1]) + DUE_AFTER

    def encode(self, state: Seen) -> bytes:
        return msgspec.msgpack.encode(state)

    def decode(self, record: bytes) -> Seen:
        return msgspec.msgpack.decode(record, type=Seen)


class MovedClock(RealClock):
    """The real clock, told to be another time; sleeping is real."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.ahead = now - super().now()

    def now(self) -> datetime:
        return super().now() + self.ahead


def update(series: str, second: int) -> NewRecord:
    event = VolumeUpdate(series=series, brand="Vlieland", at=AT + timedelta(seconds=second), blocks=())
    return NewRecord(VOLUME_BLOCKS.name, series, msgspec.json.encode(event))


class FakeMember:
    """One partition in memory. What happens is written down in the order it happens."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.kept: dict[str, bytes] = {}
        self.coming: list[list[Record]] = []
        self.current: int | None = 1
        self.troubles: dict[str, list[BaseException]] = {}
        """Raised one by one, by the name of what is called."""
        self.leaving: Callable[[], Awaitable[None]] | None = None
        self.on_save: Callable[[], Awaitable[None]] | None = None
        self.committed = 0

    def _trouble(self, name: str) -> None:
        if self.troubles.get(name):
            raise self.troubles[name].pop(0)

    async def start(self) -> None:
        self._trouble("start")
        self.happened.append("start")

    async def generation(self) -> int | None:
        self._trouble("generation")
        return self.current

    def table(self) -> Mapping[int, Mapping[str, bytes]]:
        return {0: dict(self.kept)}

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        if self.coming:
            return self.coming.pop(0)
        await asyncio.sleep(timeout_s)
        return []

    async def again(self, partition: int, offset: int) -> None:
        self.happened.append(f"again {offset}")

    async def save(self, records: Mapping[str, bytes], homes: Mapping[str, int]) -> None:
        self._trouble("save")
        if self.on_save is not None:
            await self.on_save()
        assert set(records) <= set(homes)
        self.kept |= records
        self.happened.append(f"save {' '.join(sorted(records))}")

    async def commit(self, positions: Mapping[int, int]) -> None:
        self._trouble("commit")
        self.committed = positions[0]
        self.happened.append(f"commit {positions[0]}")

    def progress(self) -> object:
        return None

    async def close(self) -> None:
        self.happened.append("close")


def placed(new: Iterable[NewRecord], start: int = 0) -> list[Record]:
    """As records of the one partition, from an offset on."""
    return [Record(topic, 0, start + n, key, value, AT) for n, (topic, key, value) in enumerate(new)]
