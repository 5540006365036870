"""The pieces of a word: how a word that was never seen still says something."""

import re

SHORTEST, LONGEST = 3, 5
_LONGEST_WORD = 40
_DIGIT = re.compile(r"\d")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")


def known_as(token: str) -> str:
    """The word a token counts as: every digit is a 0, so that 1405 and 1720 are one word, and `roooook` is `rook`."""
    return _STRETCHED.sub(r"\1\1", _DIGIT.sub("0", token))


def pieces(word: str) -> list[str]:
    """All runs of three to five letters of a word with its borders, in order; none of what holds no letter."""
    if len(word) > _LONGEST_WORD or not any(map(str.isalpha, word)):
        return []
    bordered = f"<{word}>"
    return [
        bordered[start : start + size]
        for size in range(SHORTEST, LONGEST + 1)
        for start in range(len(bordered) - size + 1)
    ]
