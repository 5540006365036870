"""`python -m benchmarks.stories FOLDER`: how many reposts and edited copies fold, and what folds wrongly.

FOLDER holds the replays (`airline/replay.csv`, `trec-is/replay.csv.gz`, `crisislex26/open.csv`); one that is missing is
named and left out. Every message goes through the classifier and the router on a desk of its own; nothing is kept.
"""

import asyncio
import logging
import random
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import structlog
from rich.console import Console
from rich.table import Table

from backbone.embedded.clock import ReplayClock
from backbone.embedded.desk import SqliteDesk
from backbone.handling import Delivered
from backbone.ports import Partition, Record
from backbone.records import StoredMention
from benchmarks.story_pairs import (
    EDITS,
    REPLAYS,
    Said,
    edited,
    hardest,
    letters,
    other_figures,
    real_reposts,
    replay,
    same_by_letters,
)
from contracts.mentions import Author, ClassifiedMention, Mention, Origin
from contracts.topics import MENTIONS_CLASSIFIED, MENTIONS_RAW
from services.classify.domain.verdict import Classifier, Text
from services.router.domain.settings import Condition, Policy, Queue, RouterSettings, Rule
from services.router.handler import MentionHandler

BATCH = 500
HARDEST = 2_000
_LATER = timedelta(minutes=7)
_PLACE = Partition(MENTIONS_CLASSIFIED.name, 0)


class Copy(NamedTuple):
    """A message that repeats another: which, and in what way it was made."""

    said: Said
    of: str
    kind: str


class Outcome(NamedTuple):
    """What became of a replay with its copies."""

    copies: Counter[str]
    told: Counter[str]
    """Copies whose story is that of the original, by kind."""
    in_items: Counter[str]
    """Copies that opened no item of their own, by kind."""
    merged: int
    wrong: list[tuple[str, str]]
    """Messages that are in a story which says something else, with the words of that story."""
    messages: int
    hardest: tuple[int, int]
    """Pairs of different messages that share the most words, and how many of them are in one story."""
    figures: tuple[int, int]
    """Messages that say the same about another number, and how many of them are in one story with it."""


class Set(NamedTuple):
    """The messages of one run, what repeats what in them, and what does not."""

    messages: list[Said]
    copies: list[Copy]
    hardest: list[tuple[str, str]]
    figures: list[tuple[str, str]]


def with_copies(rows: Sequence[Said], share: float, dice: random.Random) -> Set:
    """The replay with a copy of some of its own messages a little later, and some cases with other numbers."""
    copies = [Copy(rows[at], rows[of].id, "real repost") for at, of in real_reposts(rows)]
    for said in rows:
        if dice.random() < share and len(letters(said.text)) >= 12:
            kind = dice.choice(EDITS)
            text = edited(kind, said.text, dice)
            author = f"copy{len(copies)}"
            copy = Said(f"{said.id}-{kind}", said.at + _LATER, said.brand, text, author, "facebook")
            copies.append(Copy(copy, said.id, kind))
    others = [
        Said(f"{said.id}-other", said.at + _LATER, said.brand, text, f"other{said.id}")
        for said in rows
        if (text := other_figures(said.text, dice)) is not None and dice.random() < share
    ]
    every = {said.id: said for said in (*rows, *(copy.said for copy in copies), *others)}
    in_order = sorted(every.values(), key=lambda said: (said.at, said.id))
    return Set(in_order, copies, list(hardest(rows, HARDEST)), [(o.id, o.id.removesuffix("-other")) for o in others])


async def stored(rows: Sequence[Said]) -> dict[str, StoredMention]:
    """The messages as the desk keeps them once the router has taken them, by the message's id."""
    classifier = Classifier.load()
    queue = Queue(name="all", targets={})
    rule = Rule(name="all", when=Condition(), queue="all")
    policy = Policy(name="nobody", steps=())
    settings = RouterSettings(queues=(queue,), rules=(rule,), people=(), schedules=(), policies={"*": policy})
    with tempfile.TemporaryDirectory() as folder:
        desk = await SqliteDesk.open(Path(folder) / "desk.db", durability="normal", inline=True)
        clock = ReplayClock(rows[0].at)
        handler = MentionHandler(desk, settings, clock, lambda: None)
        await handler.assigned({_PLACE: 0})
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            clock.advance(max(clock.now(), some[-1].at))
            await handler.handle(list(_delivered(classifier, some, start)), ())
        async with desk.reading() as tx:
            found = await tx.mentions([said.id for said in rows])
        await desk.close()
    return dict(found)


