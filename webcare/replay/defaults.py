"""The settings of a replay without a configuration: every brand watched, one queue and one person on call each."""

from collections.abc import Sequence
from datetime import timedelta

from services.router.domain.settings import (
    Channel,
    Condition,
    Person,
    Policy,
    Queue,
    RouterSettings,
    Rule,
    Step,
    Target,
)

_TARGETS = {
    "critical": Target(within=timedelta(minutes=15)),
    "high": Target(within=timedelta(hours=1)),
    "normal": Target(within=timedelta(hours=4)),
}


def on_call_of(brand: str) -> str:
    """The person on call for a brand."""
    return f"{brand}-on-call"


def default_settings(brands: Sequence[str]) -> RouterSettings:
    """One escalation step without repeat; more than 3 pages to a person in 15 minutes become one digest."""
    return RouterSettings(
        queues=tuple(Queue(name=brand, targets=dict(_TARGETS)) for brand in brands),  # type: ignore[arg-type]
        rules=tuple(_rule(brand, last=brand == brands[-1]) for brand in brands),
        people=tuple(_person(brand) for brand in brands),
        schedules=(),
        policies={brand: _policy(brand) for brand in brands},
    )


def _rule(brand: str, last: bool) -> Rule:
    # The last rule of all fits everything, and what reaches it is of the last brand.
    when = Condition() if last else Condition(brands=(brand,))
    return Rule(name=f"all_of_{brand}", when=when, queue=brand)


def _person(brand: str) -> Person:
    return Person(name=on_call_of(brand), display=brand, channels=(Channel(kind="record", address=brand),))


def _policy(brand: str) -> Policy:
    step = Step(after=timedelta(0), notify=(f"person:{on_call_of(brand)}",))
    return Policy(name=brand, steps=(step,))
