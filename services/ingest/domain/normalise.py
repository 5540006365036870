"""From what somebody sent to a mention, or to the reason why not."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

from backbone.errors import BadInput
from backbone.ids import derive
from contracts.mentions import Author, Mention
from services.ingest.domain.brands import IngestSettings
from services.ingest.domain.matching import match_brand
from services.ingest.domain.screen import express_reasons
from services.ingest.domain.text import Folded, folded
from services.ingest.domain.times import parse_instant

FIELDS = (
    *("id", "text", "created_at", "brand", "channel", "source", "author", "thread", "url", "lang", "addressed"),
    *("private", "revision", "repost_of", "followers", "drill"),
)
_FIELDS = frozenset(FIELDS)


class Arrival(NamedTuple):
    """How a message came in: what we know of it besides what was sent."""

    received_at: datetime
    origin: str
    source: str = "push"
    channel: str = "api"
    strict: bool = True
    """Refuse unknown fields and times without an offset (pushes); else ignore the first and read the second as UTC."""
    latest: datetime | None = None
    """The latest `created_at` taken; None: `received_at` plus the allowance in the settings."""


class Refused(BadInput):
    """This message cannot be taken. `field` names the part that is wrong."""

    def __init__(self, code: str, field: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message, code=code, remedy=remedy)
        self.field = field


def to_mention(sent: object, arrival: Arrival, settings: IngestSettings) -> Mention:
    """The mention in `sent`, complete and in our words; raises Refused with the field and the remedy."""
    if not isinstance(sent, Mapping):
        raise Refused("not_an_object", "", f"A mention is a JSON object, not {_kind(sent)}.")
    if arrival.strict:
        _known_fields(sent)
    native_id = _native_id(sent)
    text = _text(sent, settings)
    author = _author(sent)
    private = _flag(sent, "private", False)
    compared = folded(text)
    brand, addressed = _brand(sent, compared, settings)
    source = _string(sent, "source") or arrival.source
    return Mention(
        id=derive("m", brand, source, native_id),
        source=source,
        native_id=native_id,
        brand=brand,
        channel=(_string(sent, "channel") or arrival.channel).lower(),
        text=text,
        created_at=_created_at(sent, arrival, settings),
        received_at=arrival.received_at,
        author=author,
        thread=_string(sent, "thread"),
        url=_string(sent, "url"),
        lang_hint=_string(sent, "lang"),
        addressed=_flag(sent, "addressed", addressed),
        private=private,
        revision=_count(sent, "revision") or 0,
        repost_of=_string(sent, "repost_of"),
        express=express_reasons(compared, author, private, settings.by_name.get(brand)),
        origin=arrival.origin,
        drill=_flag(sent, "drill", False),
    )


def partition_key(mention: Mention) -> str:
    """Brand and author, thread where there is no author: one person's messages stay in order."""
    who = mention.author.id if mention.author else mention.thread or mention.id
    return f"{mention.brand}|{who}"


def _known_fields(sent: Mapping[Any, Any]) -> None:
    if sent.keys() <= _FIELDS:
        return
    for name in sent:
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(FIELDS)}."
            raise Refused("unknown_field", str(name)[:80], "there is no such field.", remedy)


def _native_id(sent: Mapping[str, Any]) -> str:
    value = sent.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        found = "is missing" if value is None else f"is {_kind(value)}"
        raise Refused("id_missing", "id", f"{found}.", "Send the platform's own id of the message, as a string.")
    return _bounded("id", value.strip(), 500)


def _text(sent: Mapping[str, Any], settings: IngestSettings) -> str:
    value = sent.get("text")
    if not isinstance(value, str):
        found = "is missing" if value is None else f"is {_kind(value)}"
        raise Refused("text_missing", "text", f"{found}.", "Send the message's words as a string.")
    if len(value) > settings.max_text:
        raise Refused("text_too_long", "text", f"has {len(value)} characters.", f"At most {settings.max_text}.")
    return _storable("text", value)


