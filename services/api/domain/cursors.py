"""Opaque cursors: where a list goes on, in a form that nobody is tempted to build."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from backbone.errors import BadInput

T = TypeVar("T")

_SAFE = 2**53
Whole = Annotated[int, msgspec.Meta(ge=-_SAFE, le=_SAFE)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Short = Annotated[str, msgspec.Meta(max_length=500)]

ITEM_CURSOR: msgspec.json.Decoder[tuple[int, str]] = msgspec.json.Decoder(tuple[Whole, Short])
PLACE_CURSOR: msgspec.json.Decoder[tuple[datetime, str]] = msgspec.json.Decoder(tuple[Instant, Short])
TEXT_CURSOR: msgspec.json.Decoder[str] = msgspec.json.Decoder(Short)


def encode_cursor(place: Any) -> str:
    """A cursor for `place`, made of plain values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: msgspec.json.Decoder[T]) -> T:
    """The place a cursor stands for; BadInput ``bad_cursor``."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return shape.decode(data)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        remedy = "Use `next` of the page before as it is, or leave it out to begin anew."
        raise BadInput("This cursor was not given out here.", code="bad_cursor", remedy=remedy) from error
