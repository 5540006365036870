"""Webhooks: what is sent, what each answer means, and where they must never go."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_receivers import HttpReceiver, Writer, reset
from standardwebhooks.webhooks import Webhook
from test_notifier import NOON, a_notice

from backbone.embedded.clock import ReplayClock
from backbone.notifiers.addresses import is_public
from backbone.notifiers.webhook import WebhookNotifier, webhook_client
from backbone.ports import Delivery

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as opened:
        yield opened


async def send(
    address: str, key: str = "page_1", *, now: datetime = NOON, timeout_s: float = 5.0, **fields: object
) -> Delivery:
    notifier = WebhookNotifier(webhook_client(), ReplayClock(now), timeout_s=timeout_s, allow_private=True)
    try:
        return await notifier.send(a_notice(address, **fields), key)
    finally:
        await notifier.close()


# ------------------------------------------------------------------------------------------------ what is sent


async def test_the_body_says_what_a_person_needs_and_no_address_or_secret(receiver: HttpReceiver) -> None:
    await send(receiver.url("/hook?token=1"), secret=SECRET, drill=True, attempt=3)
    (request,) = receiver.requests
    assert request.line == "POST /hook?token=1 HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "page_id": "page_1",
        "code": "ZS-41",
        "kind": "critical",
        "brand": "zonnestroom",
        "person": "anna",
        "title": "Kritiek bericht bij Zonnestroom",
        "body": "Iemand ruikt gas. / Someone smells gas.",
        "url": "https://webcare.example/incidents/inc_1",
        "at": "2026-03-02T12:00:00Z",
        "attempt": 3,
        "drill": True,
    }


async def test_the_signature_is_that_of_standard_webhooks_for_every_secret(receiver: HttpReceiver) -> None:
    await send(receiver.url(), "page_7", now=datetime.now(UTC), secret=f"{SECRET} {OTHER_SECRET}")
    (request,) = receiver.requests
    assert request.headers["webhook-id"] == "page_7"
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(request.body, request.headers)
    assert request.headers["webhook-signature"].count("v1,") == 2


async def test_without_a_secret_nothing_is_signed(receiver: HttpReceiver) -> None:
    await send(receiver.url())
    assert "webhook-signature" not in receiver.requests[0].headers


async def test_a_retry_has_the_same_id_and_the_time_of_its_own(receiver: HttpReceiver) -> None:
    await send(receiver.url(), now=NOON)
    await send(receiver.url(), now=NOON + timedelta(minutes=2), attempt=2)
    first, second = (request.headers for request in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 120


async def test_cookies_of_a_receiver_are_not_sent_back(receiver: HttpReceiver) -> None:
    receiver.answers(204, "set-cookie: a=b\r\n")
    notifier = WebhookNotifier(webhook_client(), ReplayClock(NOON), allow_private=True)
    for _ in range(2):
        await notifier.send(a_notice(receiver.url()), "page_1")
    await notifier.close()
    assert "cookie" not in receiver.requests[1].headers


async def test_no_proxy_of_the_environment_is_asked(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await send(receiver.url())).outcome == "accepted"


# ---------------------------------------------------------------------------------------- what each answer means


@pytest.mark.parametrize(
    ("status", "outcome", "detail"),
    [
        (200, "accepted", "status_200"),
        (204, "accepted", "status_204"),
        (299, "accepted", "status_299"),
        (301, "permanent", "redirect"),
        (304, "permanent", "redirect"),
        (400, "permanent", "status_400"),
        (401, "permanent", "status_401"),
        (404, "permanent", "status_404"),
        (408, "temporary", "status_408"),
        (410, "permanent", "gone"),
        (425, "temporary", "status_425"),
        (429, "temporary", "status_429"),
        (500, "temporary", "status_500"),
        (503, "temporary", "status_503"),
        (599, "temporary", "status_599"),
    ],
)
async def test_only_a_2xx_is_accepted(receiver: HttpReceiver, status: int, outcome: str, detail: str) -> None:
    receiver.answers(status)
    assert await send(receiver.url()) == Delivery(outcome=outcome, detail=detail)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("120", "status_503 retry_after_s=120"),
        ("Mon, 02 Mar 2026 12:05:00 GMT", "status_503 retry_after_s=300"),
        ("Mon, 02 Mar 2020 12:05:00 GMT", "status_503 retry_after_s=0"),
        ("99999999999999999999", "status_503 retry_after_s=86400"),
        ("soon", "status_503"),
        ("-5", "status_503"),
    ],
)
async def test_when_to_come_back_is_told(receiver: HttpReceiver, header: str, detail: str) -> None:
    receiver.answers(503, f"retry-after: {header}\r\n")
    assert (await send(receiver.url())).detail == detail


async def test_a_redirect_is_not_followed_not_even_to_this_machine(receiver: HttpReceiver) -> None:
    async with HttpReceiver() as inner:
        receiver.answers(307, f"location: {inner.url('/admin')}\r\n")
        delivery = await send(receiver.url())
        assert (delivery.outcome, delivery.detail) == ("permanent", "redirect")
        assert inner.requests == []


async def _hang(_: Writer) -> None:
    await asyncio.Event().wait()


async def _dribble(writer: Writer) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _reset(writer: Writer) -> None:
    reset(writer)


@pytest.mark.parametrize(
    ("data", "then", "outcome", "detail"),
    [
        (b"", _hang, "temporary", "timeout"),
        (b"HTTP/1.1 20", _hang, "temporary", "timeout"),
        (b"", _reset, "temporary", "connection_lost"),
        (b"", None, "temporary", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", None, "temporary", "connection_lost"),
        (b"220 smtp.example ready\r\n", None, "temporary", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000, None, "temporary", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", _hang, "accepted", "status_200"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nok", _reset, "accepted", "status_200"),
        (b"HTTP/1.1 200 OK\r\n\r\n", _dribble, "accepted", "status_200"),
        (b"HTTP/1.1 500 X\r\n\r\n", _dribble, "temporary", "status_500"),
    ],
)
async def test_whatever_happens_to_the_connection_has_a_name(
    receiver: HttpReceiver, data: bytes, then: object, outcome: str, detail: str
) -> None:
    receiver.sends(data, then)  # type: ignore[arg-type]
    delivery = await send(receiver.url(), timeout_s=0.3 if detail == "timeout" else 5.0)
    assert (delivery.outcome, delivery.detail) == (outcome, detail)


async def test_an_answer_that_was_lost_is_sent_again_with_the_same_id(receiver: HttpReceiver) -> None:
    receiver.sends(b"", _reset)
    assert (await send(receiver.url(), "page_9")).outcome == "temporary"
    receiver.answers(200)
    assert (await send(receiver.url(), "page_9", attempt=2)).outcome == "accepted"
    assert [request.headers["webhook-id"] for request in receiver.requests] == ["page_9", "page_9"]


async def test_a_secret_that_is_none_is_permanent_and_nothing_is_sent(receiver: HttpReceiver) -> None:
    assert (await send(receiver.url(), secret="whsec_é")).detail == "bad_secret"
    assert receiver.requests == []


# --------------------------------------------------------------------------------------- where it must never go


class Resolver:
    """Says what it is told, call by call, and remembers what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def guarded(address: str, *answers: Sequence[str], allow_private: bool = False) -> tuple[Delivery, Resolver]:
    resolver = Resolver(*answers)
    notifier = WebhookNotifier(
        webhook_client(), ReplayClock(NOON), timeout_s=5, allow_private=allow_private, resolve=resolver
    )
    try:
        return await notifier.send(a_notice(address), "page_1"), resolver
    finally:
        await notifier.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2001:0:7f00:1::1",
        "2002:7f00:1::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "5f00::1",
        "not an address",
        "",
    ],
)
async def test_an_address_that_is_not_public_is_never_called(address: str) -> None:
    assert not is_public(address)
    delivery, _ = await guarded("http://pager.example/", ["93.184.215.14", address])
    assert delivery == Delivery(outcome="permanent", detail="private_address")


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.text(max_size=40) | st.ip_addresses().map(str))
def test_any_text_is_judged_without_raising(text: str) -> None:
    assert is_public(text) in (True, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127.1", "2130706433"])
async def test_no_spelling_of_this_machine_gets_through(receiver: HttpReceiver, host: str) -> None:
    notifier = WebhookNotifier(webhook_client(), ReplayClock(NOON))
    delivery = await notifier.send(a_notice(f"http://{host}:{receiver.port}/"), "page_1")
    await notifier.close()
    assert delivery.outcome == "permanent"
    assert receiver.requests == []


async def test_a_name_is_resolved_once_and_the_checked_address_is_called(receiver: HttpReceiver) -> None:
    """A name that points elsewhere the second time (rebinding) is not asked a second time."""
    delivery, resolver = await guarded(
        f"http://pager.example:{receiver.port}/", ["127.0.0.1"], ["10.0.0.1"], allow_private=True
    )
    assert delivery.outcome == "accepted"
    assert resolver.asked == [("pager.example", receiver.port)]
    assert receiver.requests[0].headers["host"] == f"pager.example:{receiver.port}"


async def test_rebinding_to_this_machine_after_the_check_reaches_nobody(receiver: HttpReceiver) -> None:
    """The first answer is the only one that counts: what the name says later is never used."""
    delivery, resolver = await guarded(f"http://pager.example:{receiver.port}/", ["10.0.0.1"], ["127.0.0.1"])
    assert delivery.detail == "private_address"
    assert len(resolver.asked) == 1
    assert receiver.requests == []


async def test_where_the_first_address_is_dead_the_next_is_called(receiver: HttpReceiver) -> None:
    delivery, _ = await guarded(
        f"http://pager.example:{receiver.port}/", ["127.0.0.2", "127.0.0.1"], allow_private=True
    )
    assert delivery.outcome == "accepted"


@pytest.mark.parametrize("answer", [(), OSError("no such host")])
async def test_a_name_nobody_knows_is_temporary(answer: Sequence[str] | OSError) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if isinstance(answer, OSError):
            raise answer
        return answer

    notifier = WebhookNotifier(webhook_client(), ReplayClock(NOON), resolve=resolve)
    delivery = await notifier.send(a_notice("https://pager.example/"), "page_1")
    await notifier.close()
    assert delivery == Delivery(outcome="temporary", detail="name_unknown")


@pytest.mark.parametrize(
    "url", ["", "/path", "ftp://pager.example/", "file:///etc/passwd", "http://", "http://[", "http://a b/", "x"]
)
async def test_what_is_no_web_address_is_permanent(url: str) -> None:
    delivery, resolver = await guarded(url, ["127.0.0.1"], allow_private=True)
    assert delivery == Delivery(outcome="permanent", detail="bad_url")
    assert resolver.asked == []


async def test_encryption_is_agreed_with_the_name_and_not_the_address(receiver: HttpReceiver) -> None:
    """A server that does not speak TLS stands for every failure to agree on it: temporary, and named."""
    receiver.greeting = b"no tls here\r\n"
    delivery, _ = await guarded(f"https://pager.example:{receiver.port}/", ["127.0.0.1"], allow_private=True)
    assert delivery == Delivery(outcome="temporary", detail="tls_failed")
    assert b"pager.example" in receiver.first_bytes
