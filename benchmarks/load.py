"""Messages to measure with: the rehearsal's written texts, from many people of four brands."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle

from contracts.mentions import Mention
from services.ingest.domain.brands import Brand, IngestSettings
from services.ingest.domain.normalise import Arrival
from services.ingest.gate import judge
from webcare.rehearsal.material import written_material

BRANDS = ("Wiedeldoorn", "Spoorwolk", "Kaasplank", "Lichtveer")
SETTINGS = IngestSettings(brands=tuple(Brand(name=name) for name in BRANDS))
BATCH = 500


def texts() -> list[str]:
    """All texts of the rehearsal, some 230 different ones; the everyday ones five times for each of the crisis."""
    material = written_material()
    return [*(one.text for one in material.everyday)] * 5 + [one.message.text for one in material.story()]


def messages(count: int) -> Iterator[dict[str, object]]:
    """`count` messages of this moment as a client would push them, from count // 5 people."""
    for number, text in zip(range(count), cycle(texts()), strict=False):
        yield {
            "id": f"m{number}",
            "text": text,
            "brand": BRANDS[number % len(BRANDS)],
            "author": f"u{number % max(1, count // 5)}",
        }


def judged(count: int) -> list[Mention]:
    """The messages as mentions."""
    arrival = Arrival(received_at=datetime.now(UTC), origin="bench")
    results = [judge(sent, arrival, SETTINGS) for sent in messages(count)]
    return [result.mention for result in results if result.mention]


def chunks(mentions: Sequence[Mention], size: int = BATCH) -> Iterator[Sequence[Mention]]:
    """Batches of the size that ingest gets from a busy client."""
    for start in range(0, len(mentions), size):
        yield mentions[start : start + size]
