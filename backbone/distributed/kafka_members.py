"""Members of consumer groups, whose partitions the brokers hand out.

aiokafka keeps the membership (join, heartbeat, leave); records are fetched here, so that a poll can say truthfully
that there is nothing, positions outlive a rebalance, and a batch in hand is finished before its partitions go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    LeaderNotAvailableError,
    OffsetOutOfRangeError,
)

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_client import EARLIEST, RETRY_S, Brokers, away, client_options
from backbone.distributed.kafka_inbox import Inbox
from backbone.distributed.kafka_reader import Fetched, fetch, past_the_horizon
from backbone.errors import Conflict, Unavailable
from backbone.ports import Partition, Record

HEARTBEAT_S = 1.0
SESSION_S = 15.0
STATIC_SESSION_S = 60.0
"""How long the partitions of an instance with a name wait for it to come back."""
REBALANCE_S = 60.0
FINISH_WITHIN_S = 15.0
"""How long a batch in hand may hold up a rebalance, so that it is committed by who handled it."""
JOIN_WITHIN_S = 10.0
COMMIT_WITHIN_S = 10.0
CLOSE_WITHIN_S = 10.0
FETCH_WAIT_S = 0.5
_NEVER_MS = 2**31 - 1
_LOG = structlog.get_logger("webcare.kafka")


_TROUBLES = (KafkaError, OSError, TimeoutError)
_UNLED = -1


def _member(connection: Kafka, group: str) -> Any:
    instance = f"{connection.prefix}{connection.instance}.{group}" if connection.instance else None
    return AIOKafkaConsumer(
        **client_options(connection),
        group_id=connection.prefix + group,
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # The same partitions of all topics go to one member: an author's mentions stay together.
        partition_assignment_strategy=(RangePartitionAssignor,),
        heartbeat_interval_ms=int(HEARTBEAT_S * 1000),
        session_timeout_ms=int((STATIC_SESSION_S if instance else SESSION_S) * 1000),
        rebalance_timeout_ms=int(REBALANCE_S * 1000),
        # A handler may have to wait long for its database; nobody else could do better meanwhile.
        max_poll_interval_ms=_NEVER_MS,
        consumer_timeout_ms=60_000,
    )


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """`backbone.ports.Consumer`, one member of a group. What is in hand when partitions go may be committed first."""

    def __init__(self, brokers: Brokers, group: str, topics: Iterable[str]) -> None:
        self._brokers = brokers
        self._member: Any = None
        self._group = group
        self._topics = tuple(topics)
        self._inbox = Inbox()
        self._generation = 0
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._troubles: dict[int, BaseException] = {}
        """What is the matter with each broker that did not do what it was asked."""
        self._woken = asyncio.Event()
        self._assigned = asyncio.Event()
        self._leaving = False
        """The partitions are about to go: nothing more is handed out, what is in hand may be finished."""
        self._in_hand = asyncio.Event()
        self._in_hand.set()
        self._committing = asyncio.Lock()
        self._outside = True
        """No member: it was not let in yet, or lost its membership and has to enter again."""
        self._closed = False

    @classmethod
    async def join(cls, brokers: Brokers, group: str, topics: Sequence[str]) -> Self:
        """Join; where the group takes its time to settle, the partitions come later. Raises Unavailable."""
        consumer = cls(brokers, group, topics)
        try:
            await consumer._enter()
            await consumer._settled(JOIN_WITHIN_S)
        except BaseException:
            await consumer.close()
            raise
        return consumer

    async def _enter(self) -> None:
        connection = self._brokers.connection
        self._member = _member(connection, self._group)
        try:
            await self._member.start()
        except _TROUBLES as error:
            await self._member.stop()
            raise away(connection, error) from error
        self._member.subscribe([connection.prefix + topic for topic in self._topics], listener=self)
        self._outside = False

    # what the group does to its member

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - all of them go
        """Hand out nothing more, and let what is in hand be finished and committed."""
        self._leaving = True
        self._woken.set()
        try:
            async with asyncio.timeout(FINISH_WITHIN_S):
                await self._in_hand.wait()
        except TimeoutError:
            _LOG.warning("batch_held_up_rebalance", group=self._group, seconds=FINISH_WITHIN_S)
        async with self._committing:
            self._assigned.clear()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Go on where each partition stands: ours where we were, what is new where the group committed."""
        self._member.pause(*assigned)
        partitions = [self._brokers.unnamed(*each) for each in assigned]
        committed = await self._committed_of(partitions)
        if self._closed:
            return
        held = self._inbox.positions()
        self._inbox.assign({p: max(held.get(p, 0), committed[p]) for p in partitions})
        self._generation += 1
        self._leaving = False
        self._assigned.set()
        self._woken.set()
        _LOG.info("partitions_assigned", group=self._group, partitions=len(partitions), generation=self._generation)

    async def _committed_of(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        while partitions and not self._closed:
            try:
                return await self._stands(partitions)
            except Unavailable as error:
                _LOG.warning("waiting", group=self._group, reason=error.code, words=str(error))
        return dict.fromkeys(partitions, 0)

    async def _stands(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        committed = await self._brokers.committed(self._group)
        starts = await self._brokers.offsets(partitions, EARLIEST)
        return {partition: max(committed.get(partition, 0), starts[partition]) for partition in partitions}

    async def _settled(self, within_s: float) -> bool:
        """Whether the partitions are settled by then."""
        if self._assigned.is_set():
            return True
        try:
            async with asyncio.timeout(within_s):
                await self._assigned.wait()
        except TimeoutError:
            return False
        return True

    # the port

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        self._in_hand.set()
        now = asyncio.get_running_loop().time
        deadline = now() + timeout_s
        asked = False
        while not self._closed:
            self._woken.clear()
            await self._check_member()
            left = max(0.0, deadline - now())
            if not self._leaving and (records := self._inbox.take(limit)):
                self._in_hand.clear()
                self._fetch(0.0)
                return records
            if asked and not left:
                break
            await self._wait(left)
            asked = True
        for trouble in self._troubles.values():
            raise trouble if isinstance(trouble, Unavailable) else away(self._brokers.connection, trouble) from trouble
        return ()

    def assignment(self) -> Mapping[Partition, int]:
        return self._inbox.positions()

    def generation(self) -> int:
        return self._generation

    async def committed(self) -> Mapping[Partition, int]:
        return await self._stands(list(self._inbox.positions()))

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        self._check_owner(positions)
        if not positions:
            return
        async with self._committing:
            if not await self._settled(COMMIT_WITHIN_S):
                raise self._not_owner(positions)
            self._check_owner(positions)
            await self._commit({self._brokers.named(p): offset for p, offset in positions.items()}, positions)
        self._in_hand.set()

    async def _commit(self, offsets: Mapping[TopicPartition, int], positions: Iterable[Partition]) -> None:
        try:
            async with asyncio.timeout(COMMIT_WITHIN_S):
                await self._member.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            raise self._not_owner(positions) from error
        except _TROUBLES as error:
            raise away(self._brokers.connection, error) from error

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        self._check_owner(positions)
        self._inbox.move(positions)
        self._in_hand.set()
        self._woken.set()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._in_hand.set()
        self._assigned.set()
        self._woken.set()
        self._inbox.assign({})
        for task in self._fetching.values():
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)
        await self._leave()
        await self._brokers.close()

    async def _leave(self) -> None:
        leaving = asyncio.create_task(self._member.stop())
        await asyncio.wait([leaving], timeout=CLOSE_WITHIN_S)
        if not leaving.done():
            # It waits for the others in the middle of a rebalance. Without us they go on when the session ends.
            _LOG.warning("left_without_word", group=self._group)
            await self._member._client.close()  # noqa: SLF001
            leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)

    def _check_owner(self, positions: Iterable[Partition]) -> None:
        held = self._inbox.positions()
        lost = [partition for partition in positions if partition not in held]
        if lost:
            raise self._not_owner(lost)

    def _not_owner(self, positions: Iterable[Partition]) -> Conflict:
        self._in_hand.set()
        names = ", ".join(f"{partition.topic}/{partition.number}" for partition in positions)
        return Conflict(
            f"Not this member's of group {self._group} any more: {names}.",
            code="not_owner",
            remedy="Drop the batch: the partition's new owner does it again.",
        )

    # fetching

    async def _check_member(self) -> None:
        """Learn of what went wrong with the membership, which the library tells only to who asks.

        It asks while there are no partitions, too: a join that failed stands still until its error was heard.
        """
        if self._closed:
            return
        if self._outside:
            await self._enter()
        try:
            self._member._coordinator.check_errors()  # noqa: SLF001 - to ask for records would wait for partitions
            if self._assigned.is_set() and not self._leaving:
                await self._member.getmany(timeout_ms=0)
        except KafkaError as error:
            _LOG.warning("membership_lost", group=self._group, error=type(error).__name__)
            await self._join_again()
            raise away(self._brokers.connection, error) from error

    async def _join_again(self) -> None:
        """Under the name that the group knows: for another one it would wait until the session of the first ends."""
        coordinator = self._member._coordinator  # noqa: SLF001
        if not coordinator._coordination_task.done():  # noqa: SLF001
            coordinator.request_rejoin()
            return
        self._leaving = self._outside = True
        self._assigned.clear()
        await self._leave()
        await self._enter()

    async def _wait(self, left: float) -> None:
        """Until something came, or the time is up; without time, until every broker said what there is now."""
        if not left:
            # What they were asked before may be about where we no longer stand.
            await asyncio.gather(*self._fetching.values())
        if not self._leaving and not self._inbox.has_some():
            self._fetch(min(left, FETCH_WAIT_S))
        tasks = set(self._fetching.values())
        if not left:
            await asyncio.gather(*tasks)
            return
        woken = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({woken, *tasks}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    def _fetch(self, wait_s: float) -> None:
        """Ask each broker that is not asked already for what the inbox wants."""
        wants = self._inbox.wants()
        led = self._brokers.leaders(wants)
        for node, partitions in led.items():
            if node not in self._fetching:
                starts = {partition: wants[partition] for partition in partitions}
                self._start(node, partial(fetch, self._brokers, node, starts, wait_s), starts)
        if sum(map(len, led.values())) == len(wants):
            self._troubles.pop(_UNLED, None)
        elif _UNLED not in self._fetching:
            self._start(_UNLED, _nobody, {})

    def _start(self, node: int, asking: Callable[[], Awaitable[Fetched]], starts: Mapping[Partition, int]) -> None:
        self._fetching[node] = asyncio.create_task(self._fetch_from(node, asking, starts))

    async def _fetch_from(
        self, node: int, asking: Callable[[], Awaitable[Fetched]], starts: Mapping[Partition, int]
    ) -> None:
        try:
            chunks, trouble = await asking()
            self._inbox.put(chunks)
            if isinstance(trouble, OffsetOutOfRangeError):
                await self._skip_expired(starts)
            elif trouble is not None:
                raise trouble
            self._troubles.pop(node, None)
        except (*_TROUBLES, Unavailable) as error:
            self._troubles[node] = error
            await self._brokers.refresh()
            await asyncio.sleep(RETRY_S)
        finally:
            del self._fetching[node]
            self._woken.set()

    async def _skip_expired(self, starts: Mapping[Partition, int]) -> None:
        moved = await past_the_horizon(self._brokers, starts)
        held = self._inbox.positions()
        self._inbox.move({p: at for p, at in moved.items() if p in held and held[p] < at})


async def _nobody() -> Fetched:
    """What the partitions answer that nobody leads."""
    return Fetched([], LeaderNotAvailableError())
