"""From rows to a model folder with its card, in one go."""

from collections.abc import Sequence
from pathlib import Path

from services.classify.domain.model import CARD, LANGUAGES
from services.classify.domain.verdict import Classifier
from services.classify.training.card import card, mistakes_of, texts
from services.classify.training.corpus import Row
from services.classify.training.evaluate import Scores, compare
from services.classify.training.fit import Progress
from services.classify.training.speech import Spoken, learn_speech
from services.classify.training.train import check, learn, write


def make(
    folder: Path,
    created: str,
    rows: Sequence[Row],
    test: Sequence[Row],
    speech: Sequence[Spoken],
    progress: Progress,
) -> dict[str, Scores]:
    """Train a model that is called as its folder is, and write it with its card.

    `test` is judged by and never learned from. Returns the scores by language of the test rows. Raises BadInput as
    `train.check` does.
    """
    check(folder, rows)
    learned = {code: learn(rows, code, progress) for code in LANGUAGES}
    progress("languages")
    write(folder, folder.name, created, learned, learn_speech(speech))
    progress("scores")
    classifier = Classifier.load(folder)
    scores, mistakes = {}, {}
    for lang in dict.fromkeys(row.lang for row in test):
        mine = [row for row in test if row.lang == lang]
        verdicts = classifier.judge(texts(mine))
        scores[lang], mistakes[lang] = compare(verdicts, mine), mistakes_of(verdicts, mine)
    decisions = {code: each.decisions for code, each in learned.items()}
    (folder / CARD).write_text(card(folder.name, created, rows, decisions, scores, mistakes), "utf-8")
    return scores
