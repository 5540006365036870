"""Runs a keyed step on a member of a group whose states live in a table beside the log.

At least once: outputs are acknowledged before the states that know of them, and states before the offsets. A crash
anywhere brings the events again, to states that are as new as the offsets or newer; the step says the same again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

import structlog

from backbone.dead_letters import dead_letter
from backbone.decoding import decode
from backbone.distributed.member import Member, Waits
from backbone.errors import Conflict, Stopped, Unavailable
from backbone.handling import E, KeyedStep, S
from backbone.keyed import Changes, KeyedStates
from backbone.logs import failure
from backbone.metrics import Metrics
from backbone.ports import Clock, EventLog, NewRecord, Partition, Record
from backbone.standing import RunnerSettings, Standing, sleep_unless

T = TypeVar("T")

_LOG = structlog.get_logger("webcare.keyed_runner")
_LOOK_AGAIN_S = 0.05


class _Dropped(Exception):
    """The batch in hand is no longer ours to finish; nothing of it is committed."""


class KeyedRunner(Generic[S, E]):
    """Runs one step on the partitions that its member gets. `run` once."""

    def __init__(
        self,
        member: Callable[[Callable[[], Awaitable[None]]], Member],
        log: EventLog,
        topic: str,
        group: str,
        step: KeyedStep[S, E],
        clock: Clock,
        metrics: Metrics,
        settings: RunnerSettings,
        waits: Waits,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.group = group
        self.topics: Sequence[str] = (topic,)
        self._new_member = member
        self._log = log
        self._topic = topic
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._waits = waits
        self._standing = Standing(group, metrics, settings, jitter)
        self._states: KeyedStates[S, E] = KeyedStates(step)
        self._step = step
        self._homes: dict[str, int] = {}
        self._member: Member | None = None
        self._generation: int | None = None
        self._next: dict[int, int] = {}
        self._asked_again: dict[int, int] = {}
        self._turn = asyncio.Lock()
        self._stop = asyncio.Event()
        self._left = asyncio.Event()
        self._member_at = 0.0
        self._moved: tuple[object, float] = (None, 0.0)
        self._behind: dict[int, int] = {}
        self._nothing_came = False

    # what others see

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``waiting:<code>``, ``stopped:<code>``."""
        return self._standing.state

    @property
    def healthy(self) -> bool:
        """It has its partitions and their states, and nothing holds it up."""
        return self.state == "running"

    def positions(self) -> Mapping[Partition, int]:
        """The next offset to handle of each of its partitions: all before it is handled and committed."""
        return {Partition(self._topic, number): offset for number, offset in self._next.items()}

    async def caught_up(self) -> bool:
        """Everything in its partitions is handled and committed."""
        if self._generation is None:
            return False
        ends = await self._log.end_offsets(self._topic)
        return all(offset >= ends[place] for place, offset in self.positions().items())

    def get(self, key: str) -> S | None:
        """One state: not to be changed."""
        return self._states.get(key)

    # running

    def stop(self) -> None:
        """Let `run` return once the batch in hand is finished; one that waits for something is given up."""
        self._stop.set()

    async def run(self) -> None:
        """Work until `stop`, then leave the group.

        Raises Stopped (``too_many_dead_letters``, ``group_member_died``, ``stalled``) and faults of ours.
        """
        self._moved = (None, time.monotonic())
        try:
            while not self._stop.is_set():
                await self._cycle()
        except BaseException as error:
            self._standing.stopped(error)
            _LOG.error("runner_stopped", group=self.group, failure=failure(error))
            raise
        else:
            self._standing.set("stopped", "asked")
        finally:
            await self.close()

    async def close(self) -> None:
        """Leave the group."""
        if self._member is not None:
            member, self._member = self._member, None
            await member.close()

    async def leave(self) -> None:
        """The partitions are about to change hands: finish the batch in hand or give it up, then forget states."""
        self._left.set()
        try:
            async with asyncio.timeout(self._waits.session_s / 2):
                await self._turn.acquire()
        except TimeoutError:
            # The batch in hand is found out before it writes anything more.
            self._forget()
        else:
            self._forget()
            self._turn.release()

    def _forget(self) -> None:
        self._generation = None
        self._next = {}
        self._asked_again = {}
        self._homes = {}
        self._states.load({})
        self._left.clear()
        if not self.state.startswith("stopped"):
            self._standing.set("starting")

    async def _cycle(self) -> None:
        try:
            member = await self._settle()
            if member is not None:
                records = await member.poll(self._settings.batch_size, self._settings.poll_timeout_s)
                self._nothing_came = not records
                async with self._turn:
                    await self._take_in(member, records)
                    await self._let_pass(member)
            await self._show_lag()
        except _Dropped:
            self._generation = None
            await self._sleep(_LOOK_AGAIN_S)
        self._check_stalled()

    async def _take_in(self, member: Member, records: Sequence[Record]) -> None:
        # 1. Only what follows on what was handled: nothing twice, and nothing over a gap.
        generation = self._generation
        records = await self._in_order(member, records)
        if not records:
            return

        # 2. Decode. Too many that cannot be read stop the line here, before any effect.
        events, unreadable = decode(records)
        self._standing.limit.check(records, unreadable)

        with self._metrics.handle_seconds.labels(self.group).time():
            # 3. Step: what will be true.
            changes = self._states.take_in(item.event for item in events)
            self._homes |= {self._step.key(item.event): item.record.partition for item in events}

            # 4. Append outputs and dead letters; 5. keep the states that know of them.
            now = self._clock.now()
            dead = [dead_letter(item, self.group, now) for item in unreadable]
            await self._keep(member, changes, dead, generation)

        # 6. Commit: from here on the batch does not come again.
        await self._commit(member, self._next | _after(records), generation)

        # 7. Count.
        self._next |= _after(records)
        self._standing.count(records, unreadable)

    async def _let_pass(self, member: Member) -> None:
        generation = self._generation
        due = self._states.next_due()
        now = self._clock.now()
        if generation is None or due is None or due > now:
            return
        await self._keep(member, self._states.let_pass(now), (), generation)

    # the steps

    async def _settle(self) -> Member | None:
        """The member, once it has its partitions and their states; None while it has not."""
        if self._member is None:
            self._member = await self._persist(self._join, None)
        generation = await self._member.generation()
        if generation is None:
            await self._sleep(_LOOK_AGAIN_S)
            return None
        if generation != self._generation:
            async with self._turn:
                await self._take_over(self._member, generation)
        return self._member

    async def _join(self) -> Member:
        member = self._new_member(self.leave)
        try:
            await member.start()
        except BaseException:
            await member.close()
            raise
        return member

    async def _take_over(self, member: Member, generation: int) -> None:
        self._forget()
        table = member.table()
        self._states.load({key: record for records in table.values() for key, record in records.items()})
        self._homes = {key: number for number, records in table.items() for key in records}
        committed = await self._persist(lambda: self._log.group_offsets(self.group), None)
        earliest = await self._persist(lambda: self._log.start_offsets(self._topic), None)
        starts = {number: earliest[Partition(self._topic, number)] for number in table}
        self._next = {n: max(committed.get(Partition(self._topic, n), 0), start) for n, start in starts.items()}
        self._generation = generation
        self._member_at = time.monotonic()
        self._standing.set("running")

    async def _in_order(self, member: Member, records: Sequence[Record]) -> list[Record]:
        """Those records that follow on what was handled."""
        after = dict(self._next)
        taken = []
        for record in records:
            expected = after.get(record.partition)
            if expected is None or record.offset < expected:
                continue
            if record.offset > expected and not await self._nothing_between(member, record, expected):
                continue
            after[record.partition] = record.offset + 1
            taken.append(record)
        return taken

    async def _nothing_between(self, member: Member, record: Record, expected: int) -> bool:
        """True if the log itself has nothing from `expected` up to the record; else what was skipped comes again."""
        place = record.partition
        if self._asked_again.get(place) == expected:
            return False
        found = await self._persist(lambda: self._log.read(Partition(self._topic, place), expected, 1), None)
        if found and found[0].offset >= record.offset:
            return True
        _LOG.warning("records_skipped", group=self.group, partition=place, expected=expected, came=record.offset)
        self._asked_again[place] = expected
        await self._ask(member, place, expected)
        return False

    async def _keep(
        self, member: Member, changes: Changes[S], dead: Sequence[NewRecord], generation: int | None
    ) -> None:
        outputs = [*changes.outputs, *dead]
        if outputs:
            await self._persist(lambda: self._log.append(outputs), generation)
        if changes.states:
            await self._prove(member, generation)
            records = self._states.encoded(changes.states)
            await self._persist(lambda: member.save(records, self._homes), generation)
            self._states.keep(changes.states)

    async def _prove(self, member: Member, generation: int | None) -> None:
        """Who was not heard of for long may be taken for dead, and must not write over a successor's states."""
        if time.monotonic() - self._member_at > self._waits.session_s / 2:
            await self._commit(member, self._next, generation)

    async def _commit(self, member: Member, positions: Mapping[int, int], generation: int | None) -> None:
        try:
            await self._persist(lambda: member.commit(positions), generation)
        except Conflict as error:
            _LOG.info("batch_dropped", group=self.group, reason=error.code)
            raise _Dropped from error
        self._member_at = time.monotonic()

    # waiting

    async def _persist(self, what: Callable[[], Awaitable[T]], generation: int | None) -> T:
        """Try until it succeeds, while nobody stops us and, where one is given, the generation holds."""
        attempt = 0
        while True:
            self._check_ours(generation)
            try:
                result = await what()
            except Unavailable as error:
                if not self._settings.retries:
                    raise
                await self._wait(error, attempt)
                attempt += 1
            else:
                self._check_ours(generation)
                if self.state.startswith("waiting"):
                    self._standing.set("starting" if self._generation is None else "running")
                return result

    def _check_ours(self, generation: int | None) -> None:
        if generation is not None and generation != self._generation:
            raise _Dropped

    async def _wait(self, error: Unavailable, attempt: int) -> None:
        await self._sleep(self._standing.waits(error.code, attempt, error))
        self._moved = (self._moved[0], time.monotonic())
        if self._left.is_set() or self._stop.is_set():
            raise _Dropped

    async def _sleep(self, seconds: float) -> None:
        """Unless stopped, or asked to leave."""
        await sleep_unless(self._clock.sleep(seconds), self._stop, self._left)

    # showing

    async def _show_lag(self) -> None:
        if not self._standing.lag_is_due(self._clock.now()):
            return
        try:
            ends = await self._log.end_offsets(self._topic)
        except Unavailable:
            self._moved = (self._moved[0], time.monotonic())
            return
        lags = {place: max(0, ends[place] - offset) for place, offset in self.positions().items()}
        self._standing.show_lag({self._topic: sum(lags.values())})
        await self._ask_for_missing({place.number for place, lag in lags.items() if lag})

    async def _ask_for_missing(self, behind: set[int]) -> None:
        """What is in the log and does not come, though nothing else keeps us busy, was lost on its way."""
        before, self._behind = self._behind, {number: self._next[number] for number in behind}
        member = self._member
        if member is None or not self._nothing_came:
            return
        for number, expected in self._behind.items():
            if before.get(number) == expected:
                _LOG.warning("records_missing", group=self.group, partition=number, expected=expected)
                await self._ask(member, number, expected)

    async def _ask(self, member: Member, number: int, offset: int) -> None:
        await self._persist(lambda: member.again(number, offset), self._generation)

    def _check_stalled(self) -> None:
        """Stopped ``stalled``: there is something to do, nothing is in the way, and nothing happens."""
        now = time.monotonic()
        marks = (dict(self._next), self._member.progress() if self._member else None)
        idle = self._generation is not None and not self._behind
        if idle or marks != self._moved[0]:
            self._moved = (marks, now)
        elif now - self._moved[1] > self._waits.stalled_s:
            raise Stopped(
                f"Group {self.group} stood still for {self._waits.stalled_s:g} s although the log answers.",
                code="stalled",
                remedy="Start the process again; it goes on where it stood.",
            )


def _after(records: Sequence[Record]) -> dict[int, int]:
    """The next offset of each partition once these records are handled."""
    return {record.partition: record.offset + 1 for record in records}
