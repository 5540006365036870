"""Reading a request's or a file's bytes without trusting them: size, compression, depth, encoding."""

import re
import zlib
from collections.abc import AsyncIterator

import msgspec

from backbone.errors import BadInput

_DECODER = msgspec.json.Decoder()
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class TooLarge(BadInput):
    """More bytes than are taken."""


class WrongType(BadInput):
    """A content type or encoding that is not read here."""


async def read_body(chunks: AsyncIterator[bytes], encoding: str | None, limit: int) -> bytes:
    """The whole body, decompressed; never holds more than `limit` bytes plus one chunk."""
    if encoding in (None, "", "identity"):
        return await _plain(chunks, limit)
    if encoding == "gzip":
        return await _gunzip(chunks, limit)
    raise WrongType(f"Content-Encoding {encoding!r} is not read.", code="wrong_encoding", remedy="Send gzip or none.")


async def _plain(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def _gunzip(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    body, unzip = bytearray(), zlib.decompressobj(wbits=31)
    try:
        async for chunk in chunks:
            body += unzip.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or unzip.unconsumed_tail:
                raise too_large(limit)
    except zlib.error as error:
        raise BadInput("The body is not whole gzip data.", code="bad_gzip") from error
    if not unzip.eof:
        raise BadInput("The gzip data ends too early.", code="bad_gzip", remedy="Send it again.")
    return bytes(body)


def too_large(limit: int) -> TooLarge:
    """The refusal of a body over `limit` bytes."""
    return TooLarge(f"The body is over {limit} bytes.", code="too_large", remedy="Send it in parts.")


def parse_json(body: bytes, max_depth: int) -> object:
    """The JSON value in `body`; raises BadInput (``empty``, ``invalid_utf8``, ``not_json``, ``too_deep``)."""
    if _openings(body) <= max_depth:
        try:
            return _DECODER.decode(body)
        except (msgspec.MsgspecError, ValueError):
            pass  # what is wrong with it is found out below
    return parse_carefully(body, max_depth)


def parse_carefully(body: bytes, max_depth: int) -> object:
    """What `parse_json` says, without its short cut for what is plainly flat."""
    if not body.strip():
        raise BadInput("There is nothing in the body.", code="empty", remedy="Send a mention, an array or NDJSON.")
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"Byte {error.start} is not UTF-8.", code="invalid_utf8", remedy="Send UTF-8.") from error
    if deeper_than(body, max_depth):
        raise BadInput(f"The JSON is nested over {max_depth} levels.", code="too_deep", remedy="Send it flat.")
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadInput(f"This is not JSON: {error}.", code="not_json", remedy="Send JSON.") from error


def _openings(body: bytes) -> int:
    """Brackets that open, in strings too: nothing is nested deeper than this."""
    return body.count(b"[") + body.count(b"{")


def deeper_than(body: bytes, limit: int) -> bool:
    """True if arrays and objects in `body` are nested more than `limit` levels; brackets in strings do not count."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False
