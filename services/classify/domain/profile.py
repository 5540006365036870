"""Language and story signature of a batch in one pass over its tokens.

Each distinct token is looked at once; after that a text is a sum of long integers, and a batch is one matrix.
"""

from collections.abc import Sequence, Set

import numpy as np

from services.classify.domain import signature
from services.classify.domain.language import CHOICES, LanguageModel, languages

_MOST_TOKENS = 1000
"""What a text says is said by then; lanes of 16 bits hold that many words."""
_MOST_REMEMBERED = 200_000
_LONGEST_REMEMBERED = 100
_FIRST_VOTE = signature.BITS + 1
_COLUMNS = _FIRST_VOTE + len(CHOICES)
_BYTES = _COLUMNS * signature.LANE // 8


class Profiler:
    """Remembers what each token adds. The memory is bounded and never changes a result."""

    def __init__(self, model: LanguageModel, silent: Set[str]) -> None:
        """Words in `silent` carry no story."""
        self._memory = _Memory(model, silent)

    def profile(self, texts: Sequence[Sequence[str]], hints: Sequence[str | None]) -> tuple[list[str], list[int]]:
        """Languages and signatures of tokenised texts, in order."""
        if not texts:
            return [], []
        added = self._memory.__getitem__
        sums = b"".join([sum(map(added, _whole(tokens))).to_bytes(_BYTES, "little") for tokens in texts])
        matrix = np.frombuffer(sums, dtype="<u2").reshape(-1, _COLUMNS).astype(np.int64)
        self._memory.forget_if_full()
        found = languages(matrix[:, _FIRST_VOTE:], hints)
        counts, words = matrix[:, : signature.BITS], matrix[:, signature.BITS]
        return found, signature.signatures(counts, words, lambda index: texts[index])


class _Memory(dict[str, int]):
    def __init__(self, model: LanguageModel, silent: Set[str]) -> None:
        super().__init__()
        self._model = model
        self._silent = silent

    def __missing__(self, token: str) -> int:
        value = 0
        for index, vote in enumerate(self._model.votes(token)):
            value += vote << (signature.LANE * (_FIRST_VOTE + index))
        if token not in self._silent and any(char.isalpha() for char in token):
            value += signature.lanes(token)
        if len(token) <= _LONGEST_REMEMBERED:
            self[token] = value
        return value

    def forget_if_full(self) -> None:
        if len(self) > _MOST_REMEMBERED:
            self.clear()


def _whole(tokens: Sequence[str]) -> Sequence[str]:
    """Without the broken last word of a text that was cut off, and without what comes after the first thousand."""
    if len(tokens) > 2 and tokens[-1] in ("…", "...") and tokens[-2][-1:].isalpha():
        tokens = tokens[:-2]
    return tokens if len(tokens) <= _MOST_TOKENS else tokens[:_MOST_TOKENS]
