"""The one loop: poll, decode, handle, append, commit; with dead letters, waiting, and rebalancing.

At least once: a crash anywhere in the cycle brings the batch again from its first step, and handlers are written so
that twice has the effect of once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import structlog

from backbone.dead_letters import dead_letter, place
from backbone.decoding import EVENT_TYPES, decode
from backbone.errors import BadInput, Conflict, Stopped, Unavailable
from backbone.handling import Delivered, E, Handler, Rejected, Unhandleable
from backbone.logs import failure
from backbone.metrics import Metrics
from backbone.ports import Clock, Consumer, EventLog, NewRecord, Partition, Record
from backbone.standing import RunnerSettings, Standing, sleep_unless
from contracts.base import Event

T = TypeVar("T")

_LOG = structlog.get_logger("webcare.runner")


class _Dropped(Exception):
    """The batch in hand is no longer ours to finish; nothing of it is committed."""


class Runner(Generic[E]):
    """Runs one handler on the partitions that its group gets. One task at a time calls `run` or `step`."""

    def __init__(
        self,
        log: EventLog,
        handler: Handler[E],
        clock: Clock,
        metrics: Metrics,
        settings: RunnerSettings = RunnerSettings(),  # noqa: B008  immutable
        event_types: Mapping[str, type[Event]] = EVENT_TYPES,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._log = log
        self._handler = handler
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._types = event_types
        self._standing = Standing(handler.group, metrics, settings, jitter)
        self._consumer: Consumer | None = None
        self._generation: int | None = None
        self._handled: dict[Partition, int] = {}
        self._drops = 0
        self._stop = asyncio.Event()

    # what others see

    @property
    def group(self) -> str:
        """Whose offsets it moves."""
        return self._handler.group

    @property
    def topics(self) -> Sequence[str]:
        """What it reads."""
        return self._handler.topics

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``waiting:<code>``, ``stopped:<code>``."""
        return self._standing.state

    @property
    def healthy(self) -> bool:
        """It has its partitions, and nothing holds it up."""
        return self.state == "running"

    def positions(self) -> Mapping[Partition, int]:
        """The next offset to handle of each of its partitions: all before it is handled and committed."""
        return dict(self._handled)

    async def caught_up(self) -> bool:
        """Everything in its partitions is handled and committed."""
        if self._consumer is None or self._generation != self._consumer.generation():
            return False
        ends = await self._ends()
        return all(position >= ends[partition] for partition, position in self._handled.items())

    # running

    def stop(self) -> None:
        """Let `run` return once the batch in hand is finished; one that waits for something is given up."""
        self._stop.set()

    async def run(self) -> None:
        """Work until `stop`, then leave the group. Raises Stopped ``too_many_dead_letters`` and faults of ours."""
        try:
            while not self._stop.is_set():
                await self.step(self._settings.poll_timeout_s)
        except BaseException as error:
            self._standing.stopped(error)
            raise
        else:
            self._standing.set("stopped", "asked")
        finally:
            await self.close()

    async def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            await self._consumer.close()

    async def step(self, timeout_s: float = 0.0) -> int:
        """One cycle, waiting up to `timeout_s` for records; returns how many were handled."""
        try:
            done = await self._cycle(timeout_s)
        except _Dropped:
            self._generation = None
            self._drops += 1
            done = 0
        else:
            self._drops = 0
        await self._show_lag()
        return done

    async def _cycle(self, timeout_s: float) -> int:
        # 1. Know which partitions are ours, and where their work begins.
        consumer = await self._settle()

        # 2. Poll. What came while the partitions changed hands is not ours to handle: it is polled again.
        records = await self._persist(lambda: consumer.poll(self._settings.batch_size, timeout_s))
        if consumer.generation() != self._generation:
            raise _Dropped
        if not records:
            self._handled = dict(consumer.assignment())
            return 0

        # 3. Decode. Too many that cannot be read stop the line here, before any effect.
        events, unreadable = decode(records, self._types)
        self._standing.limit.check(records, unreadable)

        try:
            # 4. Handle: effects take place.
            outputs, rejected = await self._handle(records, events, unreadable)

            # 5. Append what the handler wants to tell.
            await self._append(outputs)
        except (Stopped, Unavailable, _Dropped):
            raise
        except Exception as error:
            _LOG.error("handler_failed", group=self._handler.group, records=len(records), failure=failure(error))
            rejected = await self._one_by_one(records, events, unreadable)

        # 6. Append the dead letters, unless the handler wrote them with its effects.
        if not self._handler.owns_offsets:
            now = self._clock.now()
            await self._append([dead_letter(item, self._handler.group, now) for item in rejected])

        # 7. Commit: from here on the batch does not come again.
        await self._commit(consumer, records)

        # 8. Count.
        self._standing.count(records, rejected)
        return len(records)

    # the steps

    async def _settle(self) -> Consumer:
        if self._drops > 1:
            await self._wait("offset_taken", self._drops - 1)
        if self._consumer is None:
            self._consumer = await self._persist(
                lambda: self._log.consumer(self._handler.group, tuple(self._handler.topics))
            )
        consumer = self._consumer
        if consumer.generation() != self._generation:
            await self._take_over(consumer)
        return consumer

    async def _take_over(self, consumer: Consumer) -> None:
        self._generation = None
        generation = consumer.generation()
        committed = await self._persist(consumer.committed)
        start = {**committed, **await self._owned(lambda: self._handler.assigned(committed))}
        await self._owned(lambda: consumer.seek({partition: start[partition] for partition in committed}))
        self._handled = dict(consumer.assignment())
        self._generation = generation

    async def _handle(
        self, records: Sequence[Record], delivered: Sequence[Delivered[E]], rejected: Sequence[Rejected]
    ) -> tuple[Sequence[NewRecord], Sequence[Rejected]]:
        """What the handler says of the batch, and what it and the decoder rejected."""
        with self._metrics.handle_seconds.labels(self._handler.group).time():
            while True:
                try:
                    return await self._call(delivered, rejected), rejected
                except Unhandleable as error:
                    delivered, rejected = _without(delivered, rejected, error)
                    self._standing.limit.check(records, rejected)

    async def _one_by_one(
        self, records: Sequence[Record], delivered: Sequence[Delivered[E]], rejected: Sequence[Rejected]
    ) -> Sequence[Rejected]:
        """Handle each record by itself, in order, and append what it gave; the one that fails alone is rejected.

        Rejected records go along with the next good one, so that the limit stops the line before they are gone.
        """
        events = {place(item.record): item for item in delivered}
        unreadable = {place(item.record): item for item in rejected}
        bad: list[Rejected] = []
        held: list[Rejected] = []
        for record in records:
            item = unreadable.get(place(record)) or await self._alone(events[place(record)], held)
            if item is None:
                held = []
                continue
            bad.append(item)
            held.append(item)
            self._standing.limit.check(records, bad)
        if held and self._handler.owns_offsets:
            await self._call((), held)
        return bad

    async def _alone(self, item: Delivered[E], held: Sequence[Rejected]) -> Rejected | None:
        try:
            await self._append(await self._call((item,), held))
        except (Stopped, Unavailable, _Dropped):
            raise
        except Unhandleable as error:
            return error.rejected[0]
        except BadInput as error:
            return Rejected(item.record, error.code, str(error))
        except Exception as error:
            name = type(error).__name__
            _LOG.error("record_failed", group=self._handler.group, at=place(item.record), failure=failure(error))
            return Rejected(item.record, f"handler_error:{name}", f"The handler failed with {name}; see the log.")
        return None

    async def _call(self, delivered: Sequence[Delivered[E]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        if self._handler.owns_offsets:
            return await self._owned(lambda: self._handler.handle(delivered, rejected))
        return await self._persist(lambda: self._handler.handle(delivered, rejected))

    async def _append(self, outputs: Sequence[NewRecord]) -> None:
        if outputs:
            await self._persist(lambda: self._log.append(outputs))

    async def _commit(self, consumer: Consumer, records: Sequence[Record]) -> None:
        positions = {Partition(record.topic, record.partition): record.offset + 1 for record in records}
        await self._owned(lambda: consumer.commit(positions))
        self._handled.update(positions)

    # waiting

    async def _owned(self, what: Callable[[], Awaitable[T]]) -> T:
        """As `_persist`; what somebody else owns by now is dropped."""
        try:
            return await self._persist(what)
        except Conflict as error:
            if not self._settings.retries:
                raise
            _LOG.info("batch_dropped", group=self._handler.group, reason=error.code)
            raise _Dropped from error

    async def _persist(self, what: Callable[[], Awaitable[T]]) -> T:
        """Try until it succeeds, while the partitions are ours and nobody stops us."""
        attempt = 0
        while True:
            try:
                result = await what()
            except Unavailable as error:
                if not self._settings.retries:
                    raise
                await self._wait(error.code, attempt, error)
                attempt += 1
            else:
                if self.state != "running":
                    self._standing.set("running")
                return result

    async def _wait(self, reason: str, attempt: int, error: Unavailable | None = None) -> None:
        delay = self._standing.waits(reason, attempt, error)
        await sleep_unless(self._clock.sleep(delay), self._stop)
        moved = self._consumer is not None and self._generation not in (None, self._consumer.generation())
        if moved or self._stop.is_set():
            raise _Dropped

    # showing

    async def _ends(self) -> dict[Partition, int]:
        topics = [await self._log.end_offsets(topic) for topic in self._handler.topics]
        return {partition: end for ends in topics for partition, end in ends.items()}

    async def _show_lag(self) -> None:
        if not self._standing.lag_is_due(self._clock.now()):
            return
        lags = dict.fromkeys(self._handler.topics, 0)
        try:
            ends = await self._ends()
        except Unavailable:
            return
        for partition, position in self._handled.items():
            lags[partition.topic] += max(0, ends[partition] - position)
        self._standing.show_lag(lags)


def _without(
    delivered: Sequence[Delivered[Any]], rejected: Sequence[Rejected], error: Unhandleable
) -> tuple[Sequence[Delivered[Any]], Sequence[Rejected]]:
    """The batch without what the handler rejected; the error itself where it rejected nothing of it."""
    bad = {place(item.record) for item in error.rejected}
    rest = [item for item in delivered if place(item.record) not in bad]
    if len(rest) + len(error.rejected) != len(delivered):
        raise RuntimeError("The handler rejected records that it was not given.") from error
    return rest, sorted((*rejected, *error.rejected), key=lambda item: place(item.record))
