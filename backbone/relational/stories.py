"""Stories: which texts may be the same, and how often, by whom and where they were told."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import ARRAY, BigInteger, Select, any_, bindparam, delete, func, select, text, tuple_

from backbone.errors import NotFound
from backbone.records import StoredMention, Story, StoryFigures
from backbone.relational.rows import MENTIONS, STORIES, Values, instant, json_text, micros
from backbone.relational.tables import mentions, stories, story_keys
from backbone.relational.work import Work, chunks

STORIES_OF_A_KEY = 8
"""A key that many stories share says little: only so many are kept under it, newer ones in the place of older."""

_STORIES = select(*STORIES.columns)
_UNDER = select(story_keys.c.story).distinct()
_AMONG_ARRAY = _UNDER.where(story_keys.c.key == any_(bindparam("given", type_=ARRAY(BigInteger))))
_AMONG_JSON = _UNDER.where(story_keys.c.key.in_(text("SELECT value FROM json_each(:given)")))
"""A batch asks for thousands: as one value, they make no statement longer."""
_EXPIRED = (
    _STORIES.where(stories.c.brand == bindparam("a_brand"), stories.c.expires_at <= bindparam("now"))
    .order_by(stories.c.expires_at, stories.c.id)
    .limit(bindparam("limit"))
)
_BEYOND = (
    _STORIES.where(stories.c.brand == bindparam("a_brand"))
    .order_by(stories.c.expires_at.desc(), stories.c.id.desc())
    .offset(bindparam("most"))
    .limit(bindparam("limit"))
)
_FORGET = delete(stories).where(stories.c.id == bindparam("an_id"))
_FORGET_KEY = delete(story_keys).where(
    story_keys.c.key == bindparam("a_key"),
    story_keys.c.slot == bindparam("a_slot"),
    story_keys.c.story == bindparam("a_story"),
)
_CHANGING = ("id", "item_id", "first_at", "last_at", "expires_at")
"""What telling a story again changes of it."""

# ----------------------------------------------------------------------------------------------- what may be the same


def found_under(work: Work, brands: Sequence[str], keys: Sequence[int]) -> Sequence[Story]:
    """See `DeskTransaction.stories`."""
    if not work.reading:
        work.alone("stories", *sorted(set(brands)))
    ids = set(work.run(_AMONG_ARRAY if work.has_arrays else _AMONG_JSON, {"given": _given(work, keys)}).scalars())
    found = work.records_in(STORIES, _STORIES.where(work.among(stories.c.id)), ids)
    return sorted((story for story in found if story.brand in brands), key=attrgetter("first_at", "id"))


def _given(work: Work, keys: Sequence[int]) -> list[int] | str:
    wanted = sorted(set(keys))
    return wanted if work.has_arrays else json_text(wanted)


def put(work: Work, new: Sequence[Story], retold: Sequence[Story]) -> None:
    """See `DeskTransaction.put_stories`."""
    rows = [STORIES.values(story) for story in new]
    work.put(stories, *rows)
    work.put(story_keys, *_key_rows(rows))
    changed = [STORIES.values(story) for story in sorted(retold, key=attrgetter("id"))]
    work.store(stories, [{name: row[name] for name in _CHANGING} for row in changed])


def forget(work: Work, brands: Sequence[str], now: datetime, most: int, limit: int) -> int:
    """See `DeskTransaction.forget_stories`."""
    work.alone("stories", *sorted(set(brands)))
    gone: dict[str, Story] = {}
    for brand in sorted(set(brands)):
        for statement, given in ((_EXPIRED, {"now": micros(now)}), (_BEYOND, {"most": most})):
            found = work.records(STORIES, statement, a_brand=brand, limit=limit, **given)
            gone.update((story.id, story) for story in found)
    work.run_all(_FORGET, [{"an_id": story} for story in sorted(gone)])
    rows = _key_rows(STORIES.values(story) for _, story in sorted(gone.items()))
    work.run_all(_FORGET_KEY, [{f"a_{name}": value for name, value in row.items()} for row in rows])
    return len(gone)


def _key_rows(told: Iterable[Values]) -> list[Values]:
    rows: list[Values] = []
    for row in told:
        story = row["id"]
        slot = _slot(story)
        rows += [{"key": key, "slot": slot, "story": story} for (key,) in struct.iter_unpack(">q", row["keys"])]
    return rows


def _slot(story_id: str) -> int:
    return int(story_id[-4:], 16) % STORIES_OF_A_KEY


# ----------------------------------------------------------------------------------------------- who told it, and where


def tellers(work: Work, items: Sequence[str], people: Sequence[int]) -> Mapping[tuple[str, int], int]:
    """See `DeskTransaction.tellers`. What an item holds of its own and of others stands in two indexes."""
    told: dict[tuple[str, int], int] = {}
    for copied in (False, True):
        counted = _tellers(work, copied=copied)
        for some in chunks(sorted(set(items))):
            for those in chunks(sorted(set(people))):
                for row in work.run(counted, {"items": some, "people": those}):
                    told[row.item_id, row.person] = told.get((row.item_id, row.person), 0) + row.n
    return told


def _tellers(work: Work, *, copied: bool) -> Select[tuple[str, int, int]]:
    return (
        select(mentions.c.item_id, mentions.c.person, func.count().label("n"))
        .where(work.among(mentions.c.item_id, "items"), work.among(mentions.c.person, "people"))
        .where(mentions.c.copied.is_(copied))
        .group_by(mentions.c.item_id, mentions.c.person)
    )


_TOLD = select(
    mentions.c.story,
    func.min(mentions.c.brand).label("brand"),
    func.count().label("mentions"),
    func.count(mentions.c.person.distinct()).label("people"),
    func.min(mentions.c.created_at).label("first_at"),
    func.max(mentions.c.created_at).label("last_at"),
).group_by(mentions.c.story)
_OF_STORY = _TOLD.where(mentions.c.story == bindparam("a_story"))
_own = mentions.alias("own")
_OF_ITEM = (
    _TOLD.where(
        mentions.c.story.in_(
            select(_own.c.story).where(
                _own.c.item_id == bindparam("item"), _own.c.copied.is_(False), _own.c.story.is_not(None)
            )
        )
    )
    .order_by(func.count(mentions.c.person.distinct()).desc(), func.min(mentions.c.created_at), mentions.c.story)
    .limit(1)
)
_CHANNELS = (
    select(mentions.c.channel, func.count().label("n"))
    .where(mentions.c.story == bindparam("a_story"))
    .group_by(mentions.c.channel)
    .order_by(func.count().desc(), mentions.c.channel)
)
_PLACE = (mentions.c.created_at, mentions.c.id)
_MENTIONS = (
    select(*MENTIONS.columns)
    .where(mentions.c.story == bindparam("a_story"))
    .order_by(*_PLACE)
    .limit(bindparam("limit"))
)
_MENTIONS_AFTER = _MENTIONS.where(tuple_(*_PLACE) > tuple_(bindparam("at"), bindparam("last")))


def figures(work: Work, story_id: str) -> StoryFigures:
    """See `DeskTransaction.story_figures`."""
    row = work.first(_OF_STORY, a_story=story_id)
    if row is None:
        raise NotFound(
            f"There is no story {story_id}.", code="no_such_story", remedy="Take the id that an item or mention names."
        )
    return _figures(work, row._asdict())


def of_item(work: Work, item_id: str) -> StoryFigures | None:
    """See `DeskTransaction.item_story`."""
    row = work.first(_OF_ITEM, item=item_id)
    return None if row is None else _figures(work, row._asdict())


def mentions_of(work: Work, story_id: str, limit: int, after: tuple[datetime, str] | None) -> Sequence[StoredMention]:
    """See `DeskTransaction.story_mentions`."""
    if after is None:
        return work.records(MENTIONS, _MENTIONS, a_story=story_id, limit=limit)
    return work.records(MENTIONS, _MENTIONS_AFTER, a_story=story_id, limit=limit, at=micros(after[0]), last=after[1])


def _figures(work: Work, row: Values) -> StoryFigures:
    channels = {each.channel: each.n for each in work.run(_CHANNELS, {"a_story": row["story"]})}
    times = {name: instant(row[name]) for name in ("first_at", "last_at")}
    return StoryFigures(
        id=row["story"], brand=row["brand"], mentions=row["mentions"], people=row["people"], channels=channels, **times
    )
