"""The whole verdict of a text: a pure function of what was written and of a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from contracts.mentions import Verdict
from services.classify.domain.beside import has_reach, holds_private_data
from services.classify.domain.judge import Case, Judge
from services.classify.domain.language import LanguageModel, word_lists
from services.classify.domain.model import Model
from services.classify.domain.profile import Profiler
from services.classify.domain.resources import SHIPPED
from services.classify.domain.signals import signal_tables
from services.classify.domain.sketch import Sketcher
from services.classify.domain.text import plain, tokens
from services.classify.domain.weigh import Weigher

CONFIDENCE: Final = 0.5
"""A verdict whose most likely urgency has less than this chance is unsure."""
ANY_OTHER: Final = "*"
"""How the judge for languages without weights of their own is called."""


class Text(msgspec.Struct, frozen=True):
    """What was written, and what is known beside it."""

    text: str
    lang_hint: str | None = None
    channel: str | None = None
    followers: int | None = None


class Classifier:
    """Judges texts. The same text gets the same verdict from the same model, alone or in a batch, in any order."""

    def __init__(self, model: Model, *, confidence: float = CONFIDENCE) -> None:
        silent = word_lists().function
        tables = signal_tables(model.weights)
        self.model = model.name
        self._profiler = Profiler(LanguageModel(model.speech), silent)
        self._sketcher = Sketcher()
        self._judges = {
            code: Judge(
                model.name,
                Weigher(weights, tables[code], silent),
                model.decisions[code],
                tables[code],
                confidence,
            )
            for code, weights in model.weights.items()
        }

    @classmethod
    def load(cls, folder: Path | None = None, *, confidence: float = CONFIDENCE) -> "Classifier":
        """The classifier with the model in a folder, by default the one that ships with the code.

        Raises BadInput where the folder holds no whole model.
        """
        return cls(Model.load(SHIPPED if folder is None else folder), confidence=confidence)

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        """One verdict per text, in order. Any text works: empty, without words, very long, of any script."""
        plains = [plain(text.text) for text in texts]
        split = [tokens(written) for written in plains]
        languages, signatures = self._profiler.profile(split, [text.lang_hint for text in texts])
        private = [holds_private_data(written, text.channel) for written, text in zip(plains, texts, strict=True)]
        reach = [has_reach(text.followers) for text in texts]
        sketches = map(self._sketcher.sketch, split)
        return self._by_language(list(map(Case, split, languages, signatures, sketches, private, reach)))

    def _by_language(self, cases: Sequence[Case]) -> list[Verdict]:
        places: dict[str, list[int]] = {code: [] for code in self._judges}
        for place, case in enumerate(cases):
            places.get(case.lang, places[ANY_OTHER]).append(place)
        verdicts: dict[int, Verdict] = {}
        for code, mine in places.items():
            verdicts.update(zip(mine, self._judges[code].judge([cases[place] for place in mine]), strict=True))
        return [verdicts[place] for place in range(len(cases))]
