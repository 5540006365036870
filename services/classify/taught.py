"""From corrections to labelled rows, as the training reads them: pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from backbone.corrections import Correction, together
from backbone.ids import derive
from backbone.records import StoredMention
from services.classify.masking import masked

COLUMNS = ("id", "lang", "text", "urgency", "sentiment", "intent", "care")
Held = Literal["disputed", "drill", "edited", "no_text"]
_CLASSES = ("urgency", "sentiment", "intent", "care")


class Row(msgspec.Struct, frozen=True):
    """One text and what people say of it. Where nobody said anything the verdict stands: they saw it and let it be.

    The id follows from the text alone, so that copies are one row, on one side of every split, and lead to nobody.
    """

    id: str
    lang: str
    text: str
    urgency: str
    sentiment: str
    intent: str
    care: str


class Taught(NamedTuple):
    """The rows, by id, and how many texts gave none, by reason.

    ``disputed``: people differ about a head and nobody decided. ``edited``: it was said of an earlier text only.
    ``drill``: a rehearsal. ``no_text``: nothing is left of it.
    """

    rows: Sequence[Row]
    held_back: Mapping[Held, int]


class _Text(NamedTuple):
    """All that was said of one text, whichever mention it stands in."""

    text: str
    verdict: dict[str, str]
    given: list[Correction]


def taught(corrected: Iterable[tuple[StoredMention, Sequence[Correction]]]) -> Taught:
    """The rows of corrected mentions, each with its corrections; the order does not matter."""
    held: dict[Held, int] = {}
    texts: dict[str, _Text] = {}
    for mention, given in sorted(corrected, key=lambda each: each[0].id):
        said = [each for each in given if each.revision == mention.revision]
        text = masked(mention.text, mention.author_name)
        why = _held_back(mention, said, text)
        if why is not None:
            held[why] = held.get(why, 0) + 1
            continue
        texts.setdefault(_id(text), _Text(text, _verdict(mention), [])).given.extend(said)
    rows = [row for key, text in sorted(texts.items()) if (row := _row(key, text)) is not None]
    if len(rows) < len(texts):
        held["disputed"] = len(texts) - len(rows)
    return Taught(rows, dict(sorted(held.items())))


def _held_back(mention: StoredMention, said: Sequence[Correction], text: str) -> Held | None:
    if mention.drill:
        return "drill"
    if not said:
        return "edited"
    return None if text.strip() else "no_text"


def _verdict(mention: StoredMention) -> dict[str, str]:
    classes = {head: str(mention.verdict[head]) for head in _CLASSES}
    return {**classes, "lang": str(mention.verdict.get("lang") or "und")}


def _id(text: str) -> str:
    return derive("cor", " ".join(text.casefold().split()))


def _row(key: str, text: _Text) -> Row | None:
    consensus = together(text.given)
    if consensus.disputed:
        return None
    return Row(id=key, text=text.text, **{**text.verdict, **consensus.agreed})
