"""The way to Elasticsearch: one client, answers as bytes, and every failure as one of ours.

What the server says of a document may quote it, so only the names of its errors go into ours.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec
from elastic_transport import ConnectionTimeout, Serializer, TlsError, TransportError
from elasticsearch import ApiError, AsyncElasticsearch

from backbone.distributed.connections import Elastic
from backbone.errors import Backpressure, BadInput, Unavailable

REQUEST_TIMEOUT_S = 30.0
RETRY_AFTER_S = 2.0

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_encode = msgspec.json.Encoder().encode


class _AsBytes(Serializer):
    """Bodies go and come as bytes: msgspec reads and writes them, typed, and several times as fast."""

    def loads(self, data: bytes) -> bytes:
        return data

    def dumps(self, data: bytes) -> bytes:
        return data


class Refusal(Exception):
    """The server understood and said no: its status and the name of its error."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(f"{status} {kind}")
        self.status = status
        self.kind = kind


class Server:
    """See the module. Raises Unavailable, Backpressure, and `Refusal` for what the caller must judge."""

    def __init__(self, connection: Elastic) -> None:
        if not _PREFIX.fullmatch(connection.prefix):
            raise BadInput(
                f"WEBCARE_ELASTICSEARCH_PREFIX is {connection.prefix!r}.",
                code="bad_setting",
                remedy="Write small letters, digits, dots, dashes and underscores, a letter or digit first.",
            )
        # Its debug lines hold whole bodies, which are what people wrote.
        logging.getLogger("elastic_transport").setLevel(logging.ERROR)
        self._connection = connection
        self._client = _client(connection)
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        await self._client.close()

    async def ask(self, method: str, path: str, body: Any = None, **params: str) -> bytes:
        """One request with a JSON body."""
        return await self._send(method, path, None if body is None else _encode(body), _JSON, params)

    async def bulk(self, lines: bytes, **params: str) -> bytes:
        """One bulk request."""
        return await self._send("POST", "/_bulk", lines, _NDJSON, params)

    async def _send(self, method: str, path: str, body: bytes | None, kind: str, params: Mapping[str, str]) -> bytes:
        if self._closed:
            raise Unavailable("The archive is closed.", code="closed")
        headers = {"accept": _JSON} if body is None else {"accept": _JSON, "content-type": kind}
        try:
            answer = await self._client.perform_request(method, path, params=params, headers=headers, body=body)
        except ApiError as error:
            self._refused(error)
        except TransportError as error:
            self._away(error)
        raw: bytes = answer.body
        return raw

    def _refused(self, error: ApiError) -> NoReturn:
        status, kind = error.meta.status, _kind(error.body)
        if status == 401 or (status == 403 and kind == "security_exception"):
            raise self.not_admitted(status) from None
        if status == 429:
            raise busy() from None
        if status == 406 or kind == "media_type_header_exception":
            raise wrong_version("one that does not speak version 8") from None
        if status >= 500:
            raise Unavailable(
                f"Elasticsearch answers {status} {kind}.", code="archive_unwell", remedy="Look at its cluster health."
            ) from None
        raise Refusal(status, kind) from None

    def _away(self, error: TransportError) -> NoReturn:
        where = ", ".join(self._connection.urls)
        if isinstance(error, ConnectionTimeout):
            raise Backpressure(
                f"Elasticsearch at {where} did not answer within {REQUEST_TIMEOUT_S:g} s.",
                retry_after_s=RETRY_AFTER_S,
                code="archive_slow",
            ) from None
        if isinstance(error, TlsError):
            raise Unavailable(
                f"The certificate of Elasticsearch at {where} is not trusted.",
                code="untrusted_certificate",
                remedy="Name the file of its authority in WEBCARE_ELASTICSEARCH_CA.",
            ) from None
        raise Unavailable(
            f"Elasticsearch at {where} is away.",
            code="archive_away",
            remedy="Start it, or put WEBCARE_ELASTICSEARCH right.",
        ) from None

    def not_admitted(self, status: int) -> Unavailable:
        """The answer to 401 and 403, naming the setting that is wrong."""
        if self._connection.api_key:
            setting = "WEBCARE_ELASTICSEARCH_API_KEY"
        elif self._connection.user:
            setting = "WEBCARE_ELASTICSEARCH_USER and WEBCARE_ELASTICSEARCH_PASSWORD"
        else:
            setting = "WEBCARE_ELASTICSEARCH_API_KEY, or _USER and _PASSWORD"
        what = "does not know us" if status == 401 else "does not allow us this"
        return Unavailable(f"Elasticsearch {what} ({status}).", code="not_admitted", remedy=f"Check {setting}.")


def _client(connection: Elastic) -> AsyncElasticsearch:
    as_bytes = _AsBytes()
    kinds = (_JSON, _NDJSON, "application/vnd.elasticsearch+json", "application/vnd.elasticsearch+x-ndjson")
    settings: dict[str, Any] = {
        "serializers": dict.fromkeys((*kinds, "text/*", "application/*"), as_bytes),
        "request_timeout": REQUEST_TIMEOUT_S,
        # Another node is tried where one is away; all other waiting is ours to do.
        "max_retries": len(connection.urls) - 1,
        "retry_on_status": (),
        "retry_on_timeout": False,
    }
    if connection.ca:
        settings["ca_certs"] = str(connection.ca)
    if connection.api_key:
        settings["api_key"] = connection.api_key
    elif connection.user:
        settings["basic_auth"] = (connection.user, connection.password)
    try:
        return AsyncElasticsearch(list(connection.urls), **settings)
    except ssl.SSLError as error:
        raise BadInput(
            f"{connection.ca} holds no certificate.",
            code="bad_setting",
            remedy="Name a PEM file in WEBCARE_ELASTICSEARCH_CA.",
        ) from error
    except ValueError as error:
        raise BadInput(
            "WEBCARE_ELASTICSEARCH is no list of addresses.", code="bad_setting", remedy="Write http(s)://host:port."
        ) from error


class _Cause(msgspec.Struct):
    type: str = "unknown"


class _Answer(msgspec.Struct):
    error: _Cause | str = "unknown"


def _kind(body: object) -> str:
    """The name of the error in an answer; ``unknown`` for what is none of Elasticsearch's."""
    try:
        error = msgspec.json.decode(body if isinstance(body, bytes) else b"", type=_Answer).error
    except msgspec.DecodeError:
        return "unknown"
    return error.type if isinstance(error, _Cause) else "unknown"


def busy() -> Backpressure:
    """The answer to 429."""
    return Backpressure("Elasticsearch has more to do than it takes.", retry_after_s=RETRY_AFTER_S, code="archive_busy")


def wrong_version(found: str) -> Unavailable:
    """The refusal of a server that is not of version 8."""
    return Unavailable(
        f"The server of the archive is {found}; this client needs Elasticsearch 8.",
        code="wrong_version",
        remedy="Point WEBCARE_ELASTICSEARCH at a server of version 8.",
    )
