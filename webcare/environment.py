"""The settings that come from the environment: one table, which docs/configuration.md shows and a test compares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from backbone.distributed.connections import Connections, Elastic, Kafka, Postgres
from backbone.errors import BadInput


class Variable(NamedTuple):
    """One environment variable: its name, what holds without it, and what it means."""

    name: str
    default: str
    meaning: str


TABLE = (
    Variable("WEBCARE_HOST", "127.0.0.1", "The address to listen on. Anything but loopback is reachable by others."),
    Variable("WEBCARE_PORT", "8080", "The port to listen on; `--port` wins."),
    Variable("WEBCARE_DATA", "var/webcare", "The folder that keeps everything; `--data` wins."),
    Variable(
        "WEBCARE_DURABILITY", "full", "`full`: acknowledged is on disk. `normal`: survives kill -9, not power loss."
    ),
    Variable("WEBCARE_AUTH", "on", "`off` lets everybody in as the first person: for a demonstration on loopback."),
    Variable("WEBCARE_SECURE_COOKIES", "off", "`on` where the page is served over HTTPS."),
    Variable("WEBCARE_PRIVATE_WEBHOOKS", "off", "`on` lets webhooks reach this machine and private networks."),
    Variable(
        "WEBCARE_DEAD_LETTER_SHARE", "0.1", "The share of unreadable records that stops a consumer; 1: none does."
    ),
    Variable("WEBCARE_LOG", "json", "`json` or `console`."),
    Variable("WEBCARE_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
    Variable("WEBCARE_SESSION_SECRET", "", "Signs browser sessions; the same for every instance of the api."),
    Variable("WEBCARE_KEY", "", "The key that `webcare drill` and `webcare campaigns` use; `--key` wins."),
    Variable("WEBCARE_KAFKA", "", "For `webcare serve`: some brokers, `host:port`, with commas between."),
    Variable("WEBCARE_KAFKA_PREFIX", "", "Stands before every topic and group, where installations share a cluster."),
    Variable("WEBCARE_KAFKA_TLS", "off", "`on`: TLS to the brokers."),
    Variable("WEBCARE_KAFKA_CA", "", "The file with the authority to trust; without it those of the machine."),
    Variable("WEBCARE_KAFKA_USER", "", "The name for SCRAM-SHA-512; without it nobody asks for one."),
    Variable("WEBCARE_KAFKA_PASSWORD", "", "Its password."),
    Variable("WEBCARE_KAFKA_INSTANCE", "", "A name of this instance that outlives restarts: static membership."),
    Variable("WEBCARE_KAFKA_REPLICAS", "3", "Copies of each topic that is made; fewer where there are fewer brokers."),
    Variable("WEBCARE_POSTGRES", "", "For `webcare serve`: `postgresql://user@host:port/database`."),
    Variable("WEBCARE_POSTGRES_PASSWORD", "", "Its password."),
    Variable("WEBCARE_POSTGRES_TLS", "off", "`on`: TLS, with the server's name checked."),
    Variable("WEBCARE_POSTGRES_CA", "", "The file with the authority to trust; without it those of the machine."),
    Variable("WEBCARE_ELASTICSEARCH", "", "For `webcare serve`: `http(s)://host:port`, with commas between."),
    Variable("WEBCARE_ELASTICSEARCH_PREFIX", "webcare", "Begins every index, alias and template."),
    Variable("WEBCARE_ELASTICSEARCH_CA", "", "The file with the authority to trust; without it those of the machine."),
    Variable("WEBCARE_ELASTICSEARCH_USER", "", "The user, where there is no API key."),
    Variable("WEBCARE_ELASTICSEARCH_PASSWORD", "", "Its password."),
    Variable("WEBCARE_ELASTICSEARCH_API_KEY", "", "An API key, as the server encodes it."),
    Variable(
        "WEBCARE_MODELS", "", "The folder of the models; without it `classify.models`, or `models` in the data folder."
    ),
    Variable("WEBCARE_MODEL", "", "This model judges, whatever people chose; wins over `classify.model`."),
    Variable("WEBCARE_SHADOW", "", "This model judges in the shadow; wins over `classify.shadow`."),
)


_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Environment(NamedTuple):
    """The table's values, read and checked."""

    host: str
    port: int
    data: Path
    durability: Literal["full", "normal"]
    auth: bool
    secure_cookies: bool
    private_webhooks: bool
    dead_letter_share: float
    log: Literal["json", "console"]
    log_level: str
    session_secret: str
    key: str


