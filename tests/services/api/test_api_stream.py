"""The live stream: nothing is missed, nothing comes twice, nobody is held up."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_listener import Listener
from api_stage import NOW, Stage, an_item, classified, rates, staged, standard, work_event

from backbone.ports import NewRecord
from contracts.topics import SPIKE_EVENTS, WORK_EVENTS
from contracts.volume import SpikeEvent, SpikeEvidence


def a_spike_event() -> SpikeEvent:
    evidence = SpikeEvidence(
        expected=2.0, seen=90, window_s=900, chance=1e-9, since=NOW, people=80, share_negative=0.8, share_urgent=0.1
    )
    return SpikeEvent(id="e1", spike_id="spk_1", series="acme", brand="acme", kind="opened", at=NOW, evidence=evidence)


async def test_a_change_of_the_desk_reaches_who_listens(stage: Stage) -> None:
    async with Listener(stage) as listener:
        assert (await listener.hear()).name == "ready"
        await stage.add_item(an_item())
        await stage.relay()
        heard = await listener.hear()
    assert (heard.name, heard.data["kind"], heard.data["subject"]) == ("work", "item.opened", "itm_1")
    assert "platform-id-77" not in str(heard.data)


async def test_spikes_are_told_too(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        await stage.ports.log.append([NewRecord(SPIKE_EVENTS.name, "acme", msgspec.json.encode(a_spike_event()))])
        heard = await listener.hear()
    assert (heard.name, heard.data["kind"], heard.data["evidence"]["seen"]) == ("spike", "opened", 90)


async def test_who_comes_back_misses_nothing_and_hears_nothing_twice(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        await stage.tell(10)
        heard = await listener.numbers(6)
        place = listener.last_id
    await stage.tell(300, start=10)
    async with Listener(stage, last_id=place) as listener:
        assert (await listener.hear()).name == "ready"
        heard += await listener.numbers(304)
        await stage.tell(5, start=310)
        heard += await listener.numbers(5)
    assert sorted(heard) == list(range(315))


async def test_who_heard_nothing_yet_misses_nothing_either(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        place = listener.last_id
    await stage.tell(3)
    async with Listener(stage, last_event_id=place) as listener:
        await listener.hear()
        assert sorted(await listener.numbers(3)) == [0, 1, 2]


async def test_events_told_while_a_client_catches_up_come_once_and_in_order_of_their_key(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        place = listener.last_id
    chance = random.Random(7)

    async def told() -> None:
        for n in range(60):
            await stage.tell(20, start=n * 20)
            if chance.random() < 0.5:
                await asyncio.sleep(0)

    teller = asyncio.create_task(told())
    heard: list[int] = []
    while len(heard) < 1200:
        async with Listener(stage, last_id=place) as listener:
            await listener.hear()
            heard += await listener.numbers(min(chance.randrange(1, 400), 1200 - len(heard)))
            place = listener.last_id
    await teller
    assert sorted(heard) == list(range(1200))


async def test_brands_may_be_chosen_and_others_stay_unseen(stage: Stage) -> None:
    async with Listener(stage, brand="acme") as chosen, Listener(stage, name="otto") as otto:
        await chosen.hear()
        await otto.hear()
        await stage.tell(2, brand="other")
        await stage.tell(1, brand="acme", start=7)
        assert await chosen.numbers(1) == [7]
        assert sorted(await otto.numbers(2)) == [0, 1]


async def test_a_foreign_brand_is_refused(stage: Stage) -> None:
    async with stage.client("otto") as client:
        assert (await client.get("/v1/stream", params={"brand": "acme"})).status_code == 403


async def test_a_slow_client_is_reset_and_misses_nothing_when_it_returns(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(stream_queue=5, stream_behind=10)) as stage:
        async with Listener(stage) as slow, Listener(stage) as quick:
            await slow.hear()
            await quick.hear()
            slow.takes.clear()
            heard_quick: list[int] = []
            for n in range(30):
                await stage.tell(1, start=n)
                heard_quick += await quick.numbers(1)
            slow.takes.set()
            heard: list[int] = []
            while (event := await slow.hear()).name == "work":
                heard.append(event.data["data"]["n"])
            assert (event.name, event.data, event.id) == ("reset", {"reason": "slow_client"}, None)
            with pytest.raises(EOFError):
                await slow.hear()
            place = slow.last_id
        async with Listener(stage, last_id=place) as back:
            await back.hear()
            heard += await back.numbers(30 - len(heard))
    assert heard_quick == list(range(30))
    assert sorted(heard) == list(range(30))


async def test_a_burst_that_is_too_much_for_memory_is_read_from_the_log(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(stream_queue=5)) as stage, Listener(stage) as listener:
        await listener.hear()
        await stage.tell(600)
        assert sorted(await listener.numbers(600)) == list(range(600))
        await stage.tell(3, start=600)
        assert sorted(await listener.numbers(3)) == [600, 601, 602]


async def test_a_client_that_takes_nothing_at_all_is_let_go(tmp_path: Path, logged: list[Any]) -> None:
    async with staged(tmp_path, standard(send_timeout_s=0.02)) as stage, Listener(stage) as stuck:
        await stuck.hear()
        stuck.takes.clear()
        await stage.tell(1)
        await stuck.ended()
        assert logged[-1]["reason"] == "client_takes_nothing"
        async with Listener(stage) as other:
            assert (await other.hear()).name == "ready"


async def test_a_heartbeat_carries_where_the_client_stands(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(heartbeat_s=0.02)) as stage, Listener(stage, brand="acme") as listener:
        ready = await listener.hear()
        await stage.tell(1, brand="other")
        while (beat := await listener.any()).id == ready.id:
            assert beat.name == ""
    assert beat.name == ""
    assert beat.id != ready.id


async def test_volume_comes_by_itself(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(volume_every_s=0.02), expected=rates) as stage:
        await stage.ports.archive.index([(classified(1, "x", NOW - timedelta(minutes=1)), 1)])
        async with Listener(stage, brand="acme") as listener:
            await listener.hear()
            heard = await listener.hear()
    assert (heard.name, heard.data["brand"], heard.id) == ("volume", "acme", None)
    assert [bar["count"] for bar in heard.data["bars"]] == [0, 0, 0, 1, 0]
    assert heard.data["bars"][0]["expected"] == 2.0


async def test_a_place_in_another_log_is_told_to_read_all_anew(stage: Stage) -> None:
    for place in ("work.events:0:999", "work.events:9:0", "other.topic:0:0"):
        async with Listener(stage, last_id=place) as listener:
            reset = await listener.hear()
            assert (reset.name, reset.data) == ("reset", {"reason": "another_log"})
            await stage.tell(1)
            assert (await listener.hear()).name == "work"


async def test_a_place_that_is_no_longer_kept_is_told_to_read_all_anew(stage: Stage) -> None:
    async with Listener(stage) as listener:
        place = (await listener.hear()).id
    await stage.tell(40)
    stage.clock.advance(NOW + timedelta(days=40))
    await stage.ports.log.expire(stage.clock.now())
    async with Listener(stage, last_id=place) as listener:
        reset = await listener.hear()
    assert (reset.name, reset.data) == ("reset", {"reason": "expired"})


async def test_what_cannot_be_read_is_left_out(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        await stage.ports.log.append(
            [
                NewRecord(WORK_EVENTS.name, "itm_1", b"{not json"),
                NewRecord(WORK_EVENTS.name, "itm_1", b"\xff"),
                NewRecord(WORK_EVENTS.name, "itm_1", msgspec.json.encode(work_event(1))),
            ]
        )
        assert await listener.numbers(1) == [1]


async def test_there_is_an_end_to_how_many_may_listen(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(stream_clients=1)) as stage, Listener(stage) as first:
        await first.hear()
        async with stage.client() as client:
            answer = await client.get("/v1/stream")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
    assert answer.headers["Retry-After"] == "30"


async def test_stopping_ends_every_stream_and_leaves_no_task(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        await stage.app.state.live.stop()
        with pytest.raises(EOFError):
            await listener.hear()
    assert [task for task in asyncio.all_tasks() if "Live" in repr(task)] == []


async def test_stopping_does_not_wait_for_a_client_that_takes_nothing(stage: Stage) -> None:
    async with Listener(stage) as stuck, Listener(stage) as other:
        await stuck.hear()
        await other.hear()
        stuck.takes.clear()
        await stage.tell(1)
        await other.hear()
        await stage.app.state.live.stop()
        await stuck.ended()


async def test_who_leaves_makes_room(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(stream_clients=1)) as stage:
        for _ in range(3):
            async with Listener(stage) as listener:
                assert (await listener.hear()).name == "ready"
