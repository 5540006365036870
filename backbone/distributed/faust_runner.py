"""Faust, as a member of a group with a table. The only file that knows it, so that it can be pinned or dropped.

Faust assigns partitions, keeps a table beside them and reads it back from its changelog, and fetches records. What is
done is not left to it: it would acknowledge what an agent failed on or what it skipped while partitions changed hands,
and commit although a write to the changelog was refused. So there are no agents: records are taken from a channel
that is not acknowledged, and the changelog is written and offsets are committed here, when `KeyedRunner` says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import away, client_options
from backbone.distributed.kafka_writer import Writer
from backbone.distributed.keyed_runner import KeyedRunner
from backbone.distributed.member import Waits
from backbone.distributed.table_tail import TABLE, changelog_name, lay_changelog
from backbone.errors import Conflict, Stopped
from backbone.handling import E, KeyedStep, S
from backbone.metrics import Metrics
from backbone.ports import Clock, EventLog, NewRecord, Partition, Record
from backbone.standing import RunnerSettings

Leaving = Callable[[], Awaitable[None]]

_LOG = logging.getLogger("webcare.faust")
_BUFFERED = 4096
_CLOSE_WITHIN_S = 15.0
_DAY_S = 86_400.0


class FaustRunner(KeyedRunner[S, E]):
    """Runs a keyed step with its states in a Faust table; `folder` is Faust's, and holds nothing that matters."""

    def __init__(
        self,
        connection: Kafka,
        log: EventLog,
        topic: str,
        group: str,
        step: KeyedStep[S, E],
        clock: Clock,
        metrics: Metrics,
        settings: RunnerSettings,
        folder: Path,
        waits: Waits = Waits(),  # noqa: B008  immutable
    ) -> None:
        def member(leaving: Leaving) -> FaustMember:
            return FaustMember(connection, log, topic, group, folder, waits, leaving)

        super().__init__(member, log, topic, group, step, clock, metrics, settings, waits)


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    async def commit_now(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Commit and raise what went wrong, which Faust would take for the end of the thread."""
        await self.call_thread(self._ensure_consumer().commit, offsets)

    @property
    def alive(self) -> bool:
        return self._thread is None or self._thread.is_alive()

    def on_crash(self, msg: str, *fmt: Any, **_: Any) -> None:
        """Faust would print."""
        _LOG.error("The consumer thread died: %s", type(fmt[-1]).__name__ if fmt else msg)


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):
    Consumer = _Consumer


class _App(faust.App):
    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)


class FaustMember:
    """One Faust application within this process: no agents, no web server, no signal handlers."""

    def __init__(
        self, connection: Kafka, log: EventLog, topic: str, group: str, folder: Path, waits: Waits, leaving: Leaving
    ) -> None:
        self._connection = connection
        self._log = log
        self._topic = topic
        self._group = group
        self._folder = folder
        self._waits = waits
        self._leaving = leaving
        self._source = connection.prefix + topic
        self._changes = changelog_name(group)
        self._changelog = connection.prefix + self._changes
        self._writer = Writer(connection, [self._changes])
        self._app: Any = None
        self._table: Any = None
        self._queue: Any = None
        self._starting: asyncio.Future[None] | None = None
        self._getting: asyncio.Future[Any] | None = None
        self._assigned: int | None = None
        self._ready: int | None = None
        self._generations = 0

    # joining and leaving

    async def start(self) -> None:
        _quiet()
        partitions = len(await self._log.end_offsets(self._topic))
        await lay_changelog(self._connection, self._group, partitions)
        await self._writer.open()
        self._app = app = self._new_app(partitions)
        self._table = app.Table(TABLE, key_type=bytes, value_type=bytes, partitions=partitions)
        channel: Any = app.topic(self._source, key_type=bytes, value_type=bytes, acks=False).clone(is_iterator=True)
        app.topics.add(channel)
        self._queue = channel.queue
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_partitions_assigned.connect(self._on_assigned)
        self._starting = asyncio.ensure_future(app.start())

    def _new_app(self, partitions: int) -> _App:
        connection, waits = self._connection, self._waits
        return _App(
            id=connection.prefix + self._group,
            broker=[f"kafka://{server}" for server in connection.servers],
            broker_credentials=_credentials(connection),
            broker_session_timeout=waits.session_s,
            broker_heartbeat_interval=min(3.0, waits.session_s / 5),
            broker_rebalance_timeout=2 * waits.session_s,
            broker_request_timeout=max(waits.answer_s, waits.session_s + 5.0),
            # Whoever waits for the log is not dead: what stands still is found by the runner.
            broker_max_poll_interval=_DAY_S,
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=connection.instance or None,
            store="memory://",
            datadir=str(self._folder),
            web_enabled=False,
            topic_disable_leader=True,
            topic_partitions=partitions,
            stream_recovery_delay=0.0,
            stream_buffer_maxsize=_BUFFERED,
        )

    async def close(self) -> None:
        self._assigned = self._ready = None
        if self._getting is not None:
            self._getting.cancel()
        if self._app is not None:
            await self._stop_app()
        await self._writer.close()

    async def _stop_app(self) -> None:
        stopping = asyncio.ensure_future(self._app.stop())
        await asyncio.wait({stopping}, timeout=_CLOSE_WITHIN_S)
        last = {stopping, self._starting} - {None}
        for one in last:
            one.cancel()
        for end in await asyncio.gather(*last, return_exceptions=True):
            if isinstance(end, Exception):
                _LOG.warning("Faust stopped with %s.", type(end).__name__)

    # changing hands

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        self._assigned = self._ready = None
        await self._leaving()

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        self._generations += 1
        self._assigned = self._app.consumer_generation_id
        self._ready = None

    async def generation(self) -> int | None:
        self._check_alive()
        if self._assigned is None:
            return None
        if self._ready != self._assigned and await self._table_is_read():
            self._ready = self._assigned
        return self._generations if self._ready == self._assigned else None

    async def _table_is_read(self) -> bool:
        """Nobody else writes the changelog of our partitions now, so what is read ends where it ends."""
        recovery = self._app.tables.recovery
        if self._app.in_recovery or not self._app.tables.actives_ready or any(recovery.buffers.values()):
            return False
        changelogs = [TP(self._changelog, number) for number in self._partitions()]
        try:
            ends = await self._app.consumer.highwaters(*changelogs) if changelogs else {}
        except KafkaError:
            return False
        read = {at: recovery.active_offsets.get(at) for at in changelogs}
        return self._assigned is not None and all(_reaches(read[at], ends[at]) for at in changelogs)

    def _partitions(self) -> list[int]:
        return sorted(at.partition for at in self._app.consumer.assignment() if at.topic == self._source)

    def _check_alive(self) -> None:
        app, starting = self._app, self._starting
        reason = app.crash_reason if app.crashed else None
        if starting is not None and starting.done() and not starting.cancelled():
            reason = starting.exception() or reason
        if reason is None and not app.crashed and (app._consumer is None or app.consumer._thread.alive):  # noqa: SLF001
            return
        raise Stopped(
            f"Faust died in group {self._group} ({type(reason).__name__}).",
            code="group_member_died",
            remedy="Start the process again; it goes on where it stood.",
        ) from reason

    # working

    def table(self) -> Mapping[int, Mapping[str, bytes]]:
        store = self._table.data
        found: dict[int, dict[str, bytes]] = {number: {} for number in self._partitions()}
        for key, number in store._key_partition.items():  # noqa: SLF001
            if number in found:
                found[number][key.decode()] = store.data[key]
        return found

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        if self._getting is None:
            self._getting = asyncio.ensure_future(self._queue.get())
        await asyncio.wait({self._getting}, timeout=timeout_s)
        if not self._getting.done():
            return []
        getting, self._getting = self._getting, None
        events = [getting.result()]
        while len(events) < limit and not self._queue.empty():
            events.append(self._queue.get_nowait())
        return self._records(events)

    def _records(self, events: Iterable[Any]) -> list[Record]:
        """What was fetched before partitions changed hands is fetched again by whoever has them now."""
        current = self._app.consumer_generation_id
        if self._ready != current:
            return []
        messages = (event.message for event in events)
        return [self._record(message) for message in messages if message.generation_id == current]

    def _record(self, message: Any) -> Record:
        key = (message.key or b"").decode("utf-8", "replace")
        at = datetime.fromtimestamp(message.timestamp, UTC)
        return Record(self._topic, message.partition, message.offset, key, message.value or b"", at)

    async def again(self, partition: int, offset: int) -> None:
        try:
            await self._app.consumer.seek_wait({TP(self._source, partition): offset})
        except (KafkaError, TimeoutError) as error:
            raise away(self._connection, error) from error

    async def save(self, records: Mapping[str, bytes], homes: Mapping[str, int]) -> None:
        places = [Partition(self._changes, homes[key]) for key in records]
        await self._writer.append(
            [NewRecord(self._changes, key, record) for key, record in records.items()], places, None
        )
        store = self._table.data
        for key, record in records.items():
            # Faust's store forgets by this when a partition goes, and fills it in only for what it read itself.
            store._key_partition[key.encode()] = homes[key]  # noqa: SLF001
            store.data[key.encode()] = record

    async def commit(self, positions: Mapping[int, int]) -> None:
        offsets = {
            TopicPartition(self._source, number): OffsetAndMetadata(offset, "") for number, offset in positions.items()
        }
        try:
            async with asyncio.timeout(self._waits.answer_s):
                await self._app.consumer._thread.commit_now(offsets)  # noqa: SLF001
        except (CommitFailedError, IllegalStateError) as error:
            raise Conflict("Another member of the group has the partitions.", code="partition_taken") from error
        except (KafkaError, TimeoutError) as error:
            raise away(self._connection, error) from error

    def progress(self) -> object:
        if self._app is None:
            return None
        read = self._app.tables.recovery.active_offsets
        return self._generations, sum(offset or 0 for offset in read.values())


def _quiet() -> None:
    """Faust tells every step of its life; what it does not survive is told by `generation`."""
    for name in ("faust", "mode", __name__):
        logging.getLogger(name).setLevel(logging.ERROR)


def _credentials(connection: Kafka) -> Any:
    options = client_options(connection)
    context = options.get("ssl_context")
    if connection.user:
        return faust.SASLCredentials(
            username=connection.user,
            password=connection.password,
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def _reaches(read: int | None, end: int) -> bool:
    return not end or (read is not None and read >= end - 1)
