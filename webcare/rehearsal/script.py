"""The rehearsed crisis as lines of a replay file: what is written, and what the team does about it.

Pure: the same seed, end and number of quiet days give the same lines, to the byte.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from backbone.errors import BadInput
from webcare.rehearsal import arc
from webcare.rehearsal.crowd import Crowd, repost_text
from webcare.rehearsal.material import STORM_PHASES, Handling, Person, Written, written_material

Line = dict[str, Any]
"""One line of a replay file: a message, or a line of kind `action`."""

BRAND = "Wiedeldoorn"
TEAM = ("sanne", "bram", "meryem")
LEAD = "teamleider"
DESK_OPENS, DESK_CLOSES = 9, 22

WEEK = 7
SPIKE_SEEN = timedelta(minutes=20)
SPIKE_SEEN_WITHOUT_HISTORY = timedelta(minutes=50)
"""How long after the storm breaks loose the spike is expected to be seen, with a week of quiet days and without."""
SPIKE_ACKNOWLEDGED = timedelta(minutes=2)
"""How long after that somebody acknowledges it."""

ROUND_EVERY = timedelta(minutes=3)
"""How often the team acknowledges the newest incident that still wakes people."""
UNSEEN_AT_THE_END = timedelta(minutes=12)
"""How long before the end they stop, so that something is left for whoever watches."""

EVERYDAY_IN_MURMUR = 1
EVERYDAY_IN_STORM = 12
SHARED_MESSAGES = 12

WINDOWS = {
    "injury": (0.0, 0.0),
    "cases": (0.03, 0.70),
    "alarm": (0.005, 0.15),
    "questions": (0.04, 0.85),
    "parents": (0.04, 0.70),
    "angry": (0.06, 0.85),
    "rumours": (0.20, 0.75),
    "press": (0.12, 0.80),
    "jokes": (0.12, 0.95),
    "private_data": (0.30, 0.80),
    "threat": (0.30, 0.80),
    "relief": (0.70, 1.00),
    "everyday": (0.02, 1.00),
}
"""Which part of the storm's messages a phase falls in, from the first (0) to the last (1)."""


class _Said(msgspec.Struct, frozen=True):
    """Something that somebody writes at a moment."""

    at: datetime
    key: str
    written: Written
    author: Person
    text: str


class _Placed(msgspec.Struct, frozen=True):
    """Something that will be written in the storm, by its place in the order; a share repeats another's."""

    position: float
    number: int
    written: Written
    share: bool


