"""The real servers that tests are given."""

import os

import pytest


@pytest.fixture(scope="session")
def kafka_server() -> str:
    """``host:port`` of a broker."""
    return os.environ["WEBCARE_TEST_KAFKA"]


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """``postgresql://user@host:port/database`` of somebody who may create databases."""
    return os.environ["WEBCARE_TEST_POSTGRES"]


@pytest.fixture(scope="session")
def elastic_server() -> str:
    """``http://host:port`` of a node."""
    return os.environ["WEBCARE_TEST_ELASTICSEARCH"]
