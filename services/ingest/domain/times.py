"""Reading instants as people and platforms write them."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_EPOCH = re.compile(r"\d{9,13}(\.\d+)?")
_TWITTER = "%a %b %d %H:%M:%S %z %Y"


def parse_instant(written: str, *, naive_is_utc: bool = False) -> datetime:
    """An instant in UTC from ISO 8601, e-mail, old Twitter or epoch form (seconds, or milliseconds from 12 digits).

    Raises ValueError with a plain sentence. Without an offset it is refused, unless `naive_is_utc`.
    """
    text = written.strip()
    moment = _read(text)
    if moment.tzinfo is None:
        if not naive_is_utc:
            raise ValueError("has no offset; add Z or an offset such as +02:00")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _read(text: str) -> datetime:
    if text[4:5] != "-" and _EPOCH.fullmatch(text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, tz=UTC)
    for read in (datetime.fromisoformat, _twitter, parsedate_to_datetime):
        try:
            return read(text)
        except (ValueError, IndexError, TypeError):
            continue
    raise ValueError("is not a time; write it as 2026-05-01T12:30:00Z")


def _twitter(text: str) -> datetime:
    return datetime.strptime(text, _TWITTER)  # noqa: DTZ007 - the format holds %z
