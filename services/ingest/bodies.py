"""Reading a request's or a file's bytes without trusting them: size, compression, depth, encoding."""

import zlib
from collections.abc import AsyncIterator

import msgspec

from backbone.errors import BadInput

_DECODER = msgspec.json.Decoder()


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
            raise _too_large(limit)
    return bytes(body)


async def _gunzip(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    body, unzip = bytearray(), zlib.decompressobj(wbits=31)
    try:
        async for chunk in chunks:
            body += unzip.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or unzip.unconsumed_tail:
                raise _too_large(limit)
    except zlib.error as error:
        raise BadInput("The body is not whole gzip data.", code="bad_gzip") from error
    if not unzip.eof:
        raise BadInput("The gzip data ends too early.", code="bad_gzip", remedy="Send it again.")
    return bytes(body)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over {limit} bytes.", code="too_large", remedy="Send it in parts.")


def parse_json(body: bytes, max_depth: int) -> object:
    """The JSON value in `body`; raises BadInput (``empty``, ``invalid_utf8``, ``not_json``, ``too_deep``)."""
    if not body.strip():
        raise BadInput("There is nothing in the body.", code="empty", remedy="Send a mention, an array or NDJSON.")
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        value: object = _DECODER.decode(body)
    except RecursionError as error:
        raise _too_deep(max_depth) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"Byte {error.start} is not UTF-8.", code="invalid_utf8") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"This is not JSON: {error}.", code=_decode_code(body)) from error
    if _deeper(value, max_depth):
        raise _too_deep(max_depth)
    return value


def _decode_code(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    return "not_json"


def _too_deep(max_depth: int) -> BadInput:
    return BadInput(f"The JSON is nested over {max_depth} levels.", code="too_deep")


def _deeper(value: object, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [child for each in layer for child in _children(each)]
        if not layer:
            return False
    return any(isinstance(each, dict | list) for each in layer)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
