"""Signals: rules over concepts that stand near each other, and what takes their force away.

`data/rules.tsv` has lines of code, effect, weight, window, concepts and guards. A rule fires where all its concepts
(`a|b`: either) stand within `window` tokens of each other. A guard is a concept; where one of the rule's guards stands
near, in its own reach, the weight is multiplied by the guard's factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from services.classify.domain.resources import rows
from services.classify.domain.text import BREAKS
from services.classify.domain.vocabulary import Found, Hits

_WHOLE_TEXT = 1_000_000
_MOST_PLACES = 100
"""A concept that stands more often in one text says nothing new, and pairs grow with the square."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A concept that weakens a signal when it stands at most `before` tokens ahead or `after` tokens behind it."""

    concept: str
    before: int
    after: int
    factor: float


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    effect: str
    weight: float
    window: int
    parts: tuple[tuple[str, ...], ...]
    guards: tuple[Guard, ...]
    others: tuple[frozenset[str], ...] = field(init=False)
    """Of each part after the first, the concepts of which one must be there."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", tuple(map(frozenset, self.parts[1:])))


class Signal(msgspec.Struct, frozen=True):
    """A rule that fired: its weight after guards, and where its words stand."""

    code: str
    effect: str
    weight: float
    places: tuple[int, ...]
    guards: tuple[str, ...] = ()
    """What took force away."""


class RuleBook:
    """All rules, findable by the concepts that a text has. Immutable once made."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._by_first: dict[str, list[tuple[int, Rule]]] = {}
        for order, rule in enumerate(rules):
            for concept in rule.parts[0]:
                self._by_first.setdefault(concept, []).append((order, rule))

    @classmethod
    def load(cls) -> "RuleBook":
        guards = {
            name: Guard(name, _reach(before), _reach(after), float(factor))
            for name, before, after, factor in rows("guards.tsv")
        }
        return cls([_rule(line, guards) for line in rows("rules.tsv")])

    def signals(self, tokens: Sequence[str], found: Found) -> list[Signal]:
        """The signals of a text, each rule at its strongest place, in the order of the table."""
        fired: dict[int, Signal] = {}
        hits, by_first = found.hits, self._by_first
        for concept in hits:
            if concept in by_first:
                for order, rule in by_first[concept]:
                    if order not in fired and _may_fire(rule, hits) and (signal := _fire(rule, tokens, found)):
                        fired[order] = signal
        return [fired[order] for order in sorted(fired)] if fired else []


def _reach(field: str) -> int:
    return _WHOLE_TEXT if field == "*" else int(field)


def _rule(line: Sequence[str], guards: dict[str, Guard]) -> Rule:
    code, effect, weight, window, parts, *rest = line
    names = rest[0].split() if rest else []
    alternatives = tuple(tuple(part.split("|")) for part in parts.split())
    return Rule(code, effect, float(weight), _reach(window), alternatives, tuple(guards[name] for name in names))


def _may_fire(rule: Rule, hits: Hits) -> bool:
    for others in rule.others:  # noqa: SIM110 - a generator costs more than the look
        if others.isdisjoint(hits):
            return False
    return True


def _fire(rule: Rule, tokens: Sequence[str], found: Found) -> Signal | None:
    options = []
    for part in rule.parts:
        if not (places := _places(part, found.hits)):
            return None
        options.append(places)
    best: Signal | None = None
    for first in options[0]:
        places = [first, *(min(others, key=lambda at: abs(at - first)) for others in options[1:])]
        if max(places) - min(places) <= rule.window:
            signal = _weakened(rule, tokens, found, places)
            best = signal if best is None or signal.weight > best.weight else best
    return best


def _places(part: tuple[str, ...], hits: Hits) -> list[int]:
    if len(part) == 1:
        places = hits.get(part[0], [])
        return places if len(places) <= _MOST_PLACES else places[:_MOST_PLACES]
    return [at for concept in part for at in hits.get(concept, ())[:_MOST_PLACES]]


def _weakened(rule: Rule, tokens: Sequence[str], found: Found, places: Sequence[int]) -> Signal:
    first, last = min(places), max(found.ends.get(at, at) for at in places)
    weight = rule.weight
    by: list[str] = []
    for guard in rule.guards:
        for at in found.hits.get(guard.concept, ())[:_MOST_PLACES]:
            if _near(guard, at, found.ends.get(at, at), first, last) and not _parted(tokens, at, first, last, guard):
                weight *= guard.factor
                by.append(guard.concept)
                break
    return Signal(rule.code, rule.effect, weight, tuple(sorted(set(places))), tuple(by))


def _near(guard: Guard, at: int, end: int, first: int, last: int) -> bool:
    """A negation between the words of a signal belongs to it: "remmen doen het niet"."""
    if guard.concept == "neg" and first <= at <= last:
        return False
    return first - guard.before <= end and at <= last + guard.after


def _parted(tokens: Sequence[str], at: int, first: int, last: int, guard: Guard) -> bool:
    """A guard with a short reach stays within its sentence."""
    if guard.before == _WHOLE_TEXT or first <= at <= last:
        return False
    between = tokens[at:first] if at < first else tokens[last + 1 : at]
    return any(token[0] in BREAKS for token in between)
