"""How the brokers are reached and asked, and what can go wrong with them, in our words."""

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest

from backbone.distributed.connections import Kafka
from backbone.errors import BadInput, Unavailable, WebcareError
from backbone.ports import Partition

T = TypeVar("T")

REQUEST_TIMEOUT_S = 20.0
"""How long one request to a broker may take: longer than a cluster needs to name another leader."""
PATIENCE_S = 20.0
"""How long a question is asked again while leaders move."""
RETRY_S = 0.1
EARLIEST, LATEST = -2, -1
_READ_UNCOMMITTED = 0
_TROUBLES = (KafkaError, OSError, TimeoutError)


def client_options(connection: Kafka) -> dict[str, Any]:
    """What every client is told. Raises BadInput for an authority that cannot be read."""
    options: dict[str, Any] = {
        "bootstrap_servers": list(connection.servers),
        "security_protocol": ("SASL_" if connection.user else "") + ("SSL" if connection.tls else "PLAINTEXT"),
        "request_timeout_ms": int(REQUEST_TIMEOUT_S * 1000),
        "metadata_max_age_ms": 60_000,
    }
    if connection.tls:
        options["ssl_context"] = _trust(connection)
    if connection.user:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": connection.user,
            "sasl_plain_password": connection.password,
        }
    return options


def _trust(connection: Kafka) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=connection.ca)
    except OSError as error:
        raise BadInput(
            f"The authority in {connection.ca} cannot be read.",
            code="bad_setting",
            remedy="WEBCARE_KAFKA_CA names a PEM file.",
        ) from error


