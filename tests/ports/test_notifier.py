"""What every notifier promises, on every notifier: webhook, e-mail, record."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import pytest
from notifier_receivers import HttpReceiver, MailReceiver, free_port

from backbone.embedded.clock import ReplayClock
from backbone.notifiers.email import EmailNotifier
from backbone.notifiers.record import RecordNotifier
from backbone.notifiers.webhook import WebhookNotifier, webhook_client
from backbone.ports import Notice, Notifier

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_notice(address: str, **fields: object) -> Notice:
    notice = Notice(
        page_id="page_1",
        person="anna",
        address=address,
        kind="critical",
        brand="zonnestroom",
        code="ZS-41",
        title="Kritiek bericht bij Zonnestroom",
        body="Iemand ruikt gas. / Someone smells gas.",
        url="https://webcare.example/incidents/inc_1",
        at=NOON,
        attempt=1,
        drill=False,
    )
    return msgspec.structs.replace(notice, **fields)


class House(Protocol):
    """A notifier and the other side, which can be told how to behave."""

    notifier: Notifier
    address: str
    refusals: bool
    """Whether the other side can refuse."""

    def answer(self, outcome: str) -> None:
        """The next answers are temporary or permanent refusals."""
        ...

    def keys(self) -> Sequence[str]:
        """What identifies each message that arrived."""
        ...


class WebhookHouse:
    refusals = True

    def __init__(self, receiver: HttpReceiver) -> None:
        self._receiver = receiver
        self.notifier = WebhookNotifier(webhook_client(), ReplayClock(NOON), allow_private=True)
        self.address = receiver.url("/page")

    def answer(self, outcome: str) -> None:
        self._receiver.answers({"temporary": 503, "permanent": 404}[outcome])

    def keys(self) -> Sequence[str]:
        return [request.headers["webhook-id"] for request in self._receiver.requests]


class MailHouse:
    refusals = True
    address = "anna@post.example"

    def __init__(self, receiver: MailReceiver) -> None:
        self._receiver = receiver
        self.notifier = EmailNotifier("127.0.0.1", receiver.port, "alarm@webcare.example", starttls=False)

    def answer(self, outcome: str) -> None:
        self._receiver.replies["RCPT"] = {"temporary": "451 later", "permanent": "550 unknown"}[outcome]

    def keys(self) -> Sequence[str]:
        return [mail["Message-ID"] for mail in self._receiver.mails]


class RecordHouse:
    refusals = False
    address = "anna"

    def __init__(self) -> None:
        self._kept: list[str] = []
        self.notifier = RecordNotifier(lambda _, key: self._kept.append(key))

    def answer(self, outcome: str) -> None:
        raise NotImplementedError

    def keys(self) -> Sequence[str]:
        return self._kept


@pytest.fixture(params=["webhook", "email", "record"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        built: House
        if request.param == "webhook":
            built = WebhookHouse(await stack.enter_async_context(HttpReceiver()))
        elif request.param == "email":
            built = MailHouse(await stack.enter_async_context(MailReceiver()))
        else:
            built = RecordHouse()
        stack.push_async_callback(built.notifier.close)
        yield built


async def test_what_the_other_side_took_is_accepted(house: House) -> None:
    delivery = await house.notifier.send(a_notice(house.address), "page_1")
    assert delivery.outcome == "accepted"
    assert delivery.detail
    assert len(house.keys()) == 1


async def test_the_same_key_may_be_sent_again_and_is_seen_as_the_same(house: House) -> None:
    for attempt in (1, 2):
        delivery = await house.notifier.send(a_notice(house.address, attempt=attempt), "page_1")
        assert delivery.outcome == "accepted"
    await house.notifier.send(a_notice(house.address), "page_2")
    first, again, other = house.keys()
    assert first == again != other


@pytest.mark.parametrize("outcome", ["temporary", "permanent"])
async def test_a_refusal_is_told_as_what_it_is(house: House, outcome: str) -> None:
    if not house.refusals:
        pytest.skip("nobody is there to refuse")
    house.answer(outcome)
    assert (await house.notifier.send(a_notice(house.address), "page_1")).outcome == outcome


@pytest.mark.parametrize(
    "change",
    [
        {"address": ""},
        {"address": "not an address\r\nX-Evil: 1"},
        {"address": "ftp://example"},
        {"address": "http://["},
        {"address": "http://\ud800/"},
        {"title": "a\r\nBcc: everybody@post.example\r\n\r\nb", "body": "\r\n.\r\nQUIT\r\n"},
        {"title": "", "body": "", "code": "", "url": None},
        {"title": "half \ud83d", "body": "half \ud83d"},
        {"title": "x" * 5000, "body": "y" * 50_000},
        {"person": "é", "page_id": "é\n"},
        {"secret": "no base64!"},
    ],
)
async def test_nothing_that_is_sent_makes_it_raise(house: House, change: dict[str, object]) -> None:
    notice = a_notice(**{"address": house.address, **change})  # type: ignore[arg-type]
    assert (await house.notifier.send(notice, "page_1")).outcome in ("accepted", "permanent")


@pytest.mark.parametrize("key", ["", "é\r\nX-Evil: 1", "x" * 5000, "\ud800"])
async def test_any_key_will_do_and_stays_the_same(house: House, key: str) -> None:
    for _ in range(2):
        assert (await house.notifier.send(a_notice(house.address), key)).outcome == "accepted"
    assert len(set(house.keys())) == 1


@pytest.mark.parametrize(
    "build",
    [
        lambda port: (
            WebhookNotifier(webhook_client(), ReplayClock(NOON), allow_private=True),
            f"http://127.0.0.1:{port}",
        ),
        lambda port: (EmailNotifier("127.0.0.1", port, "a@b.example", starttls=False), "anna@post.example"),
    ],
    ids=["webhook", "email"],
)
async def test_nobody_there_is_temporary(build: Callable[[int], tuple[Notifier, str]]) -> None:
    notifier, address = build(free_port())
    delivery = await notifier.send(a_notice(address), "page_1")
    await notifier.close()
    assert delivery.outcome == "temporary"
