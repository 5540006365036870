"""`make bench-verdict`: whole verdicts a second on one core, beside the least any reading costs and beside peers.

The peers each give one thing (sentiment, or the language); a verdict is language, sentiment, urgency, intent, care,
reasons, signature and sketch. Texts are the shipped messages, the same for all, in one run.
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from services.classify.domain.verdict import Classifier, Text
from services.classify.training.corpus import TRAIN, Row, load
from webcare.memory import settle_memory

BATCH = 500
TEXTS = 8_000
SLOW_TEXTS = 2_000
"""What takes one text at a time gets fewer; the figure is per text."""
ALONE = 500
_PEERS = Path(__file__).parent / "peers" / "judging.py"


def rate(texts: int, rounds: int, work: Callable[[], object]) -> float:
    """Texts a second, the median of several rounds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return texts / statistics.median(seconds)


def in_batches(texts: Sequence[str], judge: Callable[[Sequence[str]], object]) -> Callable[[], None]:
    """Work that hands over `BATCH` at a time."""

    def work() -> None:
        for start in range(0, len(texts), BATCH):
            judge(texts[start : start + BATCH])

    return work


def looked_up(texts: Sequence[str]) -> Callable[[], None]:
    """The least: split at white space, and look every word up."""
    index = {word: place for place, word in enumerate({word for text in texts for word in text.split()})}
    return in_batches(texts, lambda batch: [[index[word] for word in text.split()] for text in batch])


def pipeline(rows: Sequence[Row]) -> Callable[[Sequence[str]], object]:
    """What one would write with scikit-learn for one head: words, pieces of words, logistic regression."""
    words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=100))
    words.fit([row.text for row in rows], [row.labels[0] for row in rows])
    predict: Callable[[Sequence[str]], object] = words.predict_proba
    return predict


def pieces(rows: Sequence[Row]) -> Callable[[Sequence[str]], object]:
    """The same on runs of letters, as our pieces of words."""
    made = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)), LogisticRegression(max_iter=100))
    made.fit([row.text for row in rows], [row.labels[0] for row in rows])
    predict: Callable[[Sequence[str]], object] = made.predict_proba
    return predict


def others(python: str, texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Texts a second of each peer."""
    asked = json.dumps({"texts": list(texts), "rounds": rounds})
    said = subprocess.run([python, str(_PEERS)], input=asked, capture_output=True, text=True, check=True)
    return {name: len(texts) / statistics.median(seconds) for name, seconds in json.loads(said.stdout).items()}


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=".venv/peers/bin/python", help="The Python that has the peers.")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rows = load(TRAIN)
    texts = [row.text for row in rows[:: max(1, len(rows) // TEXTS)]][:TEXTS]
    classifier = Classifier.load()
    asking = [Text(text) for text in texts]
    cold = rate(len(texts), 1, in_batches(texts, lambda batch: classifier.judge([Text(text) for text in batch])))
    settle_memory()
    batches = [asking[start : start + BATCH] for start in range(0, len(asking), BATCH)]
    warm = rate(len(texts), asked.rounds, lambda: [classifier.judge(batch) for batch in batches])
    alone = rate(ALONE, asked.rounds, lambda: [classifier.judge([text]) for text in asking[:ALONE]])
    found = {
        "the least: split and look up": rate(len(texts), asked.rounds, looked_up(texts)),
        "scikit-learn, words and pairs, one head": rate(
            SLOW_TEXTS, asked.rounds, in_batches(texts[:SLOW_TEXTS], pipeline(rows[:SLOW_TEXTS]))
        ),
        "scikit-learn, runs of letters, one head": rate(
            SLOW_TEXTS, asked.rounds, in_batches(texts[:SLOW_TEXTS], pieces(rows[:SLOW_TEXTS]))
        ),
        **others(asked.peers, texts[:SLOW_TEXTS], asked.rounds),
    }
    table = Table("what", "texts a second", "a verdict beside it", title="One core, one run on this machine")
    table.add_row(f"verdict, batches of {BATCH}", f"{warm:,.0f}", "wanted 25,000")
    table.add_row("verdict, every word for the first time", f"{cold:,.0f}", f"{cold / warm:.2f}")
    table.add_row("verdict, one text alone", f"{alone:,.0f}", f"{1000 / alone:.2f} ms; wanted under 1")
    for name, figure in found.items():
        table.add_row(name, f"{figure:,.0f}", f"{warm / figure:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