def quiet() -> None:
    """Keep the library's own lines out: they repeat every tenth of a second, with records in them when debugging.

    What they say that matters stands in the errors raised here.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def away(connection: Kafka, error: BaseException) -> Unavailable:
    """The brokers did not do what was asked; try again."""
    return Unavailable(
        f"Kafka at {', '.join(connection.servers)} does not do what it is asked ({type(error).__name__}).",
        code="kafka_away",
        remedy="See whether the brokers that WEBCARE_KAFKA names run, can be reached and are in sync, and whether their"
        " port is one for TLS (WEBCARE_KAFKA_TLS).",
    )


async def explain(connection: Kafka, error: BaseException) -> WebcareError:
    """Why the brokers cannot be entered: the reason of each, which the library keeps to itself."""
    refused: BaseException = error
    for host, port, _ in collect_hosts(list(connection.servers)):
        options = client_options(connection)
        del options["bootstrap_servers"], options["metadata_max_age_ms"]
        try:
            probe = await create_conn(host, port, **options)
        except (*_TROUBLES, ValueError) as reason:
            if known := _refusal(connection, reason):
                return known
            refused = reason
        else:
            probe.close()
    return away(connection, refused)


def _refusal(connection: Kafka, reason: BaseException) -> BadInput | None:
    servers = ", ".join(connection.servers)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return BadInput(
            f"The certificate of Kafka at {servers} is not trusted ({reason.verify_message}).",
            code="kafka_untrusted",
            remedy="Name its authority in WEBCARE_KAFKA_CA, and the host as the certificate does in WEBCARE_KAFKA.",
        )
    if isinstance(reason, (SaslAuthenticationFailed, UnsupportedSaslMechanismError, ValueError)):
        return BadInput(
            f"Kafka at {servers} refuses {connection.user} with this password.",
            code="kafka_refused",
            remedy="Set WEBCARE_KAFKA_USER and WEBCARE_KAFKA_PASSWORD (SCRAM-SHA-512).",
        )
    return None


class Brokers:
    """One client's requests, each to the broker that answers it. Answers in partitions without the prefix."""

    def __init__(self, connection: Kafka, topics: Iterable[str]) -> None:
        self.connection = connection
        self._topics = [connection.prefix + topic for topic in topics]
        self._client = AIOKafkaClient(**client_options(connection))
        self._coordinators: dict[str, int] = {}

    @classmethod
    async def connect(cls, connection: Kafka, topics: Iterable[str]) -> Self:
        """Raises Unavailable, or BadInput for a password or a certificate."""
        brokers = cls(connection, topics)
        try:
            await brokers._client.bootstrap()
        except _TROUBLES as error:
            await brokers.close()
            raise await explain(connection, error) from error
        await brokers._client.set_topics(brokers._topics)
        return brokers

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    # asking

    def leaders(self, partitions: Iterable[Partition]) -> dict[int, list[Partition]]:
        """Partitions by the broker that leads them; those without a leader are left out."""
        by_node: dict[int, list[Partition]] = defaultdict(list)
        for partition in partitions:
            leader = self._client.cluster.leader_for_partition(self.named(partition))
            if leader is not None and leader != -1:
                by_node[leader].append(partition)
        return by_node

    def named(self, partition: Partition) -> TopicPartition:
        """As the brokers call it."""
        return TopicPartition(self.connection.prefix + partition.topic, partition.number)

    def unnamed(self, topic: str, number: int) -> Partition:
        """As we call it."""
        return Partition(topic[len(self.connection.prefix) :], number)

    def by_topic(self, values: Mapping[Partition, Any]) -> list[tuple[str, list[Any]]]:
        """How the protocol wants them: per topic, what the partitions' values are."""
        topics: dict[str, list[Any]] = defaultdict(list)
        for partition, value in values.items():
            topics[self.connection.prefix + partition.topic].append(value)
        return list(topics.items())

    async def ask(self, node: int, request: Any) -> Any:
        """The answer of one broker; raises KafkaError."""
        return await self._client.send(node, request)

    async def refresh(self) -> None:
        """Learn anew who leads what."""
        await self._client.force_metadata_update()

    async def patiently(self, what: Callable[[], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
        """Ask until it is answered, learning about new leaders meanwhile; raises Unavailable."""
        last: BaseException = TimeoutError()
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    try:
                        return await what()
                    except _TROUBLES as error:
                        last = error
                    if isinstance(last, KafkaError) and not last.retriable:
                        break
                    await self.refresh()
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            pass
        raise away(self.connection, last) from last

    # offsets

    async def offsets(
        self, partitions: Iterable[Partition], which: int, patience_s: float = PATIENCE_S
    ) -> dict[Partition, int]:
        """The earliest kept or the next offset of each partition."""
        wanted = list(partitions)
        return await self.patiently(lambda: self._offsets(wanted, which), patience_s)

    async def _offsets(self, wanted: list[Partition], which: int) -> dict[Partition, int]:
        by_node = self.leaders(wanted)
        if sum(map(len, by_node.values())) < len(wanted):
            raise LeaderNotAvailableError
        answers = await asyncio.gather(
            *(
                self.ask(
                    node, OffsetRequest(-1, _READ_UNCOMMITTED, self.by_topic({p: (p.number, which) for p in some}))
                )
                for node, some in by_node.items()
            )
        )
        found: dict[Partition, int] = {}
        for answer in answers:
            for topic, partitions in answer.topics:
                for number, code, _, offset in partitions:
                    _check(code)
                    found[self.unnamed(topic, number)] = offset
        return {partition: found[partition] for partition in wanted}

    # groups

    async def committed(self, group: str) -> dict[Partition, int]:
        """What a group committed of our topics."""
        return await self.patiently(lambda: self._committed(group))

    async def _committed(self, group: str) -> dict[Partition, int]:
        answer = await self._ask_coordinator(group, OffsetFetchRequest(self.connection.prefix + group, None))
        found: dict[Partition, int] = {}
        for topic, partitions in answer.topics:
            for number, offset, _, code in partitions:
                self._check_group(group, code)
                if offset > 0 and topic in self._topics:
                    found[self.unnamed(topic, number)] = offset
        return found

    async def commit(self, group: str, positions: Mapping[Partition, int]) -> None:
        """Commit for a group that has no members."""
        await self.patiently(lambda: self._commit(group, positions))

    async def _commit(self, group: str, positions: Mapping[Partition, int]) -> None:
        topics = self.by_topic({p: (p.number, offset, "") for p, offset in positions.items()})
        name = self.connection.prefix + group
        answer = await self._ask_coordinator(group, OffsetCommitRequest(name, -1, "", -1, topics))
        for _, partitions in answer.topics:
            for _, code in partitions:
                self._check_group(group, code)

    async def _ask_coordinator(self, group: str, request: Any) -> Any:
        if group not in self._coordinators:
            self._coordinators[group] = await self._client.coordinator_lookup(0, self.connection.prefix + group)
        try:
            return await self.ask(self._coordinators[group], request)
        except _TROUBLES:
            self._coordinators.pop(group, None)
            raise

    def _check_group(self, group: str, code: int) -> None:
        if code:
            self._coordinators.pop(group, None)
        _check(code)


def _check(code: int) -> None:
    if code:
        raise for_code(code)()
