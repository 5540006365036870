"""The story signature: a 64-bit simhash over the words that carry the story.

Handles, links, emoji, sentence marks, numbers and function words do not count, so a repost, a copy with another link
and the same template with another amount agree. Of a text that was cut off (ends in an ellipsis) the last, broken
word is left out. Texts that share most of their words have signatures a few bits apart.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

BITS = 64
LANE = 16
"""Each bit is counted in a lane of 16 bits inside one long integer, so that adding words is adding integers."""

_LANES_OF_BYTE = [sum(1 << (LANE * bit) for bit in range(8) if byte >> bit & 1) for byte in range(256)]
_COUNT_ONE = 1 << (LANE * BITS)


def digest(text: str) -> int:
    """64 well-mixed bits of a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


_TIES = np.array([digest("ties") >> bit & 1 for bit in range(BITS)], dtype=np.int64)


def lanes(word: str) -> int:
    """What one word adds: its bits, one per lane, and a one in the lane that counts words."""
    spread = _COUNT_ONE
    for index, byte in enumerate(digest(word).to_bytes(8, "little")):
        spread += _LANES_OF_BYTE[byte] << (LANE * 8 * index)
    return spread


def signatures(
    counts: npt.NDArray[np.int64], words: npt.NDArray[np.int64], fallback: Callable[[int], Sequence[str]]
) -> list[int]:
    """Majority per bit over the words of each text; `fallback` gives all tokens of a text that has no such word."""
    set_bits = 2 * counts + _TIES > words[:, None]
    packed = np.packbits(set_bits, axis=1, bitorder="little").view("<u8")[:, 0].tolist()
    return [
        value if count else _bare(fallback(index))
        for index, (value, count) in enumerate(zip(packed, words.tolist(), strict=True))
    ]


def _bare(tokens: Sequence[str]) -> int:
    return digest(" ".join(tokens)) if tokens else 0
