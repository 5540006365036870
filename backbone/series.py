"""The names of series: put together where mentions are counted, taken apart by whoever reads them.

``brand``, or ``brand|field=value``: ``acme|channel=x``, ``acme|kind=negative``, ``acme|source=forum``,
``acme|drill=yes``. A bar in a brand or value is written ``%7C`` and a percent sign ``%25``, so that a name with no bar
is a brand's, and that every name comes apart into what it was made of.
"""

from typing import NamedTuple


class SeriesParts(NamedTuple):
    """What a series counts: of `brand` the mentions whose `field` is `value`; all of them where there is no field."""

    brand: str
    field: str = ""
    value: str = ""


def series_name(brand: str, field: str = "", value: str = "") -> str:
    """The name of a series; `field` is one of our own words."""
    return f"{_escaped(brand)}|{field}={_escaped(value)}" if field else _escaped(brand)


def series_parts(name: str) -> SeriesParts:
    """What the name was made of. Any text comes apart, whoever made it."""
    brand, _, part = name.partition("|")
    field, _, value = part.partition("=")
    return SeriesParts(_plain(brand), field, _plain(value))


def is_whole(name: str) -> bool:
    """A brand as a whole, rather than a part of it."""
    return "|" not in name


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("|", "%7C")


def _plain(text: str) -> str:
    return text.replace("%7C", "|").replace("%25", "%")
