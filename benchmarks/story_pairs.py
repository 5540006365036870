"""Messages of real replays, what repeats what in them, and edits as people and platforms make them.

What is the same is told here by letters and digits alone, in another way than the classifier and the router do it.
"""

import csv
import gzip
import html
import io
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

REPLAYS = ("airline/replay.csv", "trec-is/replay.csv.gz", "crisislex26/open.csv")
EDITS = ("repost", "repost, cut off", "emoji", "link", "handle", "cut off", "case", "punctuation")
TWEET = 140

_REPOST = re.compile(r"^\s*RT\s+@\w+:?\s*", re.IGNORECASE)
_AROUND = re.compile(r"https?:\S*|www\.\S+|@\w+")
_CUT = re.compile(r"(?:\.\.\.+|…)\s*(?:https?\S*\s*)?$")
_EMOJI = ("😡", "🙏", "😂", "👇👇", "❤️", "🔥", "😱")
_LEAST_LETTERS = 25
_SAME = 0.8
_SAME_BEGINNING = 0.3


class Said(NamedTuple):
    """One message of a replay."""

    id: str
    at: datetime
    brand: str
    text: str
    author: str
    channel: str = "x"


def replay(folder: Path, name: str, limit: int) -> list[Said] | None:
    """The first messages of a replay in order of time; None if it is not there."""
    path = folder / name
    if not path.exists():
        return None
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = io.StringIO(data.decode("utf-8"), newline="")
    return sorted(_said(csv.DictReader(lines)), key=lambda said: (said.at, said.id))[:limit]


def _said(rows: Iterator[dict[str, str]]) -> Iterator[Said]:
    for row in rows:
        at = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
        brand = row.get("brand") or row["event"]
        yield Said(row["id"], at, brand, row["text"], row.get("author") or row["id"])


def letters(text: str) -> str:
    """Letters and digits in lower case, without links, handles and the mark of a repost."""
    plain = _AROUND.sub("", _REPOST.sub("", html.unescape(unicodedata.normalize("NFKC", text))))
    return "".join(filter(str.isalnum, plain.lower()))


def same_by_letters(text: str, other: str) -> bool:
    """Most of the letters, in order; or one is how the other begins, or stands in it."""
    short, long = sorted((letters(text), letters(other)), key=len)
    short = short[:-8] if _CUT.search(text) or _CUT.search(other) else short  # the broken word
    if short and len(short) >= _SAME_BEGINNING * len(long) and short in long:
        return True
    return SequenceMatcher(None, short, long, autojunk=False).ratio() >= _SAME


def real_reposts(rows: Sequence[Said]) -> Iterator[tuple[int, int]]:
    """(repost, original) by position: marked reposts whose letters, or beginning if cut off, somebody wrote before."""
    first: dict[tuple[str, str], int] = {}
    beginnings: dict[tuple[str, str], int] = {}
    for at, said in enumerate(rows):
        written = letters(said.text)
        if _REPOST.match(said.text) and len(written) >= _LEAST_LETTERS:
            cut = _CUT.search(said.text) is not None
            of = first.get((said.brand, written))
            if of is None and cut:
                of = _beginning_like(rows, beginnings, said, written)
            if of is not None and rows[of].author != said.author:
                yield at, of
        first.setdefault((said.brand, written), at)
        beginnings.setdefault((said.brand, written[:_LEAST_LETTERS]), at)


def _beginning_like(rows: Sequence[Said], seen: dict[tuple[str, str], int], said: Said, written: str) -> int | None:
    of = seen.get((said.brand, written[:_LEAST_LETTERS]))
    known = letters(_CUT.sub("", said.text).rsplit(" ", 1)[0])
    return of if of is not None and known and letters(rows[of].text).startswith(known) else None


def hardest(rows: Sequence[Said], count: int) -> Iterator[tuple[str, str]]:
    """Ids of messages of one brand that share the most words and yet are different, one pair for each of `count`."""
    words = [frozenset(re.findall(r"\w+", _AROUND.sub("", said.text.lower()))) for said in rows]
    under: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, said in enumerate(rows):
        for word in words[at]:
            under[said.brand, word].append(at)
    step = max(1, len(rows) // count)
    for at in range(0, len(rows), step):
        shared = Counter(other for word in words[at] for other in _rare(under[rows[at].brand, word]))
        near = sorted(shared, key=lambda other: (-shared[other] / len(words[at] | words[other]), other))[:20]
        for other in near:
            if other != at and not same_by_letters(rows[at].text, rows[other].text):
                yield rows[at].id, rows[other].id
                break


def _rare(places: Sequence[int]) -> Sequence[int]:
    """Words that stand in very many messages tell nothing."""
    return places if len(places) <= 1_000 else ()


def other_figures(text: str, dice: random.Random) -> str | None:
    """The same words with other numbers, as in somebody else's case; None where there is no number."""
    plain = _AROUND.sub("", text)
    changed = re.sub(r"\d", lambda _: str(dice.randrange(10)), plain)
    return changed if re.findall(r"\d+", changed) != re.findall(r"\d+", plain) else None


def edited(kind: str, text: str, dice: random.Random) -> str:
    """The text with one edit."""
    return {
        "repost": _repost,
        "repost, cut off": lambda text, dice: _cut(_repost(text, dice), dice),
        "emoji": _emoji,
        "link": lambda text, dice: f"{text} https://t.co/{dice.randrange(16**8):08x}",
        "handle": lambda text, dice: f"@user{dice.randrange(999)} {text} @friend{dice.randrange(999)}",
        "cut off": _cut,
        "case": lambda text, dice: text.upper() if dice.random() < 0.5 else text.lower(),
        "punctuation": lambda text, dice: re.sub(r"[!?.]+(?=\s|$)", "", text) + dice.choice(("!!!", "...", " ?!", ".")),
    }[kind](text, dice)


def _repost(text: str, dice: random.Random) -> str:
    return f"RT @user{dice.randrange(999)}: {text}"


def _emoji(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    for _ in range(2):
        words.insert(dice.randrange(len(words) + 1), dice.choice(_EMOJI))
    return " ".join(words)


def _cut(text: str, dice: random.Random) -> str:
    """As a platform does it: to a length, in the middle of a word, with dots."""
    return text[: min(TWEET - 1, int(len(text) * dice.uniform(0.6, 0.95)))] + dice.choice(("…", "..."))