def _created_at(sent: Mapping[str, Any], arrival: Arrival, settings: IngestSettings) -> datetime:
    value = sent.get("created_at")
    if value is None:
        return arrival.received_at
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("created_at_unreadable", "created_at", f"is {_kind(value)}.", "Write 2026-05-01T12:30:00Z.")
    try:
        moment = parse_instant(str(value), naive_is_utc=not arrival.strict)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("created_at_unreadable", "created_at", f"{error}.") from error
    return _within_reach(moment, arrival, settings)


def _within_reach(moment: datetime, arrival: Arrival, settings: IngestSettings) -> datetime:
    latest = arrival.latest or arrival.received_at + settings.ahead
    if moment > latest:
        raise Refused(
            "created_at_in_future", "created_at", f"{moment:%Y-%m-%d} lies in the future.", "Check the clock."
        )
    if moment < settings.earliest:
        raise Refused("created_at_too_old", "created_at", f"{moment:%Y-%m-%d} is before {settings.min_year}.")
    return moment


def _author(sent: Mapping[str, Any]) -> Author | None:
    value = sent.get("author")
    followers = _count(sent, "followers")
    if value is None or value == "":
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        who = _bounded("author", str(value), 500)
        return Author(id=who, handle=who, followers=followers)
    if not isinstance(value, Mapping):
        raise Refused("author_unreadable", "author", f"is {_kind(value)}.", "Send a string or an object with an id.")
    return _author_object(value, followers)


def _author_object(value: Mapping[str, Any], followers: int | None) -> Author:
    known = ("id", "name", "handle", "followers")
    strange = next((name for name in value if name not in known), None)
    if strange is not None:
        raise Refused(
            "unknown_field", f"author.{strange}"[:80], "there is no such field.", f"Known: {', '.join(known)}."
        )
    who = _string(value, "id") or _string(value, "handle")
    if not who:
        raise Refused("author_unreadable", "author.id", "is missing.", "Send the platform's id of the author.")
    counted = _count(value, "followers")
    return Author(
        id=who,
        name=_string(value, "name"),
        handle=_string(value, "handle"),
        followers=followers if counted is None else counted,
    )


def _brand(sent: Mapping[str, Any], text: Folded, settings: IngestSettings) -> tuple[str, bool]:
    named = _string(sent, "brand")
    if named:
        _watched(named, settings)
        return named, True
    match = match_brand(text, settings.suspects)
    if match is None:
        raise Refused("no_brand", "brand", "is missing, and no watched brand is in the text.", "Name the brand.")
    return match.brand, match.addressed


def _watched(named: str, settings: IngestSettings) -> None:
    if named not in settings.by_name:
        near = get_close_matches(named, [brand.name for brand in settings.brands], n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else "Add it to the configuration."
        raise Refused("unknown_brand", "brand", f"{named[:80]!r} is not watched.", remedy)


def _string(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused("wrong_type", name, f"is {_kind(value)}, not a string.")
        value = str(value)
    return _bounded(name, value, 2_000)


def _count(sent: Mapping[str, Any], name: str) -> int | None:
    value = sent.get(name)
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value) if len(value) < 16 else -1
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise Refused("wrong_type", name, "is not a whole number of 0 or more.")
    return value


def _flag(sent: Mapping[str, Any], name: str, default: bool) -> bool:
    value = sent.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, str) and value.strip().lower() in ("true", "1", "false", "0"):
        return value.strip().lower() in ("true", "1")
    if not isinstance(value, bool):
        raise Refused("wrong_type", name, f"is {_kind(value)}, not true or false.")
    return value


def _bounded(name: str, value: str, longest: int) -> str:
    if len(value) > longest:
        raise Refused("too_long", name, f"has {len(value)} characters.", f"At most {longest}.")
    return _storable(name, value)


def _storable(name: str, value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Refused("invalid_unicode", name, "holds half a character (a lone surrogate).") from error
    return value.replace("\x00", "")


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)
