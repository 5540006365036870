"""Every kind of server, really: it starts, is killed, starts again, and what it had is there."""

import ssl

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError
from elasticsearch import AsyncElasticsearch, AuthenticationException

from servers.certificates import Access
from servers.elastic import Elastic
from servers.errors import ServerTrouble
from servers.kafka import Kafka
from servers.postgres import Postgres

pytestmark = pytest.mark.servers


async def make_topic(bootstrap: str, copies: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("letters", 1, copies)])
    await admin.close()


async def send(bootstrap: str, letter: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait("letters", letter)


async def letters(bootstrap: str) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        where = TopicPartition("letters", 0)
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        end = (await consumer.end_offsets([where]))[where]
        return [(await consumer.getone()).value for _ in range(end)]


async def test_kafka_goes_on_without_one_of_three_and_takes_it_back() -> None:
    with Kafka(nodes=3) as kafka:
        await make_topic(kafka.bootstrap, 3)
        await send(kafka.bootstrap, b"a")
        kafka.kill(2)
        assert not kafka.alive()
        await send(kafka.bootstrap, b"b")
        same = Kafka(folder=kafka.folder)
        same.start(2)
        assert kafka.alive()
        assert await letters(same.bootstrap) == [b"a", b"b"]
        with pytest.raises(ServerTrouble, match="There is no node 4"):
            kafka.kill(4)


async def test_postgres_keeps_its_rows_when_killed() -> None:
    with Postgres() as postgres:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE TABLE letters AS SELECT 'a' AS letter")
        postgres.kill()
        await connection.close()
        postgres.start()
        postgres.restart()
        connection = await asyncpg.connect(Postgres(folder=postgres.folder).url)
        assert await connection.fetchval("SELECT letter FROM letters") == "a"
        await connection.close()


async def test_elasticsearch_keeps_its_documents_when_killed() -> None:
    with Elastic() as elastic:
        async with AsyncElasticsearch(elastic.url, request_timeout=30) as client:
            await client.index(index="letters", id="1", document={"letter": "a"})
            elastic.pause()
            assert not elastic.answers()
            elastic.resume()
            elastic.kill()
            elastic.start()
            assert (await client.get(index="letters", id="1"))["_source"] == {"letter": "a"}


async def test_a_secure_kafka_lets_in_who_knows_the_password(secure_kafka: Access) -> None:
    async def enter(password: str) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=secure_kafka.address,
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            ssl_context=ssl.create_default_context(cafile=secure_kafka.ca),
            sasl_plain_username=secure_kafka.user,
            sasl_plain_password=password,
        )
        try:
            await producer.start()
        finally:
            await producer.stop()

    await enter(secure_kafka.password)
    with pytest.raises(KafkaConnectionError):
        await enter("wrong")


async def test_a_secure_postgres_lets_in_who_knows_the_password(secure_postgres: Access) -> None:
    trusted = ssl.create_default_context(cafile=secure_postgres.ca)
    connection = await asyncpg.connect(secure_postgres.address, password=secure_postgres.password, ssl=trusted)
    assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(secure_postgres.address, password="wrong", ssl=trusted)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(secure_postgres.address, password=secure_postgres.password, ssl=False)


async def test_a_secure_elasticsearch_lets_in_by_password_and_by_key(secure_elastic: Access) -> None:
    ways = [
        {"basic_auth": (secure_elastic.user, secure_elastic.password)},
        {"api_key": secure_elastic.api_key},
    ]
    for way in ways:
        async with AsyncElasticsearch(secure_elastic.address, ca_certs=str(secure_elastic.ca), **way) as client:
            assert (await client.info())["version"]["number"].startswith("8.19.")
    async with AsyncElasticsearch(
        secure_elastic.address, ca_certs=str(secure_elastic.ca), basic_auth=("elastic", "wrong")
    ) as client:
        with pytest.raises(AuthenticationException):
            await client.info()
