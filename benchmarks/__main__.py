"""`make bench`: embedded end to end against raw SQLite, the classifier alone, and memory. One run, ratios printed."""

import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.end_to_end import end_to_end
from benchmarks.load import BATCH, chunks, judged, texts
from contracts.mentions import Mention
from services.classify.domain.verdict import Classifier, Text
from services.ingest.gate import to_record

MESSAGES = 100_000
ROUNDS = 3


def raw_sqlite(mentions: Sequence[Mention]) -> float:
    """Seconds to insert the same bytes in the same batches into one plain table, each batch on disk."""
    values = [[(record.key, record.value) for record in map(to_record, chunk)] for chunk in chunks(mentions)]
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        began = time.perf_counter()
        for rows in values:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO records (key, value) VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        took = time.perf_counter() - began
        connection.close()
    return took


def classifying(classifier: Classifier, count: int) -> float:
    """Seconds to judge `count` texts in batches of 500 on one core."""
    written = texts()
    every = [Text(text=f"{written[number % len(written)]} {number}") for number in range(count)]
    batch = [every[start : start + BATCH] for start in range(0, count, BATCH)]
    began = time.perf_counter()
    for each in batch:
        classifier.judge(each)
    return time.perf_counter() - began


def main() -> None:
    """Print every figure."""
    console = Console()
    table = Table("what", "figure", "beside", title="Webcare, embedded, one run on this machine")
    console.print(f"{MESSAGES} messages end to end, then {ROUNDS} rounds of the rest; some minutes ...")
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=end_to_end, args=(there, MESSAGES))
    child.start()
    there.close()
    try:
        took, accepting, rest, after = here.recv()
    except EOFError:
        raise SystemExit("the chain's process died; what it said stands above") from None
    child.join()
    mentions = judged(MESSAGES)
    raw = statistics.median(raw_sqlite(mentions) for _ in range(ROUNDS))
    classifier = Classifier.load()
    judging = statistics.median(classifying(classifier, 20_000) for _ in range(ROUNDS)) / 20_000
    whole, bare = MESSAGES / took, MESSAGES / raw
    table.add_row("end to end, messages a second", f"{whole:,.0f}", f"{whole / bare:.3f} of raw SQLite inserts")
    table.add_row("accepted (202), messages a second", f"{MESSAGES / accepting:,.0f}", "while the rest works")
    table.add_row("raw SQLite inserts of the same bytes", f"{bare:,.0f}", f"batches of {BATCH}, synchronous FULL")
    table.add_row("classify, messages a second a core", f"{1 / judging:,.0f}", f"batches of {BATCH}")
    table.add_row("memory at rest", f"{rest:,.0f} MB", "limit 200 MB")
    table.add_row(f"memory after {MESSAGES:,} messages", f"{after:,.0f} MB", f"{after / rest:.2f} of at rest")
    console.print(table)


if __name__ == "__main__":
    main()
