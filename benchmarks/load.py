"""Messages to measure with: the rehearsal's written texts, from many people of four brands."""

from collections.abc import Iterator
from itertools import cycle

from services.ingest.domain.brands import Brand, IngestSettings
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
