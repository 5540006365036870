"""Brokers that demand TLS, a name and a password; a wrong one gives an error that names the setting."""

import gc
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from event_log_adapters import FOUR, ONE, START, TOPICS, everything, new, values

from backbone.distributed.connections import Kafka
from backbone.distributed.kafka_topics import lay_topics
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import ReplayClock
from backbone.errors import BadInput, Unavailable
from servers.certificates import Access

pytestmark = [
    pytest.mark.servers,
    pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
CLOCK = ReplayClock(START)


@pytest.fixture(autouse=True)
def _end_of_refused_connections() -> Iterator[None]:
    """A refused TLS connection says goodbye in its own time, and a test's loop may end before: let go of it here."""
    yield
    gc.collect()


@pytest.fixture
def connection(secure_kafka: Access) -> Kafka:
    return Kafka(
        servers=(secure_kafka.address,),
        prefix="secure.",
        tls=True,
        ca=Path(secure_kafka.ca),
        user=secure_kafka.user,
        password=secure_kafka.password,
    )


async def test_the_right_password_and_authority_get_in(connection: Kafka) -> None:
    log = await KafkaLog.open(connection, TOPICS, CLOCK)
    consumer = await log.consumer("g", [FOUR.name])
    await log.append([new(FOUR, "k", "1"), new(ONE, "k", "2")])
    assert values(await consumer.poll(10, 10.0)) == ["1"]
    await consumer.commit(consumer.assignment())
    assert "2" in values(await everything(log, ONE))
    await log.close()


async def test_a_wrong_password_names_its_setting_and_not_itself(connection: Kafka) -> None:
    wrong = msgspec.structs.replace(connection, password="not-this-one")
    with pytest.raises(BadInput) as refused:
        await KafkaLog.open(wrong, TOPICS, CLOCK)
    assert refused.value.code == "kafka_refused"
    assert "WEBCARE_KAFKA_PASSWORD" in str(refused.value)
    assert "not-this-one" not in str(refused.value)


async def test_an_authority_that_did_not_sign_it_names_the_setting(connection: Kafka) -> None:
    with pytest.raises(BadInput) as refused:
        await KafkaLog.open(msgspec.structs.replace(connection, ca=None), TOPICS, CLOCK)
    assert refused.value.code == "kafka_untrusted"
    assert "WEBCARE_KAFKA_CA" in str(refused.value)


async def test_an_authority_that_is_no_certificate_names_the_setting(connection: Kafka, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing to trust")
    with pytest.raises(BadInput) as refused:
        await lay_topics(msgspec.structs.replace(connection, ca=tmp_path / "ca.pem"), TOPICS, False)
    assert "WEBCARE_KAFKA_CA" in str(refused.value)


@pytest.mark.parametrize("tls", [True, False])
async def test_the_wrong_kind_of_port_names_the_setting(connection: Kafka, kafka_server: str, tls: bool) -> None:
    server = kafka_server if tls else connection.servers[0]
    with pytest.raises((BadInput, Unavailable)) as refused:
        await KafkaLog.open(msgspec.structs.replace(connection, servers=(server,), tls=tls), TOPICS, CLOCK)
    assert "WEBCARE_KAFKA_TLS" in str(refused.value)
