"""Where the servers are and how they are reached: what every distributed adapter is given."""

from pathlib import Path

import msgspec


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """Brokers, and how they are spoken to. With `user` the password goes by SCRAM-SHA-512, over TLS if `tls`."""

    servers: tuple[str, ...]
    """``host:port`` of some brokers; the rest is found through them."""
    prefix: str = ""
    """Stands before every topic and group, so that several installations share a cluster."""
    tls: bool = False
    ca: Path | None = None
    """Whom to trust; None: whom this machine trusts."""
    user: str = ""
    password: str = ""
    instance: str = ""
    """A name that outlives restarts makes membership static; without it a member leaves at once when it stops."""
    replicas: int = 3
    """How many brokers keep each record of a topic that is made (fewer where there are fewer brokers)."""


class Postgres(msgspec.Struct, frozen=True, kw_only=True):
    """One database, ``postgresql://user@host:port/name``; its password apart."""

    url: str
    password: str = ""
    tls: bool = False
    ca: Path | None = None


class Elastic(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes of one cluster, ``http(s)://host:port``; entered with an API key, or a user and a password, or neither."""

    urls: tuple[str, ...]
    prefix: str = "webcare"
    """Begins every index, alias and template."""
    ca: Path | None = None
    user: str = ""
    password: str = ""
    api_key: str = ""


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """All three."""

    kafka: Kafka
    postgres: Postgres
    elastic: Elastic
