"""The settings that come from the environment: one table, which docs/configuration.md shows and a test compares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

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
    Variable("WEBCARE_KEY", "", "The key that `webcare drill` uses; `--key` wins."),
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
        key=value["WEBCARE_KEY"],
    )


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
