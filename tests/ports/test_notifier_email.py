"""E-mail: what is sent, what each reply means, and that a title cannot become a header."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_receivers import MailReceiver
from test_notifier import a_notice

from backbone.notifiers.email import EmailNotifier, compose
from backbone.ports import Delivery

SENDER = "Webcare <alarm@webcare.example>"
ANNA = "anna@post.example"


@pytest.fixture
async def receiver() -> AsyncIterator[MailReceiver]:
    async with MailReceiver() as opened:
        yield opened


async def send(receiver: MailReceiver, *, timeout_s: float = 5.0, **fields: object) -> Delivery:
    options = {name: fields.pop(name) for name in ("starttls", "user", "password") if name in fields}
    notifier = EmailNotifier(
        "127.0.0.1",
        receiver.port,
        SENDER,
        timeout_s=timeout_s,
        **{"starttls": False, **options},  # type: ignore[arg-type]
    )
    try:
        return await notifier.send(a_notice(**{"address": ANNA, **fields}), "page_1")  # type: ignore[arg-type]
    finally:
        await notifier.close()


async def test_a_mail_says_what_a_person_needs(receiver: MailReceiver) -> None:
    delivery = await send(receiver, title="Kritiek: café ontruimd 🚨", body="Iemand ruikt gas.\n.\nZe belt.")
    assert (delivery.outcome, delivery.ref) == ("accepted", "queued as 7F3A")
    (mail,) = receiver.mails
    assert mail["Subject"] == "Kritiek: café ontruimd 🚨"
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (SENDER, ANNA, "auto-generated")
    assert mail["Message-ID"].endswith("@webcare.example>")
    text = mail.get_content().replace("\r\n", "\n")
    assert text == "Iemand ruikt gas.\n.\nZe belt.\n\nhttps://webcare.example/incidents/inc_1\n\n[ZS-41]\n"
    assert all(byte < 128 for byte in receiver.sources[0])


async def test_a_title_cannot_become_a_header_or_a_recipient(receiver: MailReceiver) -> None:
    await send(
        receiver, title="Alarm\r\nBcc: everybody@post.example\r\n\r\n<b>", body="x\r\n.\r\nRCPT TO:<b@c.example>\r\n"
    )
    (mail,) = receiver.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Alarm Bcc: everybody@post.example <b>"
    assert receiver.recipients == [f"rcpt TO:<{ANNA}>"]


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_place(title: str, body: str, page_id: str) -> None:
    source = compose(a_notice(ANNA, title=title, body=body, page_id=page_id), SENDER, "page_1")
    head, _, _ = source.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Importance",
        "X-Webcare-Page",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }


def test_the_same_page_is_the_same_mail_to_the_byte() -> None:
    assert compose(a_notice(ANNA), SENDER, "page_1") == compose(a_notice(ANNA), SENDER, "page_1")
    assert compose(a_notice(ANNA), SENDER, "page_1") != compose(a_notice(ANNA), SENDER, "page_2")


@pytest.mark.parametrize(
    ("step", "reply", "outcome", "detail"),
    [
        ("CONNECT", "421 too busy", "temporary", "connect_421"),
        ("CONNECT", "554 no service", "permanent", "connect_554"),
        ("CONNECT", "", "temporary", "connection_lost"),
        ("CONNECT", "hello", "temporary", "connection_lost"),
        ("MAIL", "451 later", "temporary", "sender_451"),
        ("MAIL", "550 not you", "permanent", "sender_550"),
        ("RCPT", "450 greylisted", "temporary", "recipient_450"),
        ("RCPT", "550 unknown", "permanent", "recipient_550"),
        ("RCPT", "", "temporary", "connection_lost"),
        ("DATA", "452 disk full", "temporary", "refused_452"),
        ("DATA", "554 no", "permanent", "refused_554"),
        ("END", "451 try later", "temporary", "data_451"),
        ("END", "552 too large", "permanent", "data_552"),
        ("END", "", "temporary", "connection_lost"),
        ("QUIT", "", "accepted", "accepted"),
        ("QUIT", "...", "accepted", "accepted"),
    ],
)
async def test_every_reply_has_its_meaning(
    receiver: MailReceiver, step: str, reply: str, outcome: str, detail: str
) -> None:
    receiver.replies[step] = reply
    delivery = await send(receiver)
    assert (delivery.outcome, delivery.detail) == (outcome, detail)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "RCPT", "END"])
async def test_a_server_that_says_nothing_is_temporary(receiver: MailReceiver, step: str) -> None:
    receiver.replies[step] = "..."
    delivery = await send(receiver, timeout_s=0.2)
    assert (delivery.outcome, delivery.detail) == ("temporary", "timeout")


async def test_without_encryption_where_it_was_asked_for_nothing_is_sent(receiver: MailReceiver) -> None:
    delivery = await send(receiver, starttls=True)
    assert (delivery.outcome, delivery.detail) == ("permanent", "not_supported")
    assert receiver.recipients == []


async def test_a_server_that_cannot_encrypt_after_all_is_temporary(receiver: MailReceiver) -> None:
    receiver.extensions = ["STARTTLS"]
    receiver.replies["STARTTLS"] = "220 go on\r\nno tls here"
    delivery = await send(receiver, starttls=True)
    assert (delivery.outcome, delivery.detail) == ("temporary", "tls_failed")


@pytest.mark.parametrize(
    ("reply", "outcome"), [("235 welcome", "accepted"), ("535 wrong", "permanent"), ("454 later", "temporary")]
)
async def test_logging_in_is_tried_and_its_refusal_told(receiver: MailReceiver, reply: str, outcome: str) -> None:
    receiver.extensions = ["AUTH PLAIN"]
    receiver.replies["AUTH"] = reply
    assert (await send(receiver, user="alarm", password="geheim")).outcome == outcome


@pytest.mark.parametrize(
    "address",
    ["", "anna", "a b@c.example", "a@b\r\nRCPT TO:<x@y>", "é@post.example", "<a@b.example>", "a@b.example,c@d"],
)
async def test_what_is_no_mail_address_is_permanent(receiver: MailReceiver, address: str) -> None:
    assert await send(receiver, address=address) == Delivery(outcome="permanent", detail="bad_address")
    assert receiver.recipients == []
