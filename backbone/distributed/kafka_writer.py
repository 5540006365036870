"""Appending: batches per partition, acknowledged by all in-sync replicas, in order, whole or refused."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerClosed

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import away, client_options
from backbone.errors import Backpressure, Unavailable
from backbone.ports import NewRecord, Partition

APPEND_WITHIN_S = 20.0
"""An append that is not acknowledged by then is refused: longer than a cluster needs to name another leader."""
WAITING_BYTES = 64 << 20
"""Appends that wait for the brokers; beyond it they are refused with Backpressure."""
BATCH_BYTES = 1 << 19
_RETIRE_WITHIN_S = 5.0
_LOG = structlog.get_logger("webcare.kafka")


class _Batch:
    """Records for one partition that go together; `base` is the offset of the first once they are acknowledged."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.size = 0
        self.count = 0
        self.base: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # An append whose caller gave up leaves nobody to look at how it ended.
        self.base.add_done_callback(lambda done: done.cancelled() or done.exception())


class _Lane:
    """The batches of one partition that wait for their turn, the last of them still open."""

    def __init__(self) -> None:
        self.waiting: deque[_Batch] = deque()
        self.sender: asyncio.Task[None] | None = None


class _Channel:
    """One producer and what goes through it. Once anything failed it takes nothing more: another one is made.

    A batch that a producer gave up leaves a hole in the sequence by which brokers tell doubles, so that no later
    batch of it would be taken.
    """

    def __init__(self, producer: Any, prefix: str, settled: Callable[[int], None]) -> None:
        self._producer = producer
        self._prefix = prefix
        self._settled = settled
        self._lanes: dict[Partition, _Lane] = {}
        self._open: set[_Batch] = set()
        self.failed = False

    def add(self, partition: Partition, key: bytes, value: bytes, stamp: int | None) -> tuple[_Batch, int]:
        """Put a record at the end of its partition's last open batch; says which, and the how manieth it is there."""
        lane = self._lanes.get(partition)
        if lane is None:
            lane = self._lanes[partition] = _Lane()
        batch = lane.waiting[-1] if lane.waiting else self._begin(lane)
        if batch.builder.append(timestamp=stamp, key=key, value=value) is None:
            batch = self._begin(lane)
            batch.builder.append(timestamp=stamp, key=key, value=value)
        nth = batch.count
        batch.count = nth + 1
        batch.size += len(value)
        return batch, nth

    def _begin(self, lane: _Lane) -> _Batch:
        batch = _Batch(self._producer.create_batch())
        lane.waiting.append(batch)
        self._open.add(batch)
        batch.base.add_done_callback(lambda _: self._close(batch))
        return batch

    def _close(self, batch: _Batch) -> None:
        self._open.discard(batch)
        self._settled(batch.size)

    def send(self, partitions: Iterable[Partition]) -> None:
        """Let what waits for these partitions go."""
        for partition in partitions:
            lane = self._lanes[partition]
            if lane.sender is None or lane.sender.done():
                lane.sender = asyncio.create_task(self._drain(partition, lane))

    async def _drain(self, partition: Partition, lane: _Lane) -> None:
        while lane.waiting:
            batch = lane.waiting.popleft()
            try:
                sent = await self._producer.send_batch(
                    batch.builder, self._prefix + partition.topic, partition=partition.number
                )
            except Exception as error:
                self.fail(error)
                return
            sent.add_done_callback(lambda done, batch=batch: self._sent(batch, done))

    def _sent(self, batch: _Batch, done: "asyncio.Future[Any]") -> None:
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if self.failed:
            return
        if error is not None:
            self.fail(error)
        elif done.result().offset < 0:
            # Written before, and the broker no longer knows where.
            self.fail(KafkaError("no offset"))
        elif not batch.base.done():
            batch.base.set_result(done.result().offset)

    def fail(self, error: BaseException) -> None:
        """Refuse all that is not acknowledged."""
        self.failed = True
        for batch in list(self._open):
            if not batch.base.done():
                batch.base.set_exception(error)
        for lane in self._lanes.values():
            lane.waiting.clear()

    async def finish(self) -> None:
        """Wait for what was taken."""
        if self._open:
            await asyncio.wait([batch.base for batch in self._open], timeout=APPEND_WITHIN_S)

    async def close(self) -> None:
        """Let go of the producer, whatever it still holds: a batch that was refused must not be written later."""
        self.fail(ProducerClosed())
        for lane in self._lanes.values():
            if lane.sender is not None:
                lane.sender.cancel()
        # The library's own way out waits for batches that it sends again for ever.
        routine = self._producer._sender.sender_task  # noqa: SLF001
        if routine is not None:
            routine.cancel()
            await asyncio.wait([routine], timeout=_RETIRE_WITHIN_S)
        held = self._producer._message_accumulator  # noqa: SLF001
        pending = held._pending_batches  # noqa: SLF001
        pending.update(batch for queue in held._batches.values() for batch in queue)  # noqa: SLF001
        for batch in list(pending):
            batch.done_noack()
        await self._producer.stop()


