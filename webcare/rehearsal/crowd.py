"""Who writes: invented people, each with one handle, and how they pass on what others wrote."""

import random
from collections.abc import Iterator
from itertools import count

from webcare.rehearsal.material import Material, Message, Person

SHARERS = 140
EMOJI = ("😱", "🔥", "🙏", "‼️", "😡", "😢", "👇", "⚠️", "🍼", "😳")


class Crowd:
    """Draws people by lot, never the same one twice; those with a name in the material stay who they are."""

    def __init__(self, rng: random.Random, material: Material) -> None:
        self._rng = rng
        self._named = material.people
        self._handles = _handles(rng, material)
        self._sharers = [self._stranger() for _ in range(SHARERS)]
        self._shared: set[tuple[str, str]] = set()

    def writer(self, message: Message) -> Person:
        if message.by is not None:
            return self._named[message.by]
        return self._stranger(message.followers)

    def sharer(self, key: str) -> Person:
        """Somebody who has not passed on the message `key` before."""
        free = [person for person in self._sharers if (key, person.handle) not in self._shared]
        person = self._rng.choice(free)
        self._shared.add((key, person.handle))
        return person

    def _stranger(self, followers: int | None = None) -> Person:
        drawn = int(self._rng.lognormvariate(5, 1.2))
        return Person(handle=next(self._handles), followers=drawn if followers is None else followers)


def _handles(rng: random.Random, material: Material) -> Iterator[str]:
    """Handles without end; `_oef` marks each as one of a rehearsal (oefening), so that it is nobody's."""
    names = [f"{first}_{last}" for first in material.first_names for last in material.surnames]
    rng.shuffle(names)
    for turn in count(1):
        for name in names:
            yield f"{name}_oef" if turn == 1 else f"{name}{turn}_oef"


def repost_text(rng: random.Random, channel: str, handle: str, text: str) -> str:
    """A copy as people make it: marked as one, cut off, with an emoji behind it, or bare."""
    credited = f"RT @{handle}: {text}" if channel in ("x", "mastodon") else text
    form = rng.choice(("credited", "credited", "cut", "emoji", "bare"))
    if form == "cut":
        return _cut(credited, rng.randint(95, 140))
    if form == "emoji":
        return f"{credited} {rng.choice(EMOJI) * rng.randint(1, 3)}"
    return text if form == "bare" else credited


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + "…"
