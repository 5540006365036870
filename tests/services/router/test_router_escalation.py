"""The escalation's next step: whom, when, and why."""

from datetime import timedelta

import msgspec
import pytest
from router_world import MINUTE, START, person
from router_world import settings as standard

from backbone.records import Incident, Run
from services.router.domain.settings import Policy, RouterSettings, Step
from services.router.paging.escalation import REPEAT_WAIT, Decision, first_at, next_step, resolve

INCIDENT = Incident(
    id="inc_1",
    dedup_key="k",
    brand="acme",
    kind="critical",
    state="triggered",
    reason="critical_mention",
    evidence={},
    opened_at=START,
    first_mention_at=START,
)
SETTINGS = standard()


def policy(*steps: tuple[float, tuple[str, ...]], repeat: int = 0, last: str | None = None) -> Policy:
    made = tuple(Step(after=after * MINUTE, notify=notify) for after, notify in steps)
    return Policy(name="p", steps=made, repeat=repeat, last_resort=last)


def play(plan: Policy, chosen: RouterSettings = SETTINGS) -> list[tuple[float, tuple[str, ...], str]]:
    """(minute, people, reason) of each decision until the run is over."""
    run = Run(incident_id="inc_1", epoch=0, policy=msgspec.to_builtins(plan))
    at = first_at(plan, START)
    told = []
    while True:
        decision = next_step(run, INCIDENT, chosen, at)
        told.append(((at - START) / MINUTE, decision.people, decision.reason))
        if decision.next_at is None:
            assert decision.run.done
            return told
        run, at = decision.run, decision.next_at


def test_steps_follow_at_their_times_and_the_last_resort_after_the_last():
    """The last resort waits as long as the last step did."""
    plan = policy((0, ("schedule:duty",)), (10, ("person:bram",)), last="person:cor")
    assert play(plan) == [
        (0.0, ("anna",), "step_due"),
        (10.0, ("bram",), "step_due"),
        (20.0, ("cor",), "steps_used_up"),
    ]


def test_without_a_last_resort_the_run_ends_with_its_last_step():
    """One step without repeat is one page."""
    assert play(policy((0, ("person:anna",)))) == [(0.0, ("anna",), "step_due")]


def test_a_repeat_goes_through_all_steps_again():
    """The way back to the first step takes its own wait, else the last step's, else a few minutes."""
    plan = policy((0, ("person:anna",)), (10, ("person:bram",)), repeat=1)
    assert [(minute, who) for minute, who, _ in play(plan)] == [
        (0.0, ("anna",)),
        (10.0, ("bram",)),
        (20.0, ("anna",)),
        (30.0, ("bram",)),
    ]
    alone = play(policy((0, ("person:anna",)), repeat=2))
    assert [minute for minute, _, _ in alone] == [0.0, REPEAT_WAIT / MINUTE, 2 * REPEAT_WAIT / MINUTE]
    slow = play(policy((2, ("person:anna",)), (5, ("person:bram",)), repeat=1))
    assert [minute for minute, _, _ in slow] == [2.0, 7.0, 9.0, 14.0]


def test_an_empty_step_costs_no_time():
    """Nobody behind the first step: the second fires at once and says why."""
    plan = policy((0, ("schedule:gone", "person:nobody")), (10, ("person:bram",)), last="person:cor")
    assert play(plan) == [(0.0, ("bram",), "step_before_empty"), (10.0, ("cor",), "steps_used_up")]


@pytest.mark.parametrize("steps", [(), ((0, ()), (10, ("person:nobody",)))])
def test_where_nobody_is_found_the_last_resort_is_paged_at_once(steps):
    """No steps, or none with anybody behind it, repeats or not."""
    assert play(policy(*steps, repeat=3, last="person:cor")) == [(0.0, ("cor",), "nobody_found")]


def test_where_there_is_nobody_at_all_the_decision_says_so():
    """The run is over and its reason is for people to see."""
    assert play(policy(last="person:gone")) == [(0.0, (), "nobody_to_page")]


def test_people_are_paged_once_in_order_and_only_if_they_can_be_reached():
    """A schedule and a person may be the same human; one without a channel is not there."""
    chosen = standard(people=(person("anna"), person("bram"), msgspec.structs.replace(person("cor"), channels=())))
    targets = ("person:bram", "schedule:duty", "person:anna", "person:cor", "team:x")
    assert resolve(targets, chosen, START) == ("bram", "anna")


@pytest.mark.parametrize(
    ("incident", "run", "reason"),
    [
        ({"state": "acknowledged"}, {}, "incident_acknowledged"),
        ({"state": "resolved"}, {}, "incident_resolved"),
        ({"epoch": 1}, {}, "run_replaced"),
        ({}, {"done": True}, "run_over"),
    ],
)
def test_a_run_that_is_no_longer_wanted_pages_nobody(incident, run, reason):
    """Acknowledged, resolved, replaced or over: the timer that still fires does nothing."""
    plan = msgspec.to_builtins(policy((0, ("person:anna",))))
    begun = msgspec.structs.replace(Run(incident_id="inc_1", epoch=0, policy=plan), **run)
    decision = next_step(begun, msgspec.structs.replace(INCIDENT, **incident), SETTINGS, START)
    assert decision == Decision(reason=reason, run=msgspec.structs.replace(begun, done=True), stopped=True)


def test_the_policy_is_frozen_and_the_people_are_not():
    """Who is on call is asked when the step fires."""
    plan = policy((0, ("schedule:duty",)))
    run = Run(incident_id="inc_1", epoch=0, policy=msgspec.to_builtins(plan))
    later = START + timedelta(days=1)
    other = standard(
        policies={"*": policy()},
        schedules=tuple(
            msgspec.structs.replace(each, rotation=msgspec.structs.replace(each.rotation, people=("bram",)))
            for each in SETTINGS.schedules
        ),
    )
    assert next_step(run, INCIDENT, other, later).people == ("bram",)
