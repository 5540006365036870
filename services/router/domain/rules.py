"""Which queue a mention goes to, or why it goes to none: the first rule that fits decides."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from backbone.errors import BadInput
from contracts.mentions import Mention, Urgency, Verdict
from services.router.domain.settings import Condition, Rule

_ASCII = frozenset(map(chr, range(128)))


class Decision(msgspec.Struct, frozen=True):
    """A queue, or None: nothing to handle. `reason` is the name of the rule that fitted."""

    queue: str | None
    reason: str


class _Subject:
    """One mention as conditions see it; its text is folded only if a rule asks for words."""

    def __init__(self, mention: Mention, verdict: Verdict, urgency: Urgency) -> None:
        self.mention = mention
        self.verdict = verdict
        self.urgency = urgency
        self._folded: str | None = None

    @property
    def folded(self) -> str:
        if self._folded is None:
            self._folded = fold(self.mention.text)
        return self._folded


_Check = Callable[[_Subject], bool]


class _Compiled(NamedTuple):
    checks: tuple[_Check, ...]
    decision: Decision


class RuleBook:
    """The rules in their order. The last must fit everything, so that no mention is left without a decision."""

    def __init__(self, rules: Sequence[Rule], queues: Collection[str]) -> None:
        if not rules or rules[-1].when != Condition():
            raise BadInput(
                "The last rule does not fit every mention.",
                code="no_last_rule",
                remedy="End the rules with one that has a queue and no conditions.",
            )
        self._rules = tuple(_Compiled(_checks(rule.when), _decision(rule, queues)) for rule in rules)

    def decide(self, mention: Mention, verdict: Verdict, urgency: Urgency) -> Decision:
        """What becomes of the mention. `urgency` is the effective one: a level up where the verdict is unsure."""
        subject = _Subject(mention, verdict, urgency)
        return next(rule.decision for rule in self._rules if _fits(rule.checks, subject))


def _fits(checks: tuple[_Check, ...], subject: _Subject) -> bool:
    for check in checks:  # noqa: SIM110 - a generator would take as long as the checks themselves
        if not check(subject):
            return False
    return True


def fold(text: str) -> str:
    """Without case and accents, for comparing words."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    for char in set(apart) - _ASCII:
        if unicodedata.combining(char):
            apart = apart.replace(char, "")
    return apart


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of `words` in a folded text: whole words or phrases; ``word*`` begins a word."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(_word(word) for word in words)})(?!\w)")


def _word(word: str) -> str:
    stem, prefix = (word[:-1], r"\w*") if word.endswith("*") else (word, "")
    return r"\s+".join(re.escape(part) for part in fold(stem).split()) + prefix


def _decision(rule: Rule, queues: Collection[str]) -> Decision:
    if rule.queue is not None and rule.queue not in queues:
        raise BadInput(
            f"Rule {rule.name!r} sends to queue {rule.queue!r}, which there is not.",
            code="no_such_queue",
            remedy=f"Name one of: {', '.join(sorted(queues))}.",
        )
    if rule.filter == (rule.queue is not None):
        raise BadInput(
            f"Rule {rule.name!r} must either name a queue or filter.",
            code="rule_without_effect",
            remedy="Give it `queue: <name>` or `filter: true`, not both.",
        )
    return Decision(rule.queue, rule.name)


def _checks(when: Condition) -> tuple[_Check, ...]:
    """The cheap ones first; words last."""
    listed: tuple[tuple[tuple[str, ...] | None, Callable[[_Subject], str]], ...] = (
        (when.urgencies, lambda each: each.urgency),
        (when.brands, lambda each: each.mention.brand),
        (when.channels, lambda each: each.mention.channel),
        (when.sources, lambda each: each.mention.source),
        (when.langs, lambda each: each.verdict.lang),
        (when.sentiments, lambda each: each.verdict.sentiment),
        (when.intents, lambda each: each.verdict.intent),
        (when.care, lambda each: each.verdict.care),
    )
    checks = [_one_of(values, read) for values, read in listed if values is not None]
    flags: tuple[tuple[bool | None, Callable[[_Subject], bool]], ...] = (
        (when.addressed, lambda each: each.mention.addressed),
        (when.private, lambda each: each.mention.private),
        (when.reposts, lambda each: each.mention.repost_of is not None),
    )
    checks += [_same(wanted, read) for wanted, read in flags if wanted is not None]
    if when.words is not None:
        found = pattern(when.words)
        checks.append(lambda each: found.search(each.folded) is not None)
    return tuple(checks)


def _one_of(values: tuple[str, ...], read: Callable[[_Subject], str]) -> _Check:
    wanted = frozenset(values)
    return lambda each: read(each) in wanted


def _same(wanted: bool, read: Callable[[_Subject], bool]) -> _Check:
    return lambda each: read(each) is wanted