class Writer:
    """Takes appends of any number of coroutines; those of one partition are written in the order they came."""

    def __init__(self, connection: Kafka, topics: Iterable[str]) -> None:
        self._connection = connection
        self._topics = [connection.prefix + topic for topic in topics]
        self._channel: _Channel | None = None
        self._opening = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._waiting_bytes = 0
        self._closed = False

    async def append(
        self, records: Sequence[NewRecord], places: Sequence[Partition], stamp: int | None
    ) -> list[tuple[Partition, int]]:
        """Write each record at the end of its place, with `stamp` (milliseconds) or the broker's time."""
        size = sum(len(record.value) for record in records)
        if self._waiting_bytes + size > WAITING_BYTES and self._waiting_bytes:
            raise Backpressure("The brokers cannot keep up with what is appended.", retry_after_s=1.0)
        channel = self._channel
        if channel is None or channel.failed or self._closed:
            channel = await self._open_channel()
        self._waiting_bytes += size
        stands = [
            channel.add(place, record.key.encode(), record.value, stamp)
            for place, record in zip(places, records, strict=True)
        ]
        channel.send(dict.fromkeys(places))
        await self._acknowledged(channel, {batch for batch, _ in stands})
        return [(place, batch.base.result() + nth) for place, (batch, nth) in zip(places, stands, strict=True)]

    async def _acknowledged(self, channel: _Channel, batches: set[_Batch]) -> None:
        waiting = [batch.base for batch in batches]
        _, late = await asyncio.wait(waiting, timeout=APPEND_WITHIN_S, return_when=asyncio.FIRST_EXCEPTION)
        if late and not channel.failed:
            channel.fail(TimeoutError())
        for base in waiting:
            if error := base.exception():
                _LOG.warning("append_refused", error=type(error).__name__)
                raise self._refused(error) from error

    def _refused(self, error: BaseException) -> Unavailable:
        if isinstance(error, MessageSizeTooLargeError):
            return Unavailable(
                "The brokers refuse a batch for its size.",
                code="batch_too_large",
                remedy="Raise max.message.bytes of the topics of WEBCARE_KAFKA_PREFIX.",
            )
        return away(self._connection, error)

    async def open(self) -> None:
        """Be ready before the first append; raises Unavailable."""
        await self._open_channel()

    async def _open_channel(self) -> _Channel:
        async with self._opening:
            if self._closed:
                raise Unavailable("The log is closed.", code="closed")
            if self._channel is not None and not self._channel.failed:
                return self._channel
            self._retire()
            self._channel = _Channel(await self._producer(), self._connection.prefix, self._settled)
            return self._channel

    async def _producer(self) -> Any:
        producer = AIOKafkaProducer(
            **client_options(self._connection), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
        )
        try:
            async with asyncio.timeout(APPEND_WITHIN_S):
                await producer.start()
                await producer.client.set_topics(self._topics)
        except BaseException as error:
            await producer.stop()
            if isinstance(error, (KafkaError, OSError, TimeoutError)):
                raise away(self._connection, error) from error
            raise
        return producer

    def _settled(self, size: int) -> None:
        self._waiting_bytes -= size

    def _retire(self) -> None:
        """Close a channel that failed while others go on."""
        if self._channel is not None:
            task = asyncio.create_task(self._channel.close())
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """Finish what was taken, and let go."""
        self._closed = True
        async with self._opening:
            if self._channel is not None and not self._channel.failed:
                await self._channel.finish()
            self._retire()
            self._channel = None
        await asyncio.gather(*self._retiring)
