"""Where a client of the stream stands in the log, as the id of an event: ``work.events:0:12,spike.events:3:7``."""

import re
from collections.abc import Mapping

from backbone.errors import BadInput
from backbone.ports import Partition

Positions = dict[Partition, int]
"""The next offset of each partition."""

_PART = re.compile(r"([a-z.]{1,60}):(\d{1,4}):(\d{1,15})")
_MOST = 2_000


def write_positions(positions: Mapping[Partition, int]) -> str:
    """The id that stands for these positions, the same for the same positions."""
    return ",".join(f"{topic}:{number}:{offset}" for (topic, number), offset in sorted(positions.items()))


def read_positions(text: str) -> Positions:
    """The positions an id stands for; BadInput ``bad_position``."""
    parts = [_PART.fullmatch(part.strip()) for part in text.split(",")] if len(text) <= _MOST else [None]
    if not all(parts):
        remedy = "Send the id of the last event as it came, or none to begin now."
        raise BadInput("Last-Event-ID is not an id of this stream.", code="bad_position", remedy=remedy)
    return {Partition(part[1], int(part[2])): int(part[3]) for part in parts if part}
