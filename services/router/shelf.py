"""Keeps stories on the desk for as long as copies of them are looked for, and no more of them than a brand may have."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from backbone.ports import DeskTransaction
from backbone.records import Story
from services.router.domain.stories import LASTS

MOST_STORIES = 50_000
"""Of a brand. With the most recent ones kept, that is a day of 35 new ones a minute."""
SWEEP_EVERY = timedelta(minutes=10)
SWEEP_AFTER = 1_000
"""New ones after which to look at once."""
SWEPT_AT_MOST = 4 * SWEEP_AFTER


class Shelf:
    """What is forgotten follows from the desk alone; when it is looked for, from what this process has put there.

    So a brand has at most `MOST_STORIES` and, for each process that writes, `SWEEP_AFTER` and a batch more.
    """

    def __init__(self) -> None:
        self._new: dict[str, int] = {}
        self._swept: datetime | None = None

    async def keep(self, tx: DeskTransaction, begun: Sequence[Story], retold: Sequence[Story], now: datetime) -> None:
        """Store what was told, and forget what is over."""
        if begun or retold:
            expires_at = now + LASTS
            new, again = ([replace(story, expires_at=expires_at) for story in some] for some in (begun, retold))
            await tx.put_stories(new, again)
        for story in begun:
            self._new[story.brand] = self._new.get(story.brand, 0) + 1
        due = self._swept is None or now - self._swept >= SWEEP_EVERY
        if self._new and (due or max(self._new.values()) >= SWEEP_AFTER):
            await tx.forget_stories(sorted(self._new), now, MOST_STORIES, SWEPT_AT_MOST)
            self._new, self._swept = {}, now
