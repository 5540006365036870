"""Which brand a message is about, and whether it is addressed to it."""

from typing import NamedTuple

from services.ingest.domain.brands import Brand
from services.ingest.domain.text import first_match, fold


class Match(NamedTuple):
    """A brand a text is about. `reason` names what matched."""

    brand: str
    addressed: bool
    reason: str


def match_brand(text: str, brands: tuple[Brand, ...]) -> Match | None:
    """The brand the text is about: addressed before found in the wild, then whoever is named first, then by name.

    An account, with or without ``@``, and a hashtag address the brand (customers mix up #brand and @brand); a name
    or a search term finds it in the wild unless an excluded term is there too. None: no brand is meant.
    """
    folded = fold(text)
    found = [hit for brand in brands if (hit := _match(folded, brand))]
    return min(found, key=lambda hit: (not hit[0].addressed, hit[1], hit[0].brand))[0] if found else None


def _match(folded: str, brand: Brand) -> tuple[Match, int] | None:
    handles = {account.lstrip("@") for account in brand.accounts.values()}
    tags = {tag.lstrip("#") for tag in brand.hashtags}
    called = [f"{sign}{name}" for name in sorted(handles | tags) for sign in ("@", "#")]
    place = first_match(folded, called)
    if place is not None:
        return Match(brand.name, True, "addressed"), place
    return _in_the_wild(folded, brand)


def _in_the_wild(folded: str, brand: Brand) -> tuple[Match, int] | None:
    if first_match(folded, brand.exclude) is not None:
        return None
    for reason, terms in (("name", (brand.name, *brand.names)), ("search_term", brand.search)):
        place = first_match(folded, terms)
        if place is not None:
            return Match(brand.name, False, reason), place
    return None
