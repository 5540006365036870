"""What the file says about itself: every name that is used must exist, and every road must lead somewhere."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

import holidays

from services.router.domain.wallclock import at_wall
from webcare.config.document import Place
from webcare.config.schema import ConfigFile, RulePart, WhenPart


class Finding(NamedTuple):
    """One thing about the file as a whole."""

    place: Place
    message: str
    remedy: str
    warning: bool


def check_references(config: ConfigFile) -> Iterator[Finding]:
    """Everything wrong or worth a note that no single value shows."""
    yield from _twice(config)
    yield from _holidays(config)
    yield from _queues(config)
    yield from _rules(config)
    yield from _schedules(config)
    yield from _escalation(config)
    yield from _people(config)
    yield from _campaigns(config)


def _twice(config: ConfigFile) -> Iterator[Finding]:
    for kind in ("brands", "queues", "rules", "people", "schedule", "escalation", "campaigns"):
        seen: set[str] = set()
        for index, part in enumerate(getattr(config, kind)):
            if part.name in seen:
                yield Finding((kind, index, "name"), f"{part.name!r} is there twice.", "Give it another name.", False)
            seen.add(part.name)


def _holidays(config: ConfigFile) -> Iterator[Finding]:
    known = holidays.list_supported_countries()
    for name, hours in config.opening_hours.items():
        if hours.holidays is not None and hours.holidays.upper() not in known:
            found = f"{hours.holidays!r} is no country whose holidays are known."
            yield Finding(("opening_hours", name, "holidays"), found, "Write its two letters, such as nl or be.", False)


def _queues(config: ConfigFile) -> Iterator[Finding]:
    for index, queue in enumerate(config.queues):
        yield from _unknown(("queues", index, "hours"), queue.hours, [*config.opening_hours, "always"], "opening hours")
        if not queue.target:
            yield Finding(("queues", index), "has no target: its items have no clock.", "Add target: {high: 1h}.", True)


def _rules(config: ConfigFile) -> Iterator[Finding]:
    names = [queue.name for queue in config.queues]
    for index, rule in enumerate(config.rules):
        if rule.queue is not None:
            yield from _unknown(("rules", index, "queue"), rule.queue, names, "queue")
        yield from _brand_names(("rules", index, "when", "brand"), rule.when.brand, config)
        if _fits_all(rule) and index < len(config.rules) - 1:
            yield Finding(
                ("rules", index), "fits everything, so the rules below are never asked.", "Move it down.", False
            )
    if not _fits_all(config.rules[-1]):
        remedy = "Add one without 'when', such as {name: rest, queue: ...}."
        yield Finding(("rules", len(config.rules) - 1), "the last rule does not fit everything.", remedy, False)


def _fits_all(rule: RulePart) -> bool:
    return rule.when == WhenPart()


def _schedules(config: ConfigFile) -> Iterator[Finding]:
    people = [person.name for person in config.people]
    for index, schedule in enumerate(config.schedule):
        for turn, name in enumerate(schedule.rotation.people):
            yield from _unknown(("schedule", index, "rotation", "people", turn), name, people, "person")


def _escalation(config: ConfigFile) -> Iterator[Finding]:
    for index, policy in enumerate(config.escalation):
        place: Place = ("escalation", index)
        for number, step in enumerate(policy.steps):
            for target in step.notify:
                yield from _target((*place, "steps", number, "notify"), target, config)
        if policy.last_resort is None:
            remedy = "Add last_resort: person:<name>, who is paged when nobody answered."
            yield Finding(place, "has no last resort.", remedy, True)
        else:
            yield from _target((*place, "last_resort"), policy.last_resort, config)
        yield from _brand_names((*place, "brands"), policy.brands, config)
    if not any(policy.brands is None for policy in config.escalation):
        yield from _uncovered(config)


def _uncovered(config: ConfigFile) -> Iterator[Finding]:
    covered = {brand for policy in config.escalation for brand in policy.brands or ()}
    for index, brand in enumerate(config.brands):
        if brand.name not in covered:
            remedy = "Name it under brands of an escalation, or leave brands out of one."
            yield Finding(("brands", index), f"nobody is woken for {brand.name!r}.", remedy, False)


def _people(config: ConfigFile) -> Iterator[Finding]:
    paged = set(_paged(config))
    for index, person in enumerate(config.people):
        yield from _brand_names(("people", index, "brands"), person.brands, config)
        if person.name in paged and not person.notify:
            remedy = "Add notify: [{kind: webhook, url: ...}]."
            yield Finding(("people", index), f"{person.name!r} is on call and cannot be reached.", remedy, False)
    if any(c.kind == "email" for person in config.people for c in person.notify) and config.email is None:
        remedy = "Add email: {host: ..., sender: ...}."
        yield Finding(("people",), "somebody is reached by e-mail, and there is no mail server.", remedy, False)


def _paged(config: ConfigFile) -> Iterator[str]:
    rotations = {schedule.name: schedule.rotation.people for schedule in config.schedule}
    for policy in config.escalation:
        targets = [target for step in policy.steps for target in step.notify]
        for target in (*targets, policy.last_resort or ""):
            kind, _, name = target.partition(":")
            yield from rotations.get(name, []) if kind == "schedule" else [name]
    for campaign in config.campaigns:
        yield from campaign.people


def _campaigns(config: ConfigFile) -> Iterator[Finding]:
    people = [person.name for person in config.people]
    for index, campaign in enumerate(config.campaigns):
        place: Place = ("campaigns", index)
        for number, name in enumerate(campaign.people):
            yield from _unknown((*place, "people", number), name, people, "person")
        yield from _brand_names((*place, "brands"), campaign.brands, config)
        starts, ends = (at_wall(config.timezone, local) for local in (campaign.starts, campaign.ends))
        if ends <= starts:
            remedy = "Write a later time; a date alone is the whole of that day."
            yield Finding((*place, "to"), "it ends before it begins.", remedy, False)


def _target(place: Place, target: str, config: ConfigFile) -> Iterator[Finding]:
    kind, _, name = target.partition(":")
    known = {"person": [p.name for p in config.people], "schedule": [s.name for s in config.schedule]}
    if kind not in known or not name:
        yield Finding(place, f"{target!r} is no target.", "Write person:<name> or schedule:<name>.", False)
    else:
        yield from _unknown(place, name, known[kind], kind)


def _brand_names(place: Place, named: Iterable[str] | None, config: ConfigFile) -> Iterator[Finding]:
    for name in named or ():
        yield from _unknown(place, name, [brand.name for brand in config.brands], "brand")


def _unknown(place: Place, name: str, known: list[str], what: str) -> Iterator[Finding]:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
        yield Finding(place, f"there is no {what} {name!r}.", remedy, False)
