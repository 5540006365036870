"""The very cheap screen for the fast lane: danger words, a declared VIP, a private message."""

from collections.abc import Set

from contracts.mentions import Author
from services.ingest.domain.brands import Brand
from services.ingest.domain.text import Folded

# Wide on purpose: a false hit costs nothing but its place in the fast lane, the classifier judges every message.
_DANGER = (
    *("brand", "brandt", "brandend*", "vlam*", "rook", "rookt", "gas", "gaslucht", "gaslek*", "koolmonoxide", "co"),
    *("ontplof*", "explosie*", "kortsluiting", "geelektrocuteerd", "schok", "stroomstoot", "vuur", "smelt*"),
    *("gewond*", "bloed*", "ziekenhuis", "ambulance", "spoed*", "112", "911", "huisarts", "dokter", "overleden"),
    *("allerg*", "anafyla*", "vergiftig*", "voedselvergiftiging", "verslik*", "stik*", "glas", "metaal", "giftig*"),
    *("baby*", "kind", "kinderen", "kindje", "insuline", "medicijn*", "zuurstof", "recall", "terugroep*"),
    *("dood*", "doden", "vermoord*", "steek", "schiet*", "bom", "bedreig*", "wapen*", "aanslag", "zelfmoord"),
    *("gehackt", "hack*", "datalek*", "fraude", "phishing", "opgelicht", "leeggehaald", "identiteitsfraude"),
    *("storing", "plat", "discriminatie", "misbruik", "aangerand", "doofpot", "journalist", "redactie"),
    *("fire", "smoke", "burn*", "explo*", "injur*", "bleeding", "hospital", "emergency", "choking", "poison*"),
    *("allergic", "anaphyl*", "kill*", "shoot*", "bomb", "threat*", "suicide", "stabb*", "weapon*", "stranded"),
    *("hacked", "breach", "leaked", "fraud*", "stolen", "outage", "abuse*", "assault*", "dying", "died", "dead"),
)
_WORDS = frozenset(term for term in _DANGER if not term.endswith("*"))
_BEGINNINGS = tuple(term.rstrip("*") for term in _DANGER if term.endswith("*"))
_HEAD = min(map(len, _BEGINNINGS))
_HEADS = frozenset(beginning[:_HEAD] for beginning in _BEGINNINGS)


def express_reasons(text: Folded, author: Author | None, private: bool, brand: Brand | None) -> tuple[str, ...]:
    """Named reasons to take the fast lane; none for the ordinary one."""
    reasons = []
    if _holds_danger(text.words):
        reasons.append("danger_word")
    if private:
        reasons.append("private_message")
    if author and brand and brand.vips and _is_vip(author, brand):
        reasons.append("vip")
    return tuple(reasons)


def _holds_danger(words: Set[str]) -> bool:
    if not _WORDS.isdisjoint(words):
        return True
    # Few words begin like a beginning: only those are compared with all of them.
    if _HEADS.isdisjoint([word[:_HEAD] for word in words]):
        return False
    return any(word.startswith(_BEGINNINGS) for word in words)


def _is_vip(author: Author, brand: Brand) -> bool:
    names = {name.casefold().lstrip("@") for name in (author.id, author.handle or "")}
    return not names.isdisjoint(brand.vips)
