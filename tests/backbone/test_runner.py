"""The runner on the embedded log: every record has its effect, whatever happens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from runner_house import DEAD, IN, OUT, Abort, Crash, Echo, House, Ledger, Word
from structlog.testing import capture_logs

from backbone.errors import Backpressure, Conflict, InvalidRecord, Stopped, Unavailable
from backbone.handling import Delivered, Rejected, Unhandleable
from backbone.ports import NewRecord, Partition
from backbone.runner import Runner

WORDS = [f"word-{n}" for n in range(60)]
NOT_JSON, NOT_UTF8, OTHER_SHAPE = b'{"text": "se', b'{"text": "\xff\xfe"}', b'{"text": 112, "mood": 1}'
TOO_DEEP = b'{"more": ' + b"[" * 9000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = await House(tmp_path).open()
    yield house
    await house.log.close()


async def finish(*runners: Runner[Word]) -> None:
    """Step until all that is there is handled."""
    for _ in range(500):
        for runner in runners:
            await runner.step()
        if all([await runner.caught_up() for runner in runners]):
            return
    raise AssertionError("the runners never caught up")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.001)


class Picky(Echo):
    """Refuses words that begin with ``bad``, each kind in its own way."""

    def refuse(self, batch: Sequence[Delivered[Word]]) -> None:
        for item in batch:
            if item.event.text == "bad-invalid":
                raise InvalidRecord("This record has no meaning.", code="no_meaning")
            if item.event.text.startswith("bad-crash"):
                raise ValueError(item.event.text)
        rejected = [Rejected(i.record, "unhandleable", "Said so.") for i in batch if i.event.text == "bad-word"]
        if rejected:
            raise Unhandleable(rejected)


class PickyLedger(Picky, Ledger):
    """The same, with offsets of its own."""


# the ordinary way


async def test_every_record_is_handled_repeated_and_committed(house: House) -> None:
    await house.say(*WORDS)
    runner, echo = house.runner(echo := Echo()), echo
    await finish(runner)
    assert sorted(echo.kept.values()) == sorted(WORDS)
    assert await house.said() == Counter(WORDS)
    assert await house.committed("echo") == len(WORDS)
    assert runner.positions() == await house.log.end_offsets(IN.name)


async def test_a_step_handles_one_batch_and_says_how_many(house: House) -> None:
    await house.say(*WORDS)
    runner = house.runner(Echo(), batch_size=25)
    assert [await runner.step() for _ in range(4)] == [25, 25, 10, 0]


async def test_it_is_caught_up_only_when_all_is_handled(house: House) -> None:
    runner = house.runner(Echo(), batch_size=2)
    assert (runner.state, runner.healthy) == ("starting", False)
    assert not await runner.caught_up()
    await house.say("one", "two", "three", key="k")
    await runner.step()
    assert not await runner.caught_up()
    await runner.step()
    assert await runner.caught_up()
    assert runner.healthy
    await house.say("four")
    assert not await runner.caught_up()


async def test_a_new_runner_goes_on_where_the_last_one_committed(house: House) -> None:
    await house.say(*WORDS)
    first = house.runner(Echo(), batch_size=25)
    await first.step()
    await first.close()
    second = Echo()
    await finish(house.runner(second))
    assert len(second.kept) == 35


async def test_figures_tell_what_was_done(house: House) -> None:
    await house.put(*[msgspec.json.encode(Word(text=word)) for word in WORDS], NOT_JSON)
    runner = house.runner(Echo(), batch_size=50)
    await runner.step()
    assert house.figure("webcare_lag_records", group="echo", topic=IN.name) == 11
    await runner.step()
    assert house.figure("webcare_records_total", group="echo", topic=IN.name) == 61
    assert house.figure("webcare_dead_letters_total", topic=IN.name, reason="not_json") == 1
    assert house.figure("webcare_batch_records_count", group="echo") == 2
    assert house.figure("webcare_handle_seconds_count", group="echo") == 2
    assert house.figure("webcare_runner_state", group="echo", state="running") == 1
    assert house.figure("webcare_runner_state", group="echo", state="waiting") == 0


# crashes

POINTS = ["polled", "handled", "before outputs", "outputs appended", "before dead letters"]
POINTS += ["dead letters appended", "before commit", "committed"]


class Dying(Picky):
    """Dies after its effects took place, where the crash says so."""

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        outputs = await super().handle(batch, rejected)
        self.crash.at("handled")
        return outputs


class DyingLedger(PickyLedger):
    """The same, with offsets of its own."""

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        outputs = await super().handle(batch, rejected)
        self.crash.at("handled")
        return outputs


async def run_and_crash(house: House, handler: Echo, crash: Crash) -> None:
    """Run until the crash, then again with what survived it."""
    with pytest.raises(Abort):
        await finish(house.runner(handler, crash, batch_size=20))
    await house.restart()
    handler.crash = Crash()
    await finish(house.runner(handler, batch_size=20))


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_at_any_step_leaves_each_effect_once(house: House, point: str, after: int) -> None:
    bad = [b"null", b"nothing", b"[]"]
    words = [msgspec.json.encode(Word(text=word)) for word in WORDS]
    await house.put(*words[:20], bad[0], *words[20:25], bad[1], *words[25:], bad[2])
    crash = Crash(point, after)
    echo = Dying(crash)
    await run_and_crash(house, echo, crash)
    assert sorted(echo.kept.values()) == sorted(WORDS)
    assert await house.said() == Counter(WORDS)
    assert sorted(letter.payload for letter in (await house.letters()).values()) == sorted(bad)
    assert await house.committed("echo") == 63


@pytest.mark.parametrize("point", ["polled", "handled", "before commit", "committed"])
async def test_a_handler_with_its_own_offsets_takes_effect_exactly_once(house: House, point: str) -> None:
    await house.say(*WORDS)
    await house.put(NOT_JSON)
    crash = Crash(point)
    ledger = DyingLedger(crash)
    await run_and_crash(house, ledger, crash)
    assert sorted(ledger.effects) == sorted(WORDS)
    assert ledger.dead == [(NOT_JSON.decode(), "not_json")]
    assert await house.records(DEAD) == []
    assert await house.committed("ledger") == 61


# what cannot be handled


async def test_what_cannot_be_read_becomes_a_dead_letter_with_the_reason(house: House) -> None:
    await house.put(NOT_JSON, NOT_UTF8, OTHER_SHAPE, TOO_DEEP, msgspec.json.encode(Word(text="fine")))
    echo = Echo()
    await finish(house.runner(echo))
    letters = {letter.payload: letter for letter in (await house.letters()).values()}
    reasons = {payload: letter.reason for payload, letter in letters.items()}
    assert reasons == {
        NOT_JSON: "not_json",
        NOT_UTF8: "invalid_utf8",
        OTHER_SHAPE: "wrong_type",
        TOO_DEEP: "not_json",
    }
    assert (letters[NOT_JSON].topic, letters[NOT_JSON].group, letters[NOT_JSON].at) == ("in", "echo", house.clock.now())
    assert "$.text" in letters[OTHER_SHAPE].detail
    assert list(echo.kept.values()) == ["fine"]


async def test_a_record_that_breaks_the_handler_is_found_and_the_rest_is_handled(house: House) -> None:
    await house.say("one", "bad-crash, said Jan", "two", "bad-invalid", "three", key="k")
    picky = Picky()
    with capture_logs() as logs:
        await finish(house.runner(picky))
    assert list(picky.kept.values()) == ["one", "two", "three"]
    assert [letter.reason for letter in (await house.letters()).values()] == ["handler_error:ValueError", "no_meaning"]
    assert await house.said() == Counter(["one", "two", "three"])
    assert "Jan" not in str(logs)
    assert "ValueError" in str(logs)


async def test_records_that_a_handler_rejects_do_not_hold_up_the_rest(house: House) -> None:
    await house.say("one", "bad-word", "two", "bad-word", key="k")
    picky = Picky()
    await finish(house.runner(picky))
    assert list(picky.kept.values()) == ["one", "two"]
    assert [letter.reason for letter in (await house.letters()).values()] == ["unhandleable", "unhandleable"]


async def test_handlers_with_their_own_offsets_get_every_rejected_record_in_its_turn(house: House) -> None:
    await house.put(NOT_JSON, key="k")
    await house.say("one", "bad-crash", "two", "bad-word", "bad-invalid", "three", key="k")
    ledger = PickyLedger()
    await finish(house.runner(ledger))
    assert ledger.effects == ["one", "two", "three"]
    assert [reason for _, reason in ledger.dead] == [
        "not_json",
        "handler_error:ValueError",
        "unhandleable",
        "no_meaning",
    ]
    assert await house.records(DEAD) == []
    assert await house.committed("ledger") == 7


async def test_an_output_that_the_log_refuses_condemns_only_its_record(house: House) -> None:
    class Loud(Echo):
        async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
            outputs = await super().handle(batch, rejected)
            return [
                record._replace(value=record.value * 1000) if b"loud" in record.value else record for record in outputs
            ]

    await house.say("one", "loud", "two", key="k")
    await finish(house.runner(Loud()))
    assert [letter.reason for letter in (await house.letters()).values()] == ["record_too_large"]
    assert await house.said() == Counter(["one", "two"])


async def test_a_handler_that_rejects_what_it_was_not_given_does_not_go_round_for_ever(house: House) -> None:
    await house.say("one", "two", key="k")
    (first, *_) = await house.records(IN)
    echo = Echo()
    echo.troubles = [Unhandleable([Rejected(first._replace(offset=99), "x", "y")])]
    await finish(house.runner(echo))
    assert list(echo.kept.values()) == ["one", "two"]


# the limit


async def test_too_many_dead_letters_in_a_row_stop_the_line_before_any_effect(house: House) -> None:
    await house.say("one", key="k")
    await house.put(*[NOT_JSON] * 51, key="k")
    echo = Echo()
    runner = house.runner(echo)
    with pytest.raises(Stopped) as stopped:
        await runner.run()
    assert stopped.value.code == "too_many_dead_letters"
    assert "not_json 51" in str(stopped.value)
    assert "in.dead" in stopped.value.remedy
    assert runner.state == "stopped:too_many_dead_letters"
    assert not runner.healthy
    assert echo.calls == []
    assert (await house.committed("echo"), await house.records(DEAD)) == (0, [])


async def test_a_row_is_counted_over_batches(house: House) -> None:
    await house.put(*[NOT_JSON] * 60, key="k")
    runner = house.runner(Echo(), batch_size=20)
    assert [await runner.step(), await runner.step()] == [20, 20]
    with pytest.raises(Stopped):
        await runner.step()
    assert await house.committed("echo") == 40


async def test_too_large_a_share_of_dead_letters_stops_the_line(house: House) -> None:
    words = [msgspec.json.encode(Word(text=word)) for word in WORDS]
    good, mixed = words * 3, (words[:8] + [NOT_JSON] * 2) * 20
    await house.put(*good, *mixed, key="k")
    runner = house.runner(Echo(), batch_size=60)
    with pytest.raises(Stopped) as stopped:
        await finish(runner)
    assert "of the last" in str(stopped.value)
    assert await house.committed("echo") % 60 == 0


async def test_a_few_dead_letters_do_not_stop_the_line(house: House) -> None:
    words = [msgspec.json.encode(Word(text=word)) for word in WORDS]
    await house.put(*words * 4, *[NOT_JSON] * 12, key="k")
    await house.put(*[*words[:19], NOT_JSON] * 20, key="k")
    await finish(house.runner(Echo(), batch_size=40))
    assert len(await house.letters()) == 32


async def test_a_broken_handler_stops_the_line_instead_of_emptying_the_topic(house: House) -> None:
    await house.say(*["bad-crash"] * 200, key="k")
    runner = house.runner(Picky())
    with pytest.raises(Stopped):
        await finish(runner)
    assert (await house.committed("echo"), await house.records(DEAD)) == (0, [])


async def test_a_handler_with_its_own_offsets_keeps_what_the_limit_saved(house: House) -> None:
    await house.say("one", *["bad-crash"] * 200, key="k")
    ledger = PickyLedger()
    with pytest.raises(Stopped):
        await finish(house.runner(ledger))
    assert (ledger.effects, ledger.dead, sum(ledger.next.values())) == (["one"], [], 1)


async def test_a_stopped_line_goes_on_with_higher_limits(house: House) -> None:
    await house.put(*[NOT_JSON] * 60, key="k")
    with pytest.raises(Stopped):
        await finish(house.runner(Echo()))
    await house.restart()
    await finish(house.runner(Echo(), dead_letters_in_a_row=1000, dead_letter_share=1.0))
    assert len(await house.letters()) == 60


# waiting


async def test_it_slows_down_as_long_as_it_is_asked_to_and_repeats_the_batch(house: House) -> None:
    await house.say("one", "two", key="k")
    echo = Echo()
    echo.troubles = [Backpressure("Slow down.", retry_after_s=45.0), Unavailable("Away.", code="desk_away")]
    runner = house.runner(echo)
    stepping = asyncio.create_task(runner.step())
    await until(lambda: runner.state == "waiting:backpressure")
    assert await house.wake() == 45
    await until(lambda: runner.state == "waiting:desk_away")
    await house.wake()
    assert (await stepping, runner.state) == (2, "running")
    assert echo.calls == [["one", "two"]] * 3
    assert house.figure("webcare_retries_total", group="echo", reason="desk_away") == 1


async def test_waits_grow_up_to_half_a_minute(house: House) -> None:
    await house.say("one")
    echo = Echo()
    echo.troubles = [Unavailable("Away.", code="away") for _ in range(12)]
    runner = house.runner(echo)
    stepping = asyncio.create_task(runner.step())
    waits = [await house.wake() for _ in range(12)]
    await stepping
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert waits[-3:] == [30.0, 30.0, 30.0]


async def test_without_retries_it_raises_at_once_and_the_batch_comes_again(house: House) -> None:
    await house.say("one")
    echo = Echo()
    echo.troubles = [Unavailable("Away.", code="away")]
    with pytest.raises(Unavailable):
        await house.runner(echo, retries=False).step()
    await house.restart()
    await finish(house.runner(echo, retries=False))
    assert list(echo.kept.values()) == ["one"]


# changing hands


async def test_two_runners_of_a_group_share_the_work(house: House) -> None:
    await house.say(*WORDS)
    first, second = Echo(), Echo()
    runners = [house.runner(first, batch_size=5), house.runner(second, batch_size=5)]
    await finish(*runners)
    assert first.kept
    assert second.kept
    assert sorted((first.kept | second.kept).values()) == sorted(WORDS)
    assert [len(runner.positions()) for runner in runners] == [2, 2]
    assert len(second.assigned_to[-1]) == 2


async def test_the_work_of_a_runner_that_leaves_goes_to_the_other(house: House) -> None:
    first, second = Echo(), Echo()
    runners = [house.runner(first, batch_size=5), house.runner(second, batch_size=5)]
    await finish(*runners)
    await house.say(*WORDS)
    await runners[0].step()
    await runners[0].close()
    await finish(runners[1])
    assert sorted((first.kept | second.kept).values()) == sorted(WORDS)
    assert len(second.assigned_to[-1]) == 4


async def test_a_batch_whose_partitions_went_away_while_it_waited_is_dropped(house: House) -> None:
    await house.say(*WORDS)
    first, second = Ledger(), Ledger()
    second.next = first.next
    first.troubles = [Unavailable("Away.", code="away")]
    waiting, other = house.runner(first), house.runner(second)
    stepping = asyncio.create_task(waiting.step())
    await until(lambda: waiting.state == "waiting:away")
    await other.step()
    await house.wake()
    assert await stepping == 0
    assert first.effects == []
    await finish(waiting, other)
    assert sorted(first.effects + second.effects) == sorted(WORDS)


async def test_a_handler_whose_offsets_somebody_moved_starts_where_they_stand(house: House) -> None:
    await house.say(*WORDS, key="k")
    ledger = Ledger()
    runner = house.runner(ledger, batch_size=10)
    await runner.step()
    (partition,) = ledger.next
    ledger.next = {partition: 30}
    await finish(runner)
    assert ledger.effects == WORDS[:10] + WORDS[30:]
    assert await house.committed("ledger") == 60


async def test_the_desks_offsets_count_where_the_log_has_others(house: House) -> None:
    """The log's committed offsets of a handler with its own are for lag figures only."""
    await house.say(*WORDS, key="k")
    ledger = Ledger()
    (partition,) = {Partition(record.topic, record.partition) for record in await house.records(IN)}
    ledger.next = {partition: 50}
    await finish(house.runner(ledger))
    assert ledger.effects == WORDS[50:]


