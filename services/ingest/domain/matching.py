"""Which brand a message is about, and whether it is addressed to it."""

from typing import NamedTuple

from services.ingest.domain.brands import Brand, Suspects
from services.ingest.domain.text import Folded, begins


class Match(NamedTuple):
    """A brand a text is about. `reason` names what matched."""

    brand: str
    addressed: bool
    reason: str


def match_brand(text: Folded, suspects: Suspects) -> Match | None:
    """The brand the text is about: addressed before found in the wild, then whoever is named first, then by name.

    An account, with or without ``@``, and a hashtag address the brand (customers mix up #brand and @brand); a name
    or a search term finds it in the wild unless an excluded term is there too. None: no brand is meant.
    """
    found = [hit for brand in suspects.among(text.words) if (hit := _match(text.text, brand))]
    return min(found, key=lambda hit: (not hit[0].addressed, hit[1], hit[0].brand))[0] if found else None


def _match(folded: str, brand: Brand) -> tuple[Match, int] | None:
    place = begins(brand.patterns.called, folded)
    if place is not None:
        return Match(brand.name, True, "addressed"), place
    return _in_the_wild(folded, brand)


def _in_the_wild(folded: str, brand: Brand) -> tuple[Match, int] | None:
    terms = brand.patterns
    if begins(terms.exclude, folded) is not None:
        return None
    for reason, pattern in (("name", terms.named), ("search_term", terms.search)):
        place = begins(pattern, folded)
        if place is not None:
            return Match(brand.name, False, reason), place
    return None