def _delivered(classifier: Classifier, rows: Sequence[Said], first: int) -> Iterator[Delivered[ClassifiedMention]]:
    for offset, (said, verdict) in enumerate(
        zip(rows, classifier.judge([Text(said.text) for said in rows]), strict=True), first
    ):
        mention = Mention(
            id=said.id,
            source=said.channel,
            native_id=said.id,
            brand=said.brand,
            channel=said.channel,
            text=said.text,
            created_at=said.at,
            received_at=said.at,
            author=Author(id=said.author),
        )
        origin = Origin(topic=MENTIONS_RAW.name, partition=0, offset=offset)
        event = ClassifiedMention(mention=mention, verdict=verdict, origin=origin)
        yield Delivered(Record(_PLACE.topic, 0, offset, said.author, b"", said.at), event)


def judged(found: dict[str, StoredMention], made: Set) -> Outcome:
    """Compare what was merged with what repeats what, and with what the letters say."""
    told: Counter[str] = Counter()
    in_items: Counter[str] = Counter()
    for copy in made.copies:
        mine, original = found[copy.said.id], found[copy.of]
        told[copy.kind] += mine.story is not None and mine.story == original.story
        in_items[copy.kind] += mine.outcome == "folded"
    first: dict[str, StoredMention] = {}
    for each in sorted(found.values(), key=lambda one: (one.created_at, one.id)):
        if each.story is not None and not each.story_reason:
            first.setdefault(each.story, each)
    merged = [each for each in found.values() if each.story in first and first[each.story].id != each.id]
    ours = {copy.said.id for copy in made.copies} | {other for other, _ in made.figures}
    wrong = [
        (each.text, first[each.story or ""].text)
        for each in merged
        if each.id not in ours and not same_by_letters(each.text, first[each.story or ""].text)
    ]
    kinds = Counter(copy.kind for copy in made.copies)
    pairs, figures = (_in_one(found, some) for some in (made.hardest, made.figures))
    return Outcome(kinds, told, in_items, len(merged), wrong, len(found), pairs, figures)


def _in_one(found: dict[str, StoredMention], pairs: Sequence[tuple[str, str]]) -> tuple[int, int]:
    stories = [(found[one].story, found[other].story) for one, other in pairs]
    return len(pairs), sum(one is not None and one == other for one, other in stories)


def show(console: Console, name: str, outcome: Outcome, examples: int) -> None:
    """One replay's figures."""
    table = Table("copies of a kind", "of the same story", "%", "no item of their own", "%", title=name)
    for kind in sorted(outcome.copies):
        n, told, kept = outcome.copies[kind], outcome.told[kind], outcome.in_items[kind]
        table.add_row(f"{kind}: {n:,}", f"{told:,}", f"{told / n:.1%}", f"{kept:,}", f"{kept / n:.1%}")
    total, told = outcome.copies.total(), outcome.told.total()
    kept = outcome.in_items.total()
    table.add_row(f"all: {total:,}", f"{told:,}", f"{told / total:.1%}", f"{kept:,}", f"{kept / total:.1%}")
    console.print(table)
    share = len(outcome.wrong) / max(1, outcome.merged)
    console.print(
        f"merged into the story of another: {outcome.merged:,} of {outcome.messages:,} messages; "
        f"wrongly, by their letters: {len(outcome.wrong)} ({share:.2%})"
    )
    for what, (pairs, merged) in (("nearest, yet different", outcome.hardest), ("other numbers", outcome.figures)):
        console.print(f"{what}: {merged} of {pairs:,} pairs in one story ({merged / max(1, pairs):.2%})")
    console.print()
    for text, other in outcome.wrong[:examples]:
        console.print(f"  {text!r}\n  {other!r}\n", markup=False)


def main() -> None:
    """Print every figure."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.3, help="of the messages, how many get an edited copy")
    parser.add_argument("--limit", type=int, default=20_000, help="messages of each replay")
    parser.add_argument("--examples", type=int, default=0, help="wrong merges to print of each")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console()
    for name in REPLAYS:
        rows = replay(chosen.folder, name, chosen.limit)
        if rows is None:
            console.print(f"{chosen.folder / name} is missing: left out.")
            continue
        made = with_copies(rows, chosen.share, random.Random(7))
        outcome = judged(asyncio.run(stored(made.messages)), made)
        show(console, name, outcome, chosen.examples)


if __name__ == "__main__":
    main()
