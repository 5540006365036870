"""Every recorded example of what the api reads is taken: by the live stream, and by the projector into search."""

from pathlib import Path

from api_listener import Listener
from api_stage import NOW, Stage

import contracts
from backbone.decoding import decode
from backbone.ports import NewRecord, Record
from contracts.topics import MENTIONS_CLASSIFIED, SPIKE_EVENTS, WORK_EVENTS
from services.api.projector import Projector


def examples(topic: str) -> list[bytes]:
    folder = Path(contracts.__file__).parent / "examples" / topic
    return [path.read_bytes() for path in sorted(folder.glob("*.json"))]


async def test_the_stream_tells_every_example(stage: Stage) -> None:
    sent = [(topic.name, value) for topic in (WORK_EVENTS, SPIKE_EVENTS) for value in examples(topic.name)]
    async with Listener(stage) as listener:
        await listener.hear()
        await stage.ports.log.append([NewRecord(topic, "one-key", value) for topic, value in sent])
        heard = [(await listener.hear()).name for _ in sent]
    assert sorted(heard) == sorted("work" if topic == WORK_EVENTS.name else "spike" for topic, _ in sent)


async def test_every_classified_example_can_be_found_over_http(stage: Stage) -> None:
    values = examples(MENTIONS_CLASSIFIED.name)
    records = [Record(MENTIONS_CLASSIFIED.name, 0, n, "one-key", value, NOW) for n, value in enumerate(values)]
    delivered, rejected = decode(records)
    assert (len(delivered), rejected) == (len(values), [])
    await Projector(stage.ports.archive).handle(delivered, ())  # type: ignore[arg-type]
    async with stage.client() as client:
        found = (await client.get("/v1/search", params={"limit": 50})).json()
    assert {hit["id"] for hit in found["hits"]} == {one.event.mention.id for one in delivered}  # type: ignore[attr-defined]
