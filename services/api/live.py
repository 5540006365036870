"""The live stream: one task tails the log, and every client gets what happened since where it stood.

A client that comes back with the id of its last event first reads from the log up to where the tail stands, then
joins it: nothing is left out and nothing comes twice. What waits for one client is bounded; whoever it is too much for
reads from the log again, and who falls far behind is told so and let go (and misses nothing when it comes back with its
last id).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import structlog

from backbone.errors import Backpressure, WebcareError
from backbone.metrics import Metrics
from backbone.ports import EventLog, Partition, Record
from backbone.web.public import public
from contracts.topics import SPIKE_EVENTS, WORK_EVENTS
from contracts.volume import SpikeEvent
from contracts.work import WorkEvent
from services.api.domain.positions import Positions, write_positions
from services.api.settings import ApiSettings

_log = structlog.get_logger(__name__)

_BATCH = 200
_RETRY_MS = 2_000
_LAST_SEND_S = 0.2
_DECODERS: dict[str, tuple[str, msgspec.json.Decoder[WorkEvent] | msgspec.json.Decoder[SpikeEvent]]] = {
    WORK_EVENTS.name: ("work", msgspec.json.Decoder(WorkEvent)),
    SPIKE_EVENTS.name: ("spike", msgspec.json.Decoder(SpikeEvent)),
}
TOPICS = tuple(_DECODERS)

Brands = tuple[str, ...] | None


class Frame(NamedTuple):
    """One event for the clients; `place` is None for what the log does not hold."""

    name: str
    brand: str
    data: bytes
    place: tuple[Partition, int] | None = None


Beat = Callable[[], Awaitable[Sequence[Frame]]]
"""What is told every few seconds while somebody listens."""


class Client:
    """One listener: what waits for it, and whether it fell behind."""

    def __init__(self, brands: Brands, size: int) -> None:
        self.brands = brands
        self.waiting: asyncio.Queue[Frame | None] = asyncio.Queue(size)
        self.lost = False

    def offer(self, frame: Frame) -> bool:
        """Let a frame wait for this client; False if too many do."""
        if self.brands is not None and frame.brand not in self.brands:
            return True
        try:
            self.waiting.put_nowait(frame)
        except asyncio.QueueFull:
            self.lost = True
            self._let_go()
        return not self.lost

    def end(self) -> None:
        """Nothing more will come."""
        with contextlib.suppress(asyncio.QueueFull):
            self.waiting.put_nowait(None)

    def _let_go(self) -> None:
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)


class Live:
    """The tail and its clients. The tail runs while somebody listens."""

    def __init__(self, log: EventLog, settings: ApiSettings, metrics: Metrics, beat: Beat) -> None:
        self._log = log
        self._settings = settings
        self._clients: set[Client] = set()
        self._listeners = 0
        self._metrics = metrics
        self._beat = beat
        self._heads: Positions = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._stopped = False
        self._sends: set[asyncio.Timeout] = set()

    async def stop(self) -> None:
        """End all streams; clients come back by themselves. Called before the server waits for its connections."""
        self._stopped = True
        for client in self._clients:
            client.end()
        for limit in self._sends:
            limit.reschedule(asyncio.get_running_loop().time() + _LAST_SEND_S)
        await self._rest()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """The time that a client may take for one event; TimeoutError after it, and soon when all streams end."""
        async with asyncio.timeout(self._settings.send_timeout_s) as limit:
            self._sends.add(limit)
            try:
                yield
            finally:
                self._sends.discard(limit)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """A place among the listeners, while the tail runs; Backpressure ``too_many_streams``."""
        if self._listeners >= self._settings.stream_clients:
            raise Backpressure("Too many streams are open.", retry_after_s=30.0, code="too_many_streams")
        self._listeners += 1
        self._metrics.sse_clients.set(self._listeners)
        try:
            await self._start()
            yield
        finally:
            self._listeners -= 1
            self._metrics.sse_clients.set(self._listeners)
            if self._listeners == 0:
                await self._rest()

    async def events(self, start: Positions | None, brands: Brands) -> AsyncIterator[bytes]:
        """What a listener is sent, from `start` (now, if None) on, as server-sent events."""
        gone = await self._gone(start) if start else None
        at = dict(self._heads) | (start if start and not gone else {})
        yield _event("reset" if gone else "ready", _reason(gone), at, retry_ms=_RETRY_MS)
        while not self._stopped:
            async for message in self._caught_up(at, brands):
                yield message
            # No await since it had all: the tail has told nobody anything in between.
            client = Client(brands, self._settings.stream_queue)
            self._clients.add(client)
            try:
                async for message in self._follow(client, at):
                    yield message
            finally:
                self._clients.discard(client)
            if client.lost and self._behind(at) > self._settings.stream_behind:
                _log.info("stream_reset", reason="slow_client")
                yield _event("reset", _reason("slow_client"))
                return

    async def _caught_up(self, at: Positions, brands: Brands) -> AsyncIterator[bytes]:
        while self._behind(at) and not self._stopped:
            async for frame in self._missed(at, dict(self._heads)):
                if brands is None or frame.brand in brands:
                    yield _event(frame.name, frame.data, at)

    async def _follow(self, client: Client, at: Positions) -> AsyncIterator[bytes]:
        while not self._stopped:
            try:
                async with asyncio.timeout(self._settings.heartbeat_s):
                    frame = await client.waiting.get()
            except TimeoutError:
                # All that was told has reached this client or was not for it, so it stands where the tail stands.
                at |= self._heads if client.waiting.empty() else {}
                yield f": heartbeat\nid: {write_positions(at)}\n\n".encode()
                continue
            if frame is None or client.lost:
                return
            if not _sent(frame, at):
                yield _place(frame, at)

    def _behind(self, at: Positions) -> int:
        return sum(max(0, head - at[partition]) for partition, head in self._heads.items())

    async def _missed(self, at: Positions, until: Mapping[Partition, int]) -> AsyncIterator[Frame]:
        for partition, end in until.items():
            while at[partition] < end:
                records = await self._log.read(partition, at[partition], min(_BATCH, end - at[partition]))
                for record in records:
                    at[partition] = record.offset + 1
                    if frame := _frame(record):
                        yield frame
                if not records:
                    at[partition] = end

    async def _gone(self, start: Positions) -> str | None:
        """Why this place in the log cannot be gone on from, if it cannot."""
        if not start.keys() <= self._heads.keys():
            return "another_log"
        kept = {p: offset for topic in TOPICS for p, offset in (await self._log.start_offsets(topic)).items()}
        if any(offset > self._heads[partition] for partition, offset in start.items()):
            return "another_log"
        return "expired" if any(offset < kept[partition] for partition, offset in start.items()) else None

    # the tail

    async def _start(self) -> None:
        async with self._starting:
            if not self._tasks:
                self._heads = {p: offset for t in TOPICS for p, offset in (await self._log.end_offsets(t)).items()}
                self._tasks = [asyncio.create_task(self._tail()), asyncio.create_task(self._beats())]

    async def _rest(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tail(self) -> None:
        while True:
            moved = False
            try:
                moved = await self._advance()
            except WebcareError as error:
                _log.warning("stream_tail_waits", code=error.code)
            if not moved:
                await asyncio.sleep(self._settings.tail_every_s)

    async def _advance(self) -> bool:
        ends = {p: offset for topic in TOPICS for p, offset in (await self._log.end_offsets(topic)).items()}
        moved = False
        for partition, end in ends.items():
            head = self._heads.get(partition, 0)
            records = await self._log.read(partition, head, _BATCH) if end > head else ()
            # Between two awaits: who joins finds heads and clients in agreement.
            for record in records:
                self._heads[partition] = record.offset + 1
                if frame := _frame(record):
                    self._tell(frame)
            moved = moved or bool(records)
        return moved

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._settings.volume_every_s)
            try:
                for frame in await self._beat():
                    self._tell(frame)
            except WebcareError as error:
                _log.warning("stream_beat_left_out", code=error.code)

    def _tell(self, frame: Frame) -> None:
        self._clients -= {client for client in self._clients if not client.offer(frame)}


def _frame(record: Record) -> Frame | None:
    name, decoder = _DECODERS[record.topic]
    try:
        event = decoder.decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        _log.warning("stream_unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
        return None
    if isinstance(event, WorkEvent):
        event = msgspec.structs.replace(event, data=public(event.data))
    place = (Partition(record.topic, record.partition), record.offset)
    return Frame(name, event.brand, msgspec.json.encode(event), place)


def _sent(frame: Frame, at: Positions) -> bool:
    return frame.place is not None and frame.place[1] < at[frame.place[0]]


def _place(frame: Frame, at: Positions) -> bytes:
    if frame.place is None:
        return _event(frame.name, frame.data)
    partition, offset = frame.place
    at[partition] = offset + 1
    return _event(frame.name, frame.data, at)


def _reason(reason: str | None) -> bytes:
    return msgspec.json.encode({"reason": reason} if reason else {})


def _event(name: str, data: bytes, at: Mapping[Partition, int] | None = None, retry_ms: int | None = None) -> bytes:
    id_line = f"id: {write_positions(at)}\n" if at is not None else ""
    retry_line = f"retry: {retry_ms}\n" if retry_ms is not None else ""
    return f"event: {name}\n{id_line}{retry_line}data: ".encode() + data + b"\n\n"
