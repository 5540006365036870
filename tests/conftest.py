"""The real servers that tests are given; see docs/servers.md."""

import os

import pytest
from hypothesis import settings

from servers import shared
from servers.certificates import Access
from servers.kafka import Kafka
from servers.run import OWNER, end_own_run
from servers.shared import Kind
from tests.rooms import Servers

# One commit, one answer: the same examples each time. WEBCARE_SEARCH=1 looks for new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("search", print_blob=True)
settings.load_profile("search" if os.environ.get("WEBCARE_SEARCH") else "same")

_UNCLOSED = ("unclosed transport", "unclosed <socket")


def pytest_configure(config: pytest.Config) -> None:
    """Servers belong to the process that controls the run; its workers inherit this."""
    os.environ.setdefault(OWNER, str(os.getpid()))
    if "not servers" not in config.option.markexpr:
        # The drivers leave connections that a server refused to be collected whenever that may be, in any later test.
        # The quick tests, which meet no server, still fail on what we leave open ourselves.
        for message in _UNCLOSED:
            config.addinivalue_line("filterwarnings", f"ignore:{message}:ResourceWarning")


def pytest_unconfigure() -> None:
    """Stop what the run started, after the last worker is gone and also when it was interrupted."""
    if os.environ.get(OWNER) == str(os.getpid()):
        end_own_run()


@pytest.fixture(scope="session")
def kafka_server() -> str:
    """``host:port`` of a broker."""
    return shared.address_of(Kind.KAFKA)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """``postgresql://user@host:port/database`` of somebody who may create databases."""
    return shared.address_of(Kind.POSTGRES)


@pytest.fixture(scope="session")
def elastic_server() -> str:
    """``http://host:port`` of a node."""
    return shared.address_of(Kind.ELASTICSEARCH)


@pytest.fixture(scope="session")
def kafka_cluster() -> Kafka:
    """Three nodes that all tests share: who kills one starts a cluster of his own."""
    return shared.cluster()


@pytest.fixture(scope="session")
def secure_kafka() -> Access:
    """The door of a broker that asks for TLS, a name and a password (SCRAM-SHA-512)."""
    return shared.secure_kafka()


@pytest.fixture(scope="session")
def secure_postgres() -> Access:
    """A server that asks for TLS and a password."""
    return shared.secure_postgres()


@pytest.fixture(scope="session")
def secure_elastic() -> Access:
    """A node that asks for TLS, and for a user with a password or an API key."""
    return shared.secure_elastic()


@pytest.fixture(scope="session")
def servers(kafka_server: str, postgres_server: str, elastic_server: str) -> Servers:
    """All three."""
    return Servers(kafka_server, postgres_server, elastic_server)
