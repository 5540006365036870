"""Pages as HTTP requests, by the Standard Webhooks conventions."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal

import httpx
import msgspec
from standardwebhooks.webhooks import Webhook

from backbone.ids import derive
from backbone.notifiers.addresses import Resolve, is_public, system_resolve
from backbone.ports import Clock, Delivery, Notice, Notifier

TIMEOUT_S = 10.0
MOST_ADDRESSES = 3
LONGEST_RETRY_AFTER_S = 86_400
_SLOW_DOWN = frozenset({408, 425, 429})
_SENT = ("page_id", "code", "kind", "brand", "person", "title", "body", "url", "at", "attempt", "drill")
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_PLAIN_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class _Refused(Exception):
    """This address is not called, for a named reason."""

    def __init__(self, outcome: Literal["temporary", "permanent"], detail: str) -> None:
        super().__init__(detail)
        self.delivery = Delivery(outcome=outcome, detail=detail)


def webhook_client() -> httpx.AsyncClient:
    """A client as `WebhookNotifier` needs it: no proxy from the environment, no redirects, no cookies kept."""
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_S, cookies=no_cookies)


class WebhookNotifier(Notifier):
    """POSTs a notice as JSON. Owns `client`.

    Headers: ``webhook-id`` (the idempotency key, the same over repeats), ``webhook-timestamp`` (of this try) and,
    where the address has a secret, ``webhook-signature`` (v1; several secrets, parted by spaces, give several).

    A 2xx is accepted. A redirect, 410 and other 4xx are permanent; 408, 425, 429, 5xx and everything that happens to
    a connection are temporary. The answer's body is never read, so nobody can hold us with one.

    Unless `allow_private`, only public addresses are called. The name is resolved once, and the connection goes to
    the address that was checked, with the name in Host and TLS: a name that changes in between gains nothing.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
        allow_private: bool = False,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._resolve = resolve

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(notice, idempotency_key)
        except _Refused as refused:
            return refused.delivery
        except httpx.InvalidURL:
            return Delivery(outcome="permanent", detail="bad_url")
        except (TimeoutError, httpx.TimeoutException):
            return Delivery(outcome="temporary", detail="timeout")
        except httpx.ConnectError as error:
            tls = isinstance(_root(error), ssl.SSLError)
            return Delivery(outcome="temporary", detail="tls_failed" if tls else "connect_failed")
        except (httpx.HTTPError, OSError):
            return Delivery(outcome="temporary", detail="connection_lost")

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, notice: Notice, key: str) -> Delivery:
        url = _read_url(notice.address)
        content = _body(notice)
        headers = self._headers(notice.secret, key, content)
        addresses = await self._checked(url)
        for address in addresses[:-1]:
            try:
                return await self._post(url, address, headers, content)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post(url, addresses[-1], headers, content)

    async def _checked(self, url: httpx.URL) -> Sequence[str]:
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        try:
            addresses = await self._resolve(url.raw_host.decode("ascii"), port)
        except (OSError, UnicodeError) as error:
            raise _Refused("temporary", "name_unknown") from error
        if not addresses:
            raise _Refused("temporary", "name_unknown")
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise _Refused("permanent", "private_address")
        return addresses[:MOST_ADDRESSES]

    async def _post(self, url: httpx.URL, address: str, headers: dict[str, str], content: bytes) -> Delivery:
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            headers={**headers, "host": url.netloc.decode("ascii")},
            content=content,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            return _read_answer(response, self._clock.now())
        finally:
            await response.aclose()

    def _headers(self, secret: str | None, key: str, content: bytes) -> dict[str, str]:
        message_id = key if _PLAIN_KEY.fullmatch(key) else derive("msg", key)
        now = self._clock.now().astimezone(UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "webcare",
            # One address may serve many names: a connection that was opened for one must not carry another's request.
            "connection": "close",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if secret:
            headers["webhook-signature"] = _signatures(secret, message_id, now, content)
        return headers


def _read_url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except UnicodeError as error:
        raise _Refused("permanent", "bad_url") from error
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(url.raw_host):
        raise _Refused("permanent", "bad_url")
    return url


def _body(notice: Notice) -> bytes:
    fields = {name: getattr(notice, name) for name in _SENT}
    try:
        return msgspec.json.encode(fields)
    except UnicodeEncodeError as error:
        raise _Refused("permanent", "not_unicode") from error


def _signatures(secret: str, message_id: str, now: datetime, content: bytes) -> str:
    try:
        return " ".join(Webhook(each).sign(message_id, now, content.decode()) for each in secret.split())
    except (ValueError, RuntimeError) as error:
        raise _Refused("permanent", "bad_secret") from error


def _read_answer(response: httpx.Response, now: datetime) -> Delivery:
    status = response.status_code
    detail = f"status_{status}"
    if 200 <= status < 300:
        return Delivery(outcome="accepted", detail=detail)
    if 300 <= status < 400:
        return Delivery(outcome="permanent", detail="redirect")
    if status in _SLOW_DOWN or status >= 500:
        wait = _retry_after_s(response.headers.get("retry-after"), now)
        return Delivery(outcome="temporary", detail=detail if wait is None else f"{detail} retry_after_s={wait}")
    return Delivery(outcome="permanent", detail="gone" if status == 410 else detail)


def _retry_after_s(header: str | None, now: datetime) -> int | None:
    """Seconds to wait, from either form of the header; None where there is none that can be read."""
    if header is None:
        return None
    try:
        wait = float(header) if header.strip().isdecimal() else _seconds_until(header, now)
    except (ValueError, OverflowError):
        return None
    return int(min(max(wait, 0), LONGEST_RETRY_AFTER_S))


def _seconds_until(header: str, now: datetime) -> float:
    until = parsedate_to_datetime(header)
    return (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _root(error: BaseException) -> BaseException:
    inner = error.__cause__ or error.__context__
    return error if inner is None else _root(inner)