async def test_a_conflict_is_a_fault_where_the_handler_has_no_offsets(house: House) -> None:
    await house.say("one", "two", key="k")
    echo = Echo()
    echo.troubles = [Conflict("Taken.", code="taken"), Conflict("Taken.", code="taken")]
    await finish(house.runner(echo))
    assert [letter.reason for letter in (await house.letters()).values()] == ["handler_error:Conflict"]


# stopping


class Slow(Echo):
    """Waits in the middle of its work until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        self.calls.append([item.event.text for item in batch])
        await self.go.wait()
        return await super().handle(batch, rejected)


async def test_it_finishes_the_batch_in_hand_and_leaves_the_group(house: House) -> None:
    await house.say(*WORDS)
    slow = Slow()
    runner = house.runner(slow, batch_size=40)
    running = asyncio.create_task(runner.run())
    await until(lambda: bool(slow.calls))
    runner.stop()
    slow.go.set()
    await running
    assert runner.state == "stopped:asked"
    assert await house.committed("echo") == 40 == len(slow.kept)
    assert len((await house.log.consumer("echo", [IN.name])).assignment()) == 4


async def test_it_gives_up_a_batch_that_waits_for_something_away(house: House) -> None:
    await house.say("one")
    echo = Echo()
    echo.troubles = [Unavailable("Away.", code="away") for _ in range(5)]
    runner = house.runner(echo)
    running = asyncio.create_task(runner.run())
    await until(lambda: runner.state == "waiting:away")
    runner.stop()
    await running
    assert (runner.state, await house.committed("echo")) == ("stopped:asked", 0)


async def test_it_works_until_it_is_stopped(house: House) -> None:
    echo = Echo()
    runner = house.runner(echo)
    running = asyncio.create_task(runner.run())
    for word in WORDS[:5]:
        await house.say(word)
    await until(lambda: len(echo.kept) == 5)
    await until(lambda: runner.state == "running")
    runner.stop()
    await running
    assert len(await house.records(OUT)) == 5
