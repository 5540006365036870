"""The same servers as containers, where an engine answers."""

import contextlib
import subprocess
from pathlib import Path

from servers.errors import ServerTrouble
from servers.net import LOOPBACK

KAFKA = "apache/kafka:4.1.1"
ELASTIC = "elasticsearch:8.19.8"
POSTGRES = "postgres:18.4"
_CLIENT_S = 30.0


def engine_answers() -> bool:
    """Whether there is an engine; a client alone is none."""
    try:
        command = ["docker", "info", "--format", "{{.ServerVersion}}"]
        said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_CLIENT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and bool(said.stdout.strip())


def kafka_arguments(port: int) -> list[str]:
    """`docker run` of one node that clients on this machine reach on `port`."""
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "NUM_PARTITIONS": "4",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "5",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_NUM_PARTITIONS": "5",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    given = [f"--env=KAFKA_{name}={value}" for name, value in settings.items()]
    return [f"--publish={LOOPBACK}:{port}:9092", "--memory=768m", "--env=KAFKA_HEAP_OPTS=-Xmx512m", *given, KAFKA]


def elastic_arguments(port: int) -> list[str]:
    """`docker run` of one node without security."""
    settings = [
        "discovery.type=single-node",
        "xpack.security.enabled=false",
        "cluster.routing.allocation.disk.threshold_enabled=false",
        "ES_JAVA_OPTS=-Xms512m -Xmx512m",
    ]
    return [f"--publish={LOOPBACK}:{port}:9200", "--memory=1g", *(f"--env={each}" for each in settings), ELASTIC]


def postgres_arguments(port: int) -> list[str]:
    """`docker run` of a server that lets everybody on this machine in."""
    published = [f"--publish={LOOPBACK}:{port}:5432", "--env=POSTGRES_HOST_AUTH_METHOD=trust"]
    return [*published, POSTGRES, "-c", "fsync=off", "-c", "max_connections=300"]


def run_container(arguments: list[str], record: Path) -> None:
    """Start one in the background; `record` keeps its id."""
    command = ["docker", "run", "--detach", f"--cidfile={record}", *arguments]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    if said.returncode:
        raise ServerTrouble("Docker could not start a container.", said.stderr.strip())


def running(record: Path) -> bool:
    """Whether the container runs."""
    command = ["docker", "inspect", "--format", "{{.State.Running}}", record.read_text(encoding="ascii")]
    said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_CLIENT_S)
    return said.stdout.strip() == "true"


def remove_containers(folder: Path) -> None:
    """Stop and remove those with a record anywhere below."""
    for record in folder.rglob("*.container"):
        command = ["docker", "rm", "--force", "--volumes", record.read_text(encoding="ascii")]
        with contextlib.suppress(OSError):
            subprocess.run(command, check=False, capture_output=True)
