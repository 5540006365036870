"""Pages as e-mail, through the operator's own mail server."""

import asyncio
import re
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import partial

from backbone.ids import derive
from backbone.ports import Delivery, Notice, Notifier

TIMEOUT_S = 10.0
SENDERS = 4
LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")


class _Refused(Exception):
    """The server said no, with a reply code."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(step)
        self.delivery = Delivery(outcome="permanent" if code >= 500 else "temporary", detail=f"{step}_{code}")


class EmailNotifier(Notifier):
    """Sends a notice as plain text. At most `SENDERS` at a time, each on a connection of its own.

    A reply of 5xx is permanent, 4xx and everything that happens to a connection is temporary, and only the server's
    250 after the text is accepted (``ref`` is what it said). The Message-ID comes from the idempotency key, so mail
    programs and servers fold a repeat. Without `starttls` text and password travel in the open: for a server on
    this machine only.
    """

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        starttls: bool = True,
        user: str | None = None,
        password: str | None = None,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._starttls = starttls
        self._login = (user, password) if user and password else None
        self._timeout_s = timeout_s
        self._tls = tls or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(SENDERS, thread_name_prefix="email")

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        if not _ADDRESS.fullmatch(notice.address):
            return Delivery(outcome="permanent", detail="bad_address")
        client = _Client(self._host, _domain(self._sender), self._timeout_s)
        content = compose(notice, self._sender, idempotency_key)
        work = partial(self._attempt, client, notice.address, content)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            return Delivery(outcome="temporary", detail="timeout")
        finally:
            _hang_up(client)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)

    def _attempt(self, client: smtplib.SMTP, address: str, content: bytes) -> Delivery:
        try:
            return self._converse(client, address, content)
        except _Refused as refused:
            return refused.delivery
        except smtplib.SMTPNotSupportedError:
            return Delivery(outcome="permanent", detail="not_supported")
        except smtplib.SMTPResponseException as error:
            return _Refused("refused", error.smtp_code).delivery
        except ssl.SSLError:
            return Delivery(outcome="temporary", detail="tls_failed")
        except TimeoutError:
            return Delivery(outcome="temporary", detail="timeout")
        except (OSError, smtplib.SMTPException, ValueError):
            return Delivery(outcome="temporary", detail="connection_lost")
        finally:
            client.close()

    def _converse(self, client: smtplib.SMTP, address: str, content: bytes) -> Delivery:
        _expect("connect", client.connect(self._host, self._port))
        client.ehlo_or_helo_if_needed()
        if self._starttls:
            client.starttls(context=self._tls)
            client.ehlo_or_helo_if_needed()
        if self._login is not None:
            client.login(*self._login)
        _expect("sender", client.mail(self._sender))
        _expect("recipient", client.rcpt(address))
        said = _expect("data", client.data(content))
        with suppress(OSError, smtplib.SMTPException):
            client.putcmd("quit")  # its answer matters no more
        return Delivery(outcome="accepted", detail="accepted", ref=said)


class _Client(smtplib.SMTP):
    """Not connected yet: so that the conversation can be ended from outside from its first moment."""

    def __init__(self, host: str, own_name: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, local_hostname=own_name)
        # STARTTLS checks the certificate against this name; without a connection it would stay empty.
        self._host = host


def compose(notice: Notice, sender: str, key: str) -> bytes:
    """The mail, the same to the byte for the same notice and key."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = sender
    message["To"] = notice.address
    message["Subject"] = _one_line(notice.title)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{derive('page', key)}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Importance"] = "high"
    message["X-Webcare-Page"] = _one_line(notice.page_id)
    parts = [notice.body, *([notice.url] if notice.url else []), f"[{notice.code}]"]
    message.set_content("\n\n".join(parts).encode("utf-8", "replace").decode() + "\n")
    return message.as_bytes()


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def _one_line(text: str) -> str:
    return _NOT_PRINTED.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def _expect(step: str, reply: tuple[int, bytes]) -> str:
    code, said = reply
    if code < 100:
        raise smtplib.SMTPServerDisconnected("no reply code")
    if not 200 <= code < 300:
        raise _Refused(step, code)
    return _one_line(said.decode("utf-8", "replace"))[:LONGEST_SUBJECT]


def _hang_up(client: smtplib.SMTP) -> None:
    """End the conversation from outside, so that a server that dribbles cannot keep the thread."""
    connection = client.sock
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
