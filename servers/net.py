"""Ports, and the questions that tell whether a server answers."""

import base64
import http.client
import json
import random
import socket
import ssl
import struct
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
_BELOW_EPHEMERAL = (20_000, 32_000)
_QUESTION_S = 2.0
_ANSWER_S = 5.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, outside the range that clients are given, so they stay free across restarts."""
    found = set[int]()
    while len(found) < count:
        port = random.SystemRandom().randrange(*_BELOW_EPHEMERAL)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((LOOPBACK, port))
            except OSError:
                continue
        found.add(port)
    return sorted(found)


def kafka_nodes(port: int) -> set[int]:
    """The ids of the brokers that the broker on this port knows as alive; none if it does not answer."""
    question = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)  # Metadata v1, about no topic
    try:
        with socket.create_connection((LOOPBACK, port), _QUESTION_S) as connection:
            connection.sendall(struct.pack(">i", len(question)) + question)
            (size,) = struct.unpack(">i", _exactly(connection, 4))
            return _broker_ids(_exactly(connection, size))
    except OSError:
        return set()


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def _broker_ids(answer: bytes) -> set[int]:
    (count,) = struct.unpack_from(">i", answer, 4)
    ids, at = set[int](), 8
    for _ in range(count):
        node, host = struct.unpack_from(">ih", answer, at)
        (rack,) = struct.unpack_from(">h", answer, at + 6 + host + 4)
        at += 6 + host + 4 + 2 + max(rack, 0)
        ids.add(node)
    return ids


def ask(
    url: str, *, user: str = "", password: str = "", ca: Path | None = None, body: Mapping[str, object] | None = None
) -> tuple[int, bytes]:
    """Status and body of a GET, or of a POST of `body`; status 0 if nobody answers."""
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json"}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = _connection(parts.scheme, parts.hostname or LOOPBACK, parts.port, ca)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request("GET" if sent is None else "POST", f"{parts.path}?{parts.query}", sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, ca: Path | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    return http.client.HTTPSConnection(host, port, timeout=_ANSWER_S, context=ssl.create_default_context(cafile=ca))