def rehearsal(seed: int, end: datetime, quiet_days: int = 1) -> list[Line]:
    """The whole rehearsal in order of time; its last line is a message at `end` (to the millisecond).

    The day before the story is a quiet one of 20 messages; `quiet_days` above 1 puts more of them before it, as
    history (of a source of its own, which nobody handles). A spike stands out sooner against a week of history than
    against a single day, and its acknowledgement is timed for that. Raises BadInput where `end` has no time zone or
    `quiet_days` is negative.
    """
    _require(end, quiet_days)
    rng = random.Random(seed)  # noqa: S311 - a rehearsal must be repeatable, not secret
    end = end.astimezone(UTC).replace(microsecond=end.microsecond // 1000 * 1000)
    run = f"rehearsal-{seed}-{end:%Y%m%dT%H%M%S}"
    crowd = Crowd(rng, written_material())
    everyday = _everyday(rng)
    quiet = _quiet(rng, crowd, everyday, end - arc.STORY, quiet_days)
    story = [*_murmur(rng, crowd, everyday, end - arc.STORY), *_storm(rng, crowd, everyday, end)]
    yesterday = end - arc.STORY - timedelta(days=1)
    lines = [_message_line(run, said) for said in (*quiet, *story)]
    for line in lines:
        if line["created_at"] < _stamp(yesterday):
            line["source"] = arc.HISTORY_SOURCE
    lines += _actions(rng, run, [said for said in quiet if said.at >= yesterday], story, end)
    lines.append(_spike_acknowledged(end - arc.STORM, quiet_days))
    lines += _rounds(end)
    return sorted(lines, key=_order)


def write_replay(lines: list[Line], path: Path) -> None:
    """Writes the lines as NDJSON, in the order given."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _order(line: Line) -> tuple[str, bool, str]:
    return line["created_at"], "kind" in line, line.get("id", "")


def _require(end: datetime, quiet_days: int) -> None:
    if end.tzinfo is None:
        raise BadInput(
            "The end of a rehearsal has no time zone.", code="end_without_zone", remedy="Give it one, such as UTC."
        )
    if quiet_days < 0:
        raise BadInput(
            f"A rehearsal cannot have {quiet_days} quiet days.", code="negative_quiet_days", remedy="Give 0 or more."
        )


# What is written


def _everyday(rng: random.Random) -> Iterator[Written]:
    """Everyday messages without end; a text comes back only after all others have had their turn."""
    written, turn = written_material().phase("everyday"), 1
    while True:
        for one in rng.sample(written, len(written)):
            yield one if turn == 1 else msgspec.structs.replace(one, key=f"{one.key}-{turn}")
        turn += 1


def _say(crowd: Crowd, at: datetime, written: Written) -> _Said:
    message = written.message
    return _Said(at, written.key, written, crowd.writer(message), message.text)


def _quiet(rng: random.Random, crowd: Crowd, everyday: Iterator[Written], until: datetime, days: int) -> list[_Said]:
    said = []
    for day in range(days, 0, -1):
        messages = arc.QUIET_DAY_MESSAGES + (rng.randint(-2, 2) if day > 1 else 0)
        moments = arc.quiet_day(rng, until - timedelta(days=day), messages)
        said += [_say(crowd, at, next(everyday)) for at in moments]
    return said


def _murmur(rng: random.Random, crowd: Crowd, everyday: Iterator[Written], start: datetime) -> list[_Said]:
    first, *others = written_material().phase("smoke")
    others += [next(everyday) for _ in range(EVERYDAY_IN_MURMUR)]
    rng.shuffle(others)
    moments = arc.murmur(rng, start, 1 + len(others))
    return [_say(crowd, at, written) for at, written in zip(moments, (first, *others), strict=True)]


def _storm(rng: random.Random, crowd: Crowd, everyday: Iterator[Written], end: datetime) -> list[_Said]:
    moments = arc.storm(rng, end)
    placed = [_place(rng, written) for phase in STORM_PHASES for written in written_material().phase(phase)]
    placed += [_place(rng, next(everyday)) for _ in range(EVERYDAY_IN_STORM)]
    placed += _shares(rng, placed, len(moments) - len(placed))
    placed.sort(key=lambda one: (one.position, one.share, one.written.key, one.number))
    authors: dict[str, Person] = {}
    return [_perform(rng, crowd, authors, at, one) for at, one in zip(moments, placed, strict=True)]


def _place(rng: random.Random, written: Written) -> _Placed:
    low, high = WINDOWS[written.phase]
    within = rng.random() if written.message.at is None else written.message.at
    return _Placed(low + (high - low) * within, 0, written, share=False)


def _shares(rng: random.Random, placed: list[_Placed], count: int) -> list[_Placed]:
    """So many copies of the heaviest messages, each after its original, most of them soon after it."""
    heaviest = sorted(placed, key=lambda one: (-one.written.message.weight, one.written.key))[:SHARED_MESSAGES]
    chosen = rng.choices(heaviest, [one.written.message.weight for one in heaviest], k=count)
    shares = []
    for number, original in enumerate(chosen, start=1):
        position = original.position + (1 - original.position) * rng.betavariate(1, 2.5)
        shares.append(_Placed(position, number, original.written, share=True))
    return shares


def _perform(rng: random.Random, crowd: Crowd, authors: dict[str, Person], at: datetime, placed: _Placed) -> _Said:
    written = placed.written
    if not placed.share:
        said = _say(crowd, at, written)
        authors[written.key] = said.author
        return said
    original = authors[written.key]
    text = repost_text(rng, written.message.channel, original.handle, written.message.text)
    return _Said(at, f"{written.key}-share-{placed.number:03}", written, crowd.sharer(written.key), text)


def _message_line(run: str, said: _Said) -> Line:
    message = said.written.message
    line: Line = {
        "id": f"{run}-{said.key}",
        "created_at": _stamp(said.at),
        "text": said.text,
        "brand": BRAND,
        "author": said.author.handle,
        "channel": message.channel,
        "followers": said.author.followers,
    }
    if message.private:
        line |= {"private": True, "thread": f"{run}-{message.channel}-{said.author.handle}"}
    elif message.thread is not None and said.key == said.written.key:
        line["thread"] = f"{run}-{message.thread}"
    if message.lang is not None:
        line["lang"] = message.lang
    return line


# What the team does


def _actions(rng: random.Random, run: str, quiet: list[_Said], story: list[_Said], end: datetime) -> list[Line]:
    """Acknowledgements, claims, replies and resolutions that fall before `end`; later ones have not happened yet."""
    lines: list[Line] = []
    for said in quiet:
        if said.written.message.reply is not None:
            lines += _handle(run, said, _on_duty(said.at), _day_work(rng))
    for said in story:
        handling = said.written.message.handle
        if handling is not None and said.key == said.written.key:
            lines += _handle(run, said, said.at, handling)
    return [line for line in lines if line["created_at"] < _stamp(end)]


def _spike_acknowledged(storm: datetime, quiet_days: int) -> Line:
    seen = SPIKE_SEEN if quiet_days >= WEEK else SPIKE_SEEN_WITHOUT_HISTORY
    return _acknowledge(storm + seen + SPIKE_ACKNOWLEDGED, "spike", TEAM[0])


def _rounds(end: datetime) -> Iterator[Line]:
    """The team looks at what still wakes people, every few minutes of the storm but the last."""
    at, turn = end - arc.STORM + ROUND_EVERY, 0
    while at < end - UNSEEN_AT_THE_END:
        yield _acknowledge(at, "latest", TEAM[turn % len(TEAM)])
        at, turn = at + ROUND_EVERY, turn + 1


def _on_duty(at: datetime) -> datetime:
    """The first moment from `at` on at which somebody sits at the desk."""
    local = at.astimezone(arc.AMSTERDAM)
    if DESK_OPENS <= local.hour < DESK_CLOSES:
        return at
    opening = local.replace(hour=DESK_OPENS, minute=0, second=0, microsecond=0)
    if local.hour >= DESK_CLOSES:
        opening += timedelta(days=1)
    return opening.astimezone(UTC)


def _day_work(rng: random.Random) -> Handling:
    claim = rng.uniform(3, 25)
    reply = claim + rng.uniform(1.5, 6)
    return Handling(by=rng.choice(TEAM), claim=claim, reply=reply, resolve=reply + rng.uniform(0.5, 4))


def _handle(run: str, said: _Said, start: datetime, handling: Handling) -> Iterator[Line]:
    if handling.acknowledge:
        yield _acknowledge(start + timedelta(minutes=handling.acknowledge), "critical", handling.by)
    for action in ("claim", "reply", "resolve"):
        minutes: float = getattr(handling, action)
        if minutes:
            line = _action(start + timedelta(minutes=minutes), action, handling.by)
            line["mention"] = f"{run}-{said.key}"
            if action == "reply":
                line["text"] = said.written.message.reply
            yield line


def _acknowledge(at: datetime, incident_kind: str, by: str) -> Line:
    return _action(at, "acknowledge", by) | {"incident_kind": incident_kind}


def _action(at: datetime, action: str, by: str) -> Line:
    return {"kind": "action", "created_at": _stamp(at), "action": action, "by": by}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