def read_environment(variables: Mapping[str, str]) -> Environment:
    """The settings in `variables`; raises BadInput that names the variable and what it may be."""
    value = {each.name: variables.get(each.name, "").strip() or each.default for each in TABLE}
    if value["WEBCARE_AUTH"] == "off" and value["WEBCARE_HOST"] not in _LOOPBACK:
        remedy = "Leave WEBCARE_AUTH on, or listen on 127.0.0.1."
        raise BadInput("WEBCARE_AUTH is off while others can reach it.", code="open_door", remedy=remedy)
    return Environment(
        host=value["WEBCARE_HOST"],
        port=_port(value["WEBCARE_PORT"]),
        data=Path(value["WEBCARE_DATA"]),
        durability="full" if _one_of("WEBCARE_DURABILITY", value, "full", "normal") == "full" else "normal",
        auth=_switch("WEBCARE_AUTH", value),
        secure_cookies=_switch("WEBCARE_SECURE_COOKIES", value),
        private_webhooks=_switch("WEBCARE_PRIVATE_WEBHOOKS", value),
        dead_letter_share=_share(value["WEBCARE_DEAD_LETTER_SHARE"]),
        log="json" if _one_of("WEBCARE_LOG", value, "json", "console") == "json" else "console",
        log_level=_one_of("WEBCARE_LOG_LEVEL", value, "DEBUG", "INFO", "WARNING", "ERROR"),
        session_secret=value["WEBCARE_SESSION_SECRET"],
        key=value["WEBCARE_KEY"],
    )


def read_connections(variables: Mapping[str, str]) -> Connections:
    """Where the servers are; raises BadInput that names the variable that is missing or wrong."""
    value = {each.name: variables.get(each.name, "").strip() or each.default for each in TABLE}
    for name in ("WEBCARE_KAFKA", "WEBCARE_POSTGRES", "WEBCARE_ELASTICSEARCH"):
        if not value[name]:
            raise BadInput(f"{name} is not set.", code="missing_setting", remedy="Say where the server is.")
    return Connections(kafka=_kafka(value), postgres=_postgres(value), elastic=_elastic(value))


def _kafka(value: Mapping[str, str]) -> Kafka:
    return Kafka(
        servers=_list(value["WEBCARE_KAFKA"]),
        prefix=value["WEBCARE_KAFKA_PREFIX"],
        tls=_switch("WEBCARE_KAFKA_TLS", value),
        ca=_file("WEBCARE_KAFKA_CA", value),
        user=value["WEBCARE_KAFKA_USER"],
        password=value["WEBCARE_KAFKA_PASSWORD"],
        instance=value["WEBCARE_KAFKA_INSTANCE"],
        replicas=_count("WEBCARE_KAFKA_REPLICAS", value),
    )


def _postgres(value: Mapping[str, str]) -> Postgres:
    url = value["WEBCARE_POSTGRES"]
    if not url.startswith("postgresql://"):
        remedy = "Write postgresql://user@host:port/database."
        raise BadInput("WEBCARE_POSTGRES is no PostgreSQL address.", code="bad_setting", remedy=remedy)
    return Postgres(
        url=url,
        password=value["WEBCARE_POSTGRES_PASSWORD"],
        tls=_switch("WEBCARE_POSTGRES_TLS", value),
        ca=_file("WEBCARE_POSTGRES_CA", value),
    )


def _elastic(value: Mapping[str, str]) -> Elastic:
    return Elastic(
        urls=_list(value["WEBCARE_ELASTICSEARCH"]),
        prefix=value["WEBCARE_ELASTICSEARCH_PREFIX"],
        ca=_file("WEBCARE_ELASTICSEARCH_CA", value),
        user=value["WEBCARE_ELASTICSEARCH_USER"],
        password=value["WEBCARE_ELASTICSEARCH_PASSWORD"],
        api_key=value["WEBCARE_ELASTICSEARCH_API_KEY"],
    )


def _list(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(",") if part.strip())


def _file(name: str, value: Mapping[str, str]) -> Path | None:
    if not value[name]:
        return None
    if not Path(value[name]).is_file():
        raise BadInput(f"{name}: there is no file {value[name]}.", code="bad_setting", remedy="Name a PEM file.")
    return Path(value[name])


def _count(name: str, value: Mapping[str, str]) -> int:
    if not value[name].isdecimal() or not 1 <= int(value[name]) <= 9:
        raise BadInput(f"{name} is {value[name]!r}.", code="bad_setting", remedy="Write 1 to 9.")
    return int(value[name])


def _port(written: str) -> int:
    if not written.isdecimal() or int(written) > 65_535:
        raise BadInput(f"WEBCARE_PORT is {written!r}.", code="bad_setting", remedy="Write 0 to 65535.")
    return int(written)


def _share(written: str) -> float:
    try:
        share = float(written)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise BadInput(f"WEBCARE_DEAD_LETTER_SHARE is {written!r}.", code="bad_setting", remedy="Write 0.01 to 1.")
    return share


def _switch(name: str, value: Mapping[str, str]) -> bool:
    return _one_of(name, value, "on", "off") == "on"


def _one_of(name: str, value: Mapping[str, str], *allowed: str) -> str:
    if value[name] not in allowed:
        raise BadInput(f"{name} is {value[name]!r}.", code="bad_setting", remedy=f"Write {' or '.join(allowed)}.")
    return value[name]
