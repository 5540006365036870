"""Room of one's own on shared servers: a prefix, a database, and clearing up after."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import httpx
from aiokafka.admin import AIOKafkaAdminClient

from backbone.distributed.connections import Connections, Elastic, Kafka, Postgres

_NUMBERS = itertools.count()


class Servers(NamedTuple):
    """Where the servers are."""

    kafka: str
    postgres: str
    elastic: str


@contextmanager
def room(servers: Servers, replicas: int = 1) -> Iterator[Connections]:
    """Connections under a new prefix and to a new database, which are gone at the end."""
    name = f"t{os.getpid()}_{next(_NUMBERS)}"
    database = urlsplit(servers.postgres)._replace(path=f"/{name}").geturl()
    connections = Connections(
        kafka=Kafka(servers=tuple(servers.kafka.split(",")), prefix=f"{name}.", replicas=replicas),
        postgres=Postgres(url=database),
        elastic=Elastic(urls=(servers.elastic,), prefix=name),
    )
    asyncio.run(_execute(servers.postgres, f'CREATE DATABASE "{name}"'))
    try:
        yield connections
    finally:
        asyncio.run(_execute(servers.postgres, f'DROP DATABASE "{name}" WITH (FORCE)'))
        asyncio.run(_forget_topics(connections.kafka))
        _forget_indices(connections.elastic)


def environment(connections: Connections) -> dict[str, str]:
    """The variables that lead a process there."""
    return {
        "WEBCARE_KAFKA": ",".join(connections.kafka.servers),
        "WEBCARE_KAFKA_PREFIX": connections.kafka.prefix,
        "WEBCARE_KAFKA_REPLICAS": str(connections.kafka.replicas),
        "WEBCARE_POSTGRES": connections.postgres.url,
        "WEBCARE_ELASTICSEARCH": ",".join(connections.elastic.urls),
        "WEBCARE_ELASTICSEARCH_PREFIX": connections.elastic.prefix,
    }


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _forget_topics(kafka: Kafka) -> None:
    client: Any = AIOKafkaAdminClient(bootstrap_servers=list(kafka.servers))
    await client.start()
    try:
        topics = [topic for topic in await client.list_topics() if topic.startswith(kafka.prefix)]
        if topics:
            await client.delete_topics(topics)
    finally:
        await client.close()


def _forget_indices(elastic: Elastic) -> None:
    with httpx.Client(base_url=elastic.urls[0], timeout=30) as client, contextlib.suppress(httpx.HTTPError):
        found = client.get(f"/_cat/indices/{elastic.prefix}-*", params={"format": "json"}).json()
        for each in found:
            client.delete(f"/{each['index']}")
        client.delete(f"/_index_template/{elastic.prefix}-*")
