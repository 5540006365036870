"""Which story a mention tells, and whether the item of that story answers it too."""

import re
import struct
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple

from msgspec.structs import replace

from backbone.ids import derive
from backbone.records import Item, Story
from contracts.mentions import ClassifiedMention, Mention
from services.router.domain.likeness import KINDS, LEAST, NOWHERE, Keys, Likeness, alike, keys_of, words_of

LASTS = timedelta(days=3)
"""A story is looked for as long after it was last told."""
PRIVATE_CHANNELS = frozenset({"dm", "whatsapp", "messenger", "email", "chat", "sms", "phone"})
LEAST_CASE = 12
"""Words of an addressed complaint or question from which on the same words cannot be chance."""
FEW_OWN = 2
"""Words that somebody adds to a repost without having something of their own to say."""

Reason = Literal[
    "story_repost",
    "story_copy",
    "own_case",
    "own_words",
    "said_first",
    "same_conversation",
    "story_done",
    "story_private",
    "too_short",
]
"""Why a mention of a known story was folded into its item (the first two), or stays apart from it."""
FOLDING: frozenset[Reason] = frozenset({"story_repost", "story_copy"})

_MARKED = re.compile(r"^\W*(?:rt|mt)\W*@\w|\brt\s+@\w+\s*:|[\"“]@\w+:|\bvia\s+@\w+\W*$", re.IGNORECASE)
_ASKS = ("complaint", "question")


class Telling(NamedTuple):
    """A mention tells a story that was told before."""

    story: Story
    like: Likeness


def is_private(mention: Mention) -> bool:
    """Said to the brand alone: nobody else's item may hold or show it."""
    return mention.private or mention.channel in PRIVATE_CHANNELS


def is_marked(mention: Mention) -> bool:
    """It says of itself that it repeats somebody."""
    return mention.repost_of is not None or _MARKED.search(mention.text[:4000]) is not None


def person_of(mention: Mention) -> int:
    """Who said it, as a number. A platform's person id is unique within its source; without one each is a person."""
    return _person(mention.source, mention.author.id) if mention.author else _person(mention.id)


@lru_cache(maxsize=4096)
def _person(*cause: str) -> int:
    return int.from_bytes(blake2b("\x1f".join(cause).encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1


def keys_in(said: ClassifiedMention) -> Keys:
    """Where its story is kept and sought; nowhere for what is private or has no words."""
    mention = said.mention
    return NOWHERE if is_private(mention) else keys_of(mention.brand, mention.drill, said.verdict.sketch)


class Stories:
    """The stories that may be told in a batch: known ones, and those that the batch begins."""

    def __init__(self, known: Iterable[Story]) -> None:
        self._stories = {story.id: story for story in known}
        self._before = dict(self._stories)
        self._under: dict[int, list[str]] = {}
        for story in self._stories.values():
            for (key,) in struct.iter_unpack(">q", story.keys):
                self._under.setdefault(key, []).append(story.id)

    def find(self, said: ClassifiedMention) -> Telling | None:
        """The story it tells: the one most alike, of several the oldest."""
        near = self._near(keys_in(said).sought)
        if not near:
            return None
        mention, sketch = said.mention, said.verdict.sketch
        marked = is_marked(mention)
        found: list[tuple[int, Story, Likeness]] = []
        for story in near:
            within = story.first_at - LASTS <= mention.created_at <= story.last_at + LASTS
            same_place = (story.brand, story.drill) == (mention.brand, mention.drill)
            like = alike(story.sketch, sketch, marked=marked) if within and same_place else None
            if like is not None:
                found.append((KINDS.index(like.kind), story, like))
        if not found:
            return None
        _, story, like = min(found, key=lambda each: (each[0], each[1].first_at, each[1].id))
        return Telling(story, like)

    def begin(self, said: ClassifiedMention, item_id: str) -> Story | None:
        """A new story, whose copies go to this item; None where no copy of it can be told."""
        keys = keys_in(said).kept
        if not keys:
            return None
        mention = said.mention
        cause = (mention.id, mention.revision) if mention.revision else (mention.id,)
        story = Story(
            id=derive("story", *cause),
            brand=mention.brand,
            drill=mention.drill,
            sketch=said.verdict.sketch,
            keys=struct.pack(f">{len(keys)}q", *keys),
            mention_id=mention.id,
            item_id=item_id,
            first_at=mention.created_at,
            last_at=mention.created_at,
            expires_at=mention.created_at + LASTS,
        )
        self._stories[story.id] = story
        for key in keys:
            self._under.setdefault(key, []).append(story.id)
        return story

    def tell(self, story: Story, said: ClassifiedMention, item_id: str | None) -> None:
        """It was told again; from now on its copies go to `item_id`, if one is given."""
        at = said.mention.created_at
        self._stories[story.id] = replace(
            self._stories[story.id],
            item_id=item_id or story.item_id,
            first_at=min(story.first_at, at),
            last_at=max(story.last_at, at),
        )

    def begun(self) -> list[Story]:
        """New ones, as they stand now."""
        return [story for story in self._stories.values() if story.id not in self._before]

    def retold(self) -> list[Story]:
        """Known ones that were told again."""
        return [story for key, story in self._stories.items() if story is not self._before.get(key, story)]

    def _near(self, keys: Sequence[int]) -> list[Story]:
        under = self._under
        return [
            self._stories[story] for story in dict.fromkeys([story for key in keys for story in under.get(key, ())])
        ]


def reason_for(said: ClassifiedMention, telling: Telling, item: Item | None) -> Reason:
    """Why a mention that tells a known story goes into the story's item, or why not.

    A wrong merge costs somebody their answer, a missed one costs a second look: in doubt it stays apart.
    """
    reason = _by_the_words(said, telling, item)
    if reason in FOLDING and (item is None or item.state == "done"):
        return "story_done"
    if reason in FOLDING and item is not None and item.channel in PRIVATE_CHANNELS:
        return "story_private"
    return reason


def _by_the_words(said: ClassifiedMention, telling: Telling, item: Item | None) -> Reason:
    if telling.like.own > FEW_OWN:
        return "own_words"
    if is_marked(said.mention):
        return "story_repost"
    size = len(words_of(said.verdict.sketch))
    if said.mention.created_at < telling.story.first_at:
        return "said_first"
    if size < LEAST:
        return "too_short"
    exact = telling.like.kind in ("same", "cut")
    theirs = item is None or not is_by_author(said.mention, item)
    if theirs and _asks(said) and not (exact and size >= LEAST_CASE):
        return "own_case"
    return "story_copy"


def _asks(said: ClassifiedMention) -> bool:
    return said.mention.addressed and said.verdict.intent in _ASKS


def is_by_author(mention: Mention, item: Item) -> bool:
    """Its author is whom the item is of."""
    return mention.author is not None and (mention.source, mention.author.id) == (item.source, item.author)
