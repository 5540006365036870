"""`python -m benchmarks.open_sets FOLDER`: the shipped model on public sets that lie in a folder of yours.

None of them trained the model. What is there is measured, what is missing is said. Expected are folders with an
`open.csv` that has the columns text and label; for airline also what the same evidence reaches when such rows are
learned from (five folds).
"""

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression

from contracts.mentions import Verdict
from services.classify.domain.heads import HEADS, INTENT, SENTIMENT
from services.classify.domain.verdict import Classifier, Text
from services.classify.training.corpus import TRAIN, Row, load
from services.classify.training.evaluate import macro_f1
from services.classify.training.evidence import Space, see_all
from services.classify.training.fit import STRENGTH

Labelled = tuple[str, str]
"""Text and label."""
BATCH = 500
FOLDS = 5


def read(folder: Path, name: str) -> list[Labelled] | None:
    """The texts and labels of a set; none where it is not there."""
    path = folder / name / "open.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as source:
        return [(row["text"], row["label"]) for row in csv.DictReader(source)]


def judged(classifier: Classifier, rows: Sequence[Labelled], lang: str | None) -> list[Verdict]:
    """A verdict for each text."""
    texts = [Text(text, lang_hint=lang) for text, _ in rows]
    return [one for start in range(0, len(texts), BATCH) for one in classifier.judge(texts[start : start + BATCH])]


def sentiment(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    """Macro-F1 over the classes that the set has."""
    pairs = [(label, one.sentiment) for (_, label), one in zip(rows, verdicts, strict=True) if label in SENTIMENT]
    told = sorted({label for label, _ in pairs})
    found = _f1([label for label, _ in pairs], [said for _, said in pairs], told)
    return f"macro-F1 {found:.3f} of {len(told)} classes"


def complaint(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    """How well complaints are told from other texts."""
    said = ["complaint" if one.intent == "complaint" else "other" for one in verdicts]
    return f"macro-F1 {_f1([label for _, label in rows], said, ['complaint', 'other']):.3f}"


def language(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    right = sum(label == one.lang for (_, label), one in zip(rows, verdicts, strict=True))
    return f"accuracy {right / len(rows):.4f}"


def pages(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    """How many would wake somebody, by label: these are texts to nobody in particular."""
    told = {
        label: [one.urgency for (_, mine), one in zip(rows, verdicts, strict=True) if mine == label]
        for _, label in rows
    }
    return ", ".join(f"{label} {said.count('critical') / len(said):.3f}" for label, said in sorted(told.items()))


def questions(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    counts = {intent: sum(one.intent == intent for one in verdicts) for intent in INTENT}
    return ", ".join(f"{intent} {count / len(rows):.2f}" for intent, count in counts.items())


SETS: Mapping[str, tuple[str | None, str, Callable[[Sequence[Labelled], Sequence[Verdict]], str]]] = {
    "langid": (None, "language of tweets", language),
    "airline": ("en", "sentiment, zero-shot", sentiment),
    "tweeteval-sentiment": ("en", "sentiment of tweets, zero-shot", sentiment),
    "headlines-nl": ("nl", "tone of headlines, zero-shot", sentiment),
    "absa16-nl": ("nl", "sentiment of restaurant reviews, zero-shot", sentiment),
    "bol-nl": ("nl", "sentiment of book reviews, zero-shot", sentiment),
    "complaints": ("en", "complaint or not, zero-shot", complaint),
    "disaster": ("en", "share that pages", pages),
    "trec-is": ("en", "share that pages", pages),
    "banking77": ("en", "intents of service questions", questions),
}


def learned(rows: Sequence[Labelled]) -> str:
    """Macro-F1 of sentiment where four folds are added to the shipped rows and the fifth is judged.

    As in training, the class with the highest score and lean wins, and the leans come from the other folds.
    """
    ours = [row for row in load(TRAIN) if row.lang == "en"]
    theirs = [Row(str(at), "en", text, ("", label, "", "")) for at, (text, label) in enumerate(rows)]
    shipped, seen = see_all(ours, "en"), see_all(theirs, "en")
    known = np.array([SENTIMENT.index(row.labels[1]) for row in ours])
    labels = np.array([SENTIMENT.index(label) for _, label in rows])
    scores = np.zeros((len(rows), len(SENTIMENT)))
    fold = np.random.default_rng(5).permutation(len(rows)) % FOLDS
    for each in range(FOLDS):
        rest, held = np.flatnonzero(fold != each).tolist(), np.flatnonzero(fold == each).tolist()
        space = Space([*shipped, *(seen[at] for at in rest)])
        solver = LogisticRegression(C=STRENGTH, class_weight="balanced", tol=1e-3, max_iter=200)
        solver.fit(space.matrix([*shipped, *(seen[at] for at in rest)]), np.concatenate([known, labels[rest]]))
        scores[held] = solver.predict_log_proba(space.matrix([seen[at] for at in held]))
    said = np.zeros(len(rows), np.int64)
    for each in range(FOLDS):
        lean = leans(scores[fold != each], labels[fold != each])
        said[fold == each] = (scores[fold == each] + lean).argmax(axis=1)
    return f"macro-F1 {macro_f1(labels, said, len(SENTIMENT)):.3f}"


def leans(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Of a fixed grid, the leans of the classes with the best macro-F1."""
    tried = [np.array([0.0, *lean]) for lean in product(np.arange(-1.0, 1.01, 0.25), repeat=len(SENTIMENT) - 1)]
    return max(tried, key=lambda lean: macro_f1(labels, (scores + lean).argmax(axis=1), len(SENTIMENT)))


def _f1(told: Sequence[str], said: Sequence[str], classes: Sequence[str]) -> float:
    place = {name: at for at, name in enumerate(classes)}
    rest = len(classes)
    truth, found = np.array([place[one] for one in told]), np.array([place.get(one, rest) for one in said])
    return macro_f1(truth, found, len(classes))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, help="The folder of a model; the shipped one without it.")
    asked = parser.parse_args()
    classifier = Classifier.load(asked.model)
    table = Table("set", "rows", "what", "found", title=f"{classifier.model} on sets it never saw")
    for name, (lang, what, measure) in SETS.items():
        rows = read(asked.folder, name)
        if rows is None:
            table.add_row(name, "-", what, "left out: not there")
        else:
            table.add_row(name, f"{len(rows):,}", what, measure(rows, judged(classifier, rows, lang)))
    if airline := read(asked.folder, "airline"):
        table.add_row("airline", f"{len(airline):,}", f"{HEADS[1].name}, learned from, {FOLDS} folds", learned(airline))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
