"""Apache Kafka without ZooKeeper: one node, or three that survive the loss of one."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import uuid
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

from servers.certificates import Access, key_store, make_certificates
from servers.errors import ServerTrouble
from servers.fetch import kafka_jars
from servers.net import LOOPBACK, free_ports, kafka_nodes
from servers.process import Process, write_json
from servers.programs import java_home
from servers.run import Run

_USER = "webcare"
_READY_S = 240.0
_MEMORY = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=128m")
_LOGGING = """rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c %m%n
"""


class Node(NamedTuple):
    """Where one node listens; `secure` is 0 where there is no such door."""

    number: int
    clients: int
    controller: int
    secure: int


class Layout(NamedTuple):
    """What does not change while a cluster lives; it stands in its folder."""

    cluster: str
    nodes: list[Node]
    password: str

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{LOOPBACK}:{node.clients}" for node in self.nodes)


def plan(nodes: int, *, secure: bool) -> Layout:
    """A new cluster on free ports."""
    ports = free_ports(3 * nodes)
    chosen = [
        Node(number + 1, ports[3 * number], ports[3 * number + 1], ports[3 * number + 2] if secure else 0)
        for number in range(nodes)
    ]
    cluster = base64.urlsafe_b64encode(b"\x00" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
    return Layout(cluster, chosen, secrets.token_hex(8) if secure else "")


def properties(layout: Layout, node: Node, data: Path, store: Path | None) -> str:
    """The node's settings file. With a key store there is a second door that asks for TLS, a name and a password."""
    copies = min(3, len(layout.nodes))
    in_sync = 2 if copies == 3 else 1
    voters = ",".join(f"{each.number}@{LOOPBACK}:{each.controller}" for each in layout.nodes)
    doors = f"PLAINTEXT://{LOOPBACK}:{node.clients}" + (f",SASL_SSL://{LOOPBACK}:{node.secure}" if store else "")
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": voters,
        "listeners": f"{doors},CONTROLLER://{LOOPBACK}:{node.controller}",
        "advertised.listeners": doors,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
        "log.dirs": data,
        "num.partitions": 4,
        "default.replication.factor": copies,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "transaction.state.log.min.isr": in_sync,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.num.partitions": 5,
        "group.initial.rebalance.delay.ms": 0,
        "broker.session.timeout.ms": 6000,  # how soon a killed leader is replaced
        "broker.heartbeat.interval.ms": 1000,
        "log.cleaner.dedupe.buffer.size": 16_777_216,  # the default does not fit this heap
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "auto.create.topics.enable": "false",
        **(_door(store, layout.password) if store else {}),
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _door(store: Path, password: str) -> dict[str, object]:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": store,
        "ssl.keystore.password": password,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": module,
    }


class Kafka:
    """A cluster on loopback. Used with `with` it starts and, at the end, goes away with its data.

    Given the folder of a cluster that was made before, it is that cluster.
    """

    def __init__(self, nodes: int = 1, *, secure: bool = False, folder: Path | None = None) -> None:
        self.folder = folder or Run.current().new_folder("kafka")
        if not (self.folder / "layout.json").exists():
            self._prepare(plan(nodes, secure=secure))
        written = json.loads((self.folder / "layout.json").read_text(encoding="utf-8"))
        self._layout = Layout(written[0], [Node(*each) for each in written[1]], written[2])

    @property
    def bootstrap(self) -> str:
        """``host:port`` of every node, with commas between."""
        return self._layout.bootstrap

    @property
    def nodes(self) -> tuple[int, ...]:
        """The numbers of the nodes, which are also their broker ids."""
        return tuple(node.number for node in self._layout.nodes)

    @property
    def access(self) -> Access:
        """The door that asks for TLS and SCRAM-SHA-512."""
        if not self._layout.password:
            raise ServerTrouble("This Kafka has no secure door.", "Make it with secure=True.")
        address = ",".join(f"{LOOPBACK}:{node.secure}" for node in self._layout.nodes)
        return Access(address, self.folder / "tls" / "ca.pem", _USER, self._layout.password)

    def start(self, node: int | None = None) -> None:
        """Start one node, or all; returns when they are part of the cluster."""
        self.launch(node)
        self.await_ready(node)

    def launch(self, node: int | None = None) -> None:
        """Start without waiting."""
        java, jars = java_home() / "bin" / "java", kafka_jars()
        options = [
            "-Djava.net.preferIPv4Stack=true",
            f"-Dlog4j2.configurationFile=file:{self.folder}/log4j2.properties",
        ]
        for number in self._chosen(node):
            file = str(self.folder / f"{number}.properties")
            command = [str(java), *_MEMORY, *options, "-cp", f"{jars}/*", "kafka.Kafka", file]
            self._process(number).launch(command, os.environ)

    def await_ready(self, node: int | None = None) -> None:
        """Wait for one node, or all."""
        wanted = set(self._chosen(node))
        for number in wanted:
            joined = partial(_knows, self._layout.nodes[number - 1].clients, wanted)
            self._process(number).await_ready(joined, _READY_S)

    def stop(self, node: int | None = None) -> None:
        """Stop one node, or all, cleanly; data stays."""
        for number in self._chosen(node):
            self._process(number).ask_to_stop()
        for number in self._chosen(node):
            self._process(number).stop()

    def kill(self, node: int | None = None) -> None:
        """SIGKILL to one node, or to all."""
        for number in self._chosen(node):
            self._process(number).kill()

    def pause(self, node: int) -> None:
        """The node hangs."""
        self._process(node).pause()

    def resume(self, node: int) -> None:
        """The node goes on."""
        self._process(node).resume()

    def alive(self) -> bool:
        """Whether every node runs."""
        return all(self._process(number).alive() for number in self.nodes)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def _chosen(self, node: int | None) -> tuple[int, ...]:
        if node is not None and node not in self.nodes:
            raise ServerTrouble(f"There is no node {node}.", f"There are {', '.join(map(str, self.nodes))}.")
        return self.nodes if node is None else (node,)

    @property
    def _logging(self) -> str:
        return f"-Dlog4j2.configurationFile=file:{self.folder}/log4j2.properties"

    def _process(self, number: int) -> Process:
        return Process(self.folder / f"kafka-{number}.process")

    def _prepare(self, layout: Layout) -> None:
        """Write every node's settings and format its folder, as a cluster needs once."""
        (self.folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
        store = key_store(make_certificates(self.folder / "tls"), layout.password) if layout.password else None
        scram = f"SCRAM-SHA-512=[name={_USER},password={layout.password}]"
        users = ["--add-scram", scram] if layout.password else []
        tool = [str(java_home() / "bin" / "java"), "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", f"{kafka_jars()}/*"]
        tool += [self._logging, "kafka.tools.StorageTool"]
        formats = []
        for node in layout.nodes:
            file = self.folder / f"{node.number}.properties"
            file.write_text(properties(layout, node, self.folder / f"data-{node.number}", store), encoding="utf-8")
            formats.append([*tool, "format", "-t", layout.cluster, "-c", str(file), *users])
        _together(formats)
        write_json(self.folder / "layout.json", layout)


def _knows(port: int, nodes: set[int]) -> bool:
    return nodes <= kafka_nodes(port)


def _together(commands: list[list[str]]) -> None:
    running = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for each in commands]
    said = [process.communicate()[0].decode(errors="replace") for process in running]
    if any(process.returncode for process in running):
        raise ServerTrouble("Kafka's folder could not be formatted.", "\n".join(said)[-2000:])
