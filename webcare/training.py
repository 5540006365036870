"""`webcare train`: a model from the shipped rows, from what people corrected, and from tables a user adds."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from backbone.errors import BadInput
from services.classify.acceptance import Decision, halves
from services.classify.candidates import settle
from services.classify.registry import Registry
from services.classify.training.corpus import MESSAGES, TEST, TRAIN, Row, alike, load, read
from services.classify.training.evaluate import Scores
from services.classify.training.fit import Progress
from services.classify.training.make import make
from services.classify.training.speech import spoken


class Trained(msgspec.Struct, frozen=True):
    """What came out: the folder, its scores by language, and what was decided if it was judged by corrections."""

    folder: Path
    rows: int
    scores: dict[str, Scores]
    decision: Decision | None = None


def train(folder: Path, at: datetime, added: Sequence[Path], progress: Progress, messages: Path = MESSAGES) -> Trained:
    """Train on the rows in `messages` and the added tables, into a folder that is called as the model shall be."""
    rows = [*load(TRAIN, messages), *(row for path in added for row in read(path))]
    return _made(folder, at, rows, messages, progress)


def train_candidate(
    registry: Registry,
    name: str,
    at: datetime,
    added: Sequence[Path],
    corrections: Sequence[Row],
    progress: Progress,
    messages: Path = MESSAGES,
) -> Trained:
    """Train on corrections too, and let the candidate judge if it is better.

    Half of the corrections, by their ids, is only judged by; rows that say nearly the same as one of those are not
    learned from either. Raises BadInput (``model_exists``) where the name is taken: who runs with a model must not find
    another one under its name.
    """
    folder = registry.installed / name
    if folder.exists():
        raise BadInput(f"There is a model {name} in {registry.installed}.", code="model_exists", remedy="Use --name.")
    learning, judging = halves(corrections)
    held = {row.id for row in judging}
    known = {later.id for first, later in alike([*judging, *learning]) if first.id in held}
    rows = [*load(TRAIN, messages), *(row for path in added for row in read(path))]
    rows += [row for row in learning if row.id not in known]
    made = _made(folder, at, rows, messages, progress)
    decision = settle(registry, name, load(TEST, messages), corrections, at)
    return msgspec.structs.replace(made, decision=decision)


def _made(folder: Path, at: datetime, rows: Sequence[Row], messages: Path, progress: Progress) -> Trained:
    scores = make(folder, at.date().isoformat(), rows, load(TEST, messages), spoken(rows, messages), progress)
    return Trained(folder, len(rows), scores)


def corrected(data: Path) -> list[Row]:
    """The labelled rows of everything that people corrected in a data folder, masked."""
    from webcare.corrections import desk_in_folder, rows_of

    async def run() -> list[Row]:
        async with desk_in_folder(data) as desk:
            found = await rows_of(desk)
        return [
            Row(one.id, one.lang, one.text, (one.urgency, one.sentiment, one.intent, one.care)) for one in found.rows
        ]

    return asyncio.run(run())
