"""Servers that many share: given by the environment, kept by `make servers`, or started for a run."""

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from servers import docker
from servers.certificates import Access
from servers.elastic import Elastic
from servers.errors import ServerTrouble
from servers.kafka import Kafka
from servers.net import LOOPBACK, ask, free_ports, kafka_nodes
from servers.postgres import Postgres
from servers.process import identify, wait_until, write_json
from servers.programs import console
from servers.run import Run, locked, runs_folder

_CONTAINER_READY_S = 180.0
_KEPT_ANSWERS_S = 5.0
"""A busy machine is no dead server."""
_SET = "set"
_ADDRESSES = "addresses.json"


class Kind(StrEnum):
    """What there is one of."""

    KAFKA = "kafka"
    POSTGRES = "postgres"
    ELASTICSEARCH = "elasticsearch"

    @property
    def variable(self) -> str:
        """The environment variable that names a server to use instead of starting one."""
        return f"WEBCARE_TEST_{self.upper()}"


class Begun(NamedTuple):
    """A server on its way."""

    address: str
    await_ready: Callable[[], None]


def answers(kind: Kind, address: str) -> bool:
    """Whether somebody serves there."""
    if kind is Kind.KAFKA:
        return bool(kafka_nodes(int(address.split(",")[0].rpartition(":")[2])))
    if kind is Kind.ELASTICSEARCH:
        return ask(f"{address}/_cluster/health?wait_for_status=yellow&timeout=1s")[0] == 200
    parts = urlsplit(address)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port), 2.0) as connection:
        connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # asks for TLS: S or N comes from a server that is up
        return connection.recv(1) in (b"S", b"N")
    return False


def address_of(kind: Kind, variables: Mapping[str, str] = os.environ) -> str:
    """Where it is: as the environment says, else in the kept set, else started for the current run and shared by it."""
    if given := variables.get(kind.variable):
        return given
    if kept := kept_addresses().get(kind):
        return kept

    def start() -> str:
        begun = begin(kind, Run.current())
        begun.await_ready()
        return begun.address

    return str(once(kind, start))


def cluster() -> Kafka:
    """Three nodes, shared by the current run: kill none of them."""

    def start() -> str:
        made = Kafka(nodes=3)
        made.start()
        return str(made.folder)

    return Kafka(folder=Path(once("cluster", start)))


def secure_kafka() -> Access:
    """The door of a Kafka that asks for TLS and SCRAM-SHA-512, shared by the current run."""

    def start() -> str:
        made = Kafka(secure=True)
        made.start()
        return _written(made.access)

    return _read(once("secure-kafka", start))


def secure_postgres() -> Access:
    """A PostgreSQL that asks for TLS and a password, shared by the current run."""

    def start() -> str:
        made = Postgres(secure=True)
        made.start()
        return _written(made.access)

    return _read(once("secure-postgres", start))


def secure_elastic() -> Access:
    """An Elasticsearch that asks for TLS and a user or an API key, shared by the current run."""

    def start() -> str:
        made = Elastic(secure=True)
        made.start()
        return _written(made.make_api_key())

    return _read(once("secure-elastic", start))


def once(name: str, start: Callable[[], str]) -> str:
    """What `start` returned to the first process of the run that asked; a failure is everybody's too."""
    folder = Run.current().folder
    with locked(folder / f"{name}.lock"):
        done, failed = folder / f"{name}.json", folder / f"{name}.failed"
        if failed.exists():
            raise ServerTrouble(failed.read_text(encoding="utf-8"))
        if not done.exists():
            try:
                write_json(done, start())
            except ServerTrouble as trouble:
                failed.write_text(str(trouble), encoding="utf-8")
                raise
        return str(json.loads(done.read_text(encoding="utf-8")))


def begin(kind: Kind, run: Run) -> Begun:
    """Start it, as a container where an engine answers, and do not wait."""
    if docker.engine_answers():
        return _begin_container(kind, run)
    if kind is Kind.KAFKA:
        kafka = Kafka(folder=run.new_folder(kind))
        kafka.launch()
        return Begun(kafka.bootstrap, kafka.await_ready)
    server = Postgres(folder=run.new_folder(kind)) if kind is Kind.POSTGRES else Elastic(folder=run.new_folder(kind))
    server.launch()
    return Begun(server.url, server.await_ready)


def _begin_container(kind: Kind, run: Run) -> Begun:
    (port,) = free_ports(1)
    arguments, address = {
        Kind.KAFKA: (docker.kafka_arguments, f"{LOOPBACK}:{port}"),
        Kind.POSTGRES: (docker.postgres_arguments, f"postgresql://postgres@{LOOPBACK}:{port}/postgres"),
        Kind.ELASTICSEARCH: (docker.elastic_arguments, f"http://{LOOPBACK}:{port}"),
    }[kind]
    docker.run_container(arguments(port), run.folder / f"{kind}.container")

    def await_ready() -> None:
        if not wait_until(lambda: answers(kind, address), _CONTAINER_READY_S):
            raise ServerTrouble(f"The container of {kind} is not ready after {_CONTAINER_READY_S:.0f} s.")

    return Begun(address, await_ready)


def kept_addresses() -> dict[Kind, str]:
    """Those of the kept set that answer."""
    try:
        written = json.loads((_set().folder / _ADDRESSES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    kept = {Kind(name): str(address) for name, address in written.items()}
    return {kind: address for kind, address in kept.items() if _answers_soon(kind, address)}


def _answers_soon(kind: Kind, address: str) -> bool:
    return wait_until(lambda: answers(kind, address), _KEPT_ANSWERS_S)


def start_set(variables: Mapping[str, str] = os.environ) -> dict[Kind, str]:
    """Addresses of all three, which stay until `stop_set`; what the environment names is not started."""
    given = {kind: variables[kind.variable] for kind in Kind if variables.get(kind.variable)}
    with _set_locked():
        kept = kept_addresses()
        if len({**kept, **given}) < len(Kind):
            _set().stop()
            kept = _start([kind for kind in Kind if kind not in given])
    return {kind: given.get(kind) or kept[kind] for kind in Kind}


def stop_set() -> bool:
    """Stop the kept set and take its data away; False if there was none."""
    with _set_locked():
        there = _set().folder.exists()
        _set().stop()
    return there


def _start(kinds: list[Kind]) -> dict[Kind, str]:
    owner = identify(os.getpid())
    if not owner:
        raise ServerTrouble("This process is not to be found in /proc.", "The tool needs Linux.")
    run = Run.named(_set().folder, owner)
    try:
        begun = {kind: begin(kind, run) for kind in kinds}
        for kind, each in begun.items():
            with console.status(f"waiting for {kind}"):
                each.await_ready()
        write_json(run.folder / _ADDRESSES, {kind: each.address for kind, each in begun.items()})
        run.keep()
    except BaseException:
        run.stop()
        raise
    return {kind: each.address for kind, each in begun.items()}


def _set() -> Run:
    return Run(runs_folder() / _SET)


@contextlib.contextmanager
def _set_locked() -> Iterator[None]:
    runs_folder().mkdir(mode=0o711, parents=True, exist_ok=True)
    with locked(runs_folder() / ".set.lock"):
        yield


def _written(access: Access) -> str:
    return json.dumps(access, default=str)


def _read(written: str) -> Access:
    address, ca, user, password, api_key = json.loads(written)
    return Access(address, Path(ca), user, password, api_key)
