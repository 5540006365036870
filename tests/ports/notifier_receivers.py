"""The other side of a notifier: a real HTTP and a real mail server on this machine, which can be told to misbehave."""

import asyncio
import email
import email.policy
import socket
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import NamedTuple, Self

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Script = Callable[[Writer], Awaitable[None]]


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server:
    port: int

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._enter, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _enter(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(reader, writer))
        self._tasks.add(task)

    async def _guarded(self, reader: Reader, writer: Writer) -> None:
        try:
            await self.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def serve(self, reader: Reader, writer: Writer) -> None:
        raise NotImplementedError


def reset(writer: Writer) -> None:
    """End the connection with an RST."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


# --------------------------------------------------------------------------------------------------------- HTTP


class Request(NamedTuple):
    line: str
    headers: dict[str, str]
    body: bytes


class HttpReceiver(_Server):
    """Keeps requests, and answers as its script says (204 unless told otherwise)."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.requests: list[Request] = []
        self.script: Script
        self.answers(204)
        self.greeting = b""
        """Said instead of HTTP to whoever says anything; what they said first is kept in `first_bytes`."""
        self.first_bytes = b""

    def url(self, path: str = "/") -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}{path}"

    def answers(self, status: int, headers: str = "", body: bytes = b"") -> None:
        """Answer every request so."""
        self.sends(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body)

    def sends(self, data: bytes, then: Script | None = None) -> None:
        """Send these bytes, and then do `then`."""

        async def script(writer: Writer) -> None:
            writer.write(data)
            await writer.drain()
            if then is not None:
                await then(writer)

        self.script = script

    async def serve(self, reader: Reader, writer: Writer) -> None:
        if self.greeting:
            self.first_bytes = await reader.read(4096)
            writer.write(self.greeting)
            return
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Request(line, headers, body))
        await self.script(writer)


# --------------------------------------------------------------------------------------------------------- mail


class MailReceiver(_Server):
    """Speaks SMTP, keeps mails. `replies` replaces the answer to a command; ``""`` hangs up, ``"..."`` says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, str] = {}
        self.extensions: list[str] = []
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.sources: list[bytes] = []

    async def serve(self, reader: Reader, writer: Writer) -> None:
        await self._say(writer, "CONNECT", "220 ready")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ", 1)[0].upper()
            if verb == "RCPT":
                self.recipients.append(line)
            if verb == "EHLO":
                await self._say(
                    writer,
                    verb,
                    "\r\n".join(["250-post.example", *(f"250-{name}" for name in self.extensions), "250 HELP"]),
                )
            elif verb == "DATA":
                await self._say(writer, verb, "354 go on")
                self._keep(await reader.readuntil(b"\r\n.\r\n"))
                await self._say(writer, "END", "250 queued as 7F3A")
            else:
                await self._say(writer, verb, "250 ok")

    def _keep(self, source: bytes) -> None:
        self.sources.append(source)
        whole = source.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        message = email.message_from_bytes(whole, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)

    async def _say(self, writer: Writer, step: str, usual: str) -> None:
        reply = self.replies.get(step, usual)
        if reply == "":
            raise ConnectionResetError
        if reply == "...":
            await asyncio.Event().wait()
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()
