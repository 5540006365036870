"""The desk against small models of what it promises, over histories that hypothesis makes up."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from desk_suite import LEASE, Fresh, actions, at, cause, ended, events, incident, item, page, reply
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from backbone.errors import Conflict
from backbone.ports import Desk
from backbone.records import Incident, Item, Page

T = TypeVar("T")

PEOPLE = st.sampled_from(["ann", "bob", "cem"])
OWNERS = st.sampled_from(["p1", "p2"])
MINUTES = st.sampled_from([1, 4, 15])
STEPS = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class Machine(RuleBasedStateMachine):
    """A desk of its own, and a clock that only goes forward."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.desk: Desk = self.runner.run(fresh().open())
        self.minute = 0

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.minute += minutes

    def write(self, step: Callable[[Any], Coroutine[Any, Any, T]]) -> T | str:
        """What a step in a transaction returned, or the code with which it was refused."""

        async def transact() -> T:
            async with self.desk.transaction() as tx:
                return await step(tx)

        try:
            return self.runner.run(transact())
        except Conflict as refused:
            return refused.code

    def teardown(self) -> None:
        self.runner.run(self.desk.close())
        self.runner.close()


@dataclass
class Claim:
    """What the model knows of one item."""

    number: int = 0
    state: str = "waiting"
    holder: str | None = None
    until: int = 0
    fence: int = 0
    given: list[tuple[str, int]] = field(default_factory=lambda: [("ann", 0)])
    replies: int = 0


class Claims(Machine):
    """Claims and leases: at any time the desk agrees with the model, whoever tries whatever with whichever fence."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__(fresh)
        self.changes = 1
        self.model = Claim()
        self.item = item("c-0")
        self.write(lambda tx: tx.add_items([self.item], cause()))

    def running(self) -> bool:
        return self.model.state == "claimed" and self.model.until > self.minute

    def may(self, ticket: tuple[str, int]) -> bool:
        return self.running() and ticket == (self.model.holder, self.model.fence)

    @rule(person=PEOPLE)
    def claim(self, person: str) -> None:
        result = self.write(
            lambda tx: tx.claim(self.item.id, person, at(self.minute) + LEASE, cause(self.minute, person))
        )
        model = self.model
        if model.state == "done":
            assert result == "done"
        elif self.running() and model.holder != person:
            assert result == "held"
        else:
            model.fence += not (self.running() and model.holder == person)
            model.state, model.holder, model.until = "claimed", person, self.minute + 15
            model.given.append((person, model.fence))
            self.agree(result)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        who, fence = ticket = data.draw(st.sampled_from(self.model.given))
        result = self.write(lambda tx: tx.release(self.item.id, who, fence, cause(self.minute, who)))
        if not self.may(ticket):
            assert result == "stale_fence"
            return
        self.model.state, self.model.holder = "waiting", None
        self.agree(result)

    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        who, fence = ticket = data.draw(st.sampled_from(self.model.given))
        answer = reply(self.item, who, str(self.model.replies), self.minute)
        until = at(self.minute) + LEASE
        result = self.write(lambda tx: tx.reply(answer, fence, until, cause(self.minute, who)))
        if not self.may(ticket):
            assert result == "stale_fence"
            return
        self.model.until = self.minute + 15
        self.model.replies += 1
        self.agree(result)

    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        who, fence = ticket = data.draw(st.sampled_from(self.model.given))
        result = self.write(lambda tx: tx.resolve(self.item.id, who, fence, cause(self.minute, who)))
        if not self.may(ticket):
            assert result == "stale_fence"
            return
        self.model.state, self.model.holder = "done", None
        self.agree(result)

    @rule()
    def expire(self) -> None:
        result = self.write(lambda tx: tx.expire_lease(self.item.id, cause(self.minute)))
        if self.model.state != "claimed" or self.running():
            assert result is None
            return
        self.model.state, self.model.holder = "waiting", None
        self.agree(result)

    @precondition(lambda self: self.model.state == "done")
    @rule()
    def open_anew(self) -> None:
        self.model = Claim(number=self.model.number + 1)
        self.item = replace(item(f"c-{self.model.number}"), conversation="c-0")
        self.write(lambda tx: tx.add_items([self.item], cause(self.minute)))
        self.changes += 1

    def agree(self, result: Any) -> None:
        self.changes += 1
        model = self.model
        assert isinstance(result, Item)
        assert (result.state, result.holder, result.fence) == (model.state, model.holder, model.fence)
        assert result.lease_until == (at(model.until) if model.state == "claimed" else None)

    @invariant()
    def what_stands_is_what_the_last_winner_was_told(self) -> None:
        stored = self.write(lambda tx: tx.item(self.item.id))
        assert isinstance(stored, Item)
        assert (stored.state, stored.holder, stored.fence) == (self.model.state, self.model.holder, self.model.fence)
        leases = at(self.model.until) if self.model.state == "claimed" else None
        assert self.runner.run(self.desk.next_due()) == leases

    @invariant()
    def each_change_and_nothing_else_is_told_once(self) -> None:
        told = self.runner.run(events(self.desk))
        assert len(told) == self.changes == len({event.id for event in told})
        assert self.runner.run(actions(self.desk)) == [event.kind for event in told]


class Incidents(Machine):
    """Incidents and their pages: nobody is paged for what somebody has, and no page is lost or sent by two."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__(fresh)
        self.open: Incident | None = None
        self.until = 0
        self.opened = 0
        self.planned = 0
        self.taken: dict[str, tuple[str, int, Page]] = {}
        """By page: who sends it, until when, and what he was given."""
        self.stale: list[Page] = []

    @rule()
    def trigger(self) -> None:
        self.opened += 1
        new = incident("fire", id=f"inc_{self.opened}", opened_at=at(self.minute))
        result = self.write(lambda tx: tx.open_incident(new, cause(self.minute)))
        assert isinstance(result, tuple)
        found, is_new = result
        assert is_new == (self.open is None)
        if self.open is not None:
            assert found == replace(self.open, mentions=self.open.mentions + 1)
        self.open = found

    @precondition(lambda self: self.open is not None)
    @rule(person=PEOPLE, seen=st.booleans())
    def acknowledge(self, person: str, seen: bool) -> None:
        old = self.open
        assert old is not None
        until, seq = at(self.minute + 15), old.seq if seen else None
        result = self.write(lambda tx: tx.acknowledge(old.id, person, until, seq, cause(self.minute, person)))
        if old.state == "acknowledged" and old.acked_by != person and self.until > self.minute:
            assert result == "acknowledged"
            return
        assert isinstance(result, Incident)
        assert (result.state, result.acked_by, result.seq) == ("acknowledged", person, old.seq + 1)
        self.open, self.until = result, self.minute + 15

    @precondition(lambda self: self.open is not None)
    @rule()
    def unacknowledge(self) -> None:
        old = self.open
        assert old is not None
        result = self.write(lambda tx: tx.unacknowledge(old.id, cause(self.minute)))
        if old.state != "acknowledged" or self.until > self.minute:
            assert result is None
            return
        assert isinstance(result, Incident)
        assert (result.state, result.epoch) == ("triggered", old.epoch + 1)
        self.open = result

    @precondition(lambda self: self.open is not None)
    @rule()
    def resolve(self) -> None:
        old = self.open
        assert old is not None
        result = self.write(lambda tx: tx.resolve_incident(old.id, cause(self.minute, "ann")))
        assert isinstance(result, Incident)
        assert result.state == "resolved"
        self.open = None

    @precondition(lambda self: self.open is not None and self.open.state == "triggered")
    @rule(delay=MINUTES)
    def plan(self, delay: int) -> None:
        self.planned += 1
        new = page(f"p{self.planned}", self.open, due_at=at(self.minute + delay - 1))
        assert self.write(lambda tx: tx.plan_pages([new, new], cause(self.minute))) == 1

    @rule(owner=OWNERS)
    def take(self, owner: str) -> None:
        result = self.write(lambda tx: tx.take_pages(owner, at(self.minute), at(self.minute + 4), 10))
        assert not isinstance(result, str)
        for taken in result:
            if taken.id in self.taken:
                other, until, lost = self.taken[taken.id]
                assert other == owner or until <= self.minute
                assert taken.fence == lost.fence + 1
                self.stale.append(lost)
            self.taken[taken.id] = (owner, self.minute + 4, taken)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), state=st.sampled_from(["accepted", "failed", "due"]))
    def finish(self, data: st.DataObject, state: Any) -> None:
        of = data.draw(st.sampled_from([given for _, _, given in self.taken.values()]))
        due = at(self.minute + 1) if state == "due" else None
        finished = self.write(lambda tx: tx.finish_page(of, ended(of), state, due, None, cause(self.minute)))
        assert finished is True
        del self.taken[of.id]
        self.stale.append(of)

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def finish_what_was_lost(self, data: st.DataObject) -> None:
        of = data.draw(st.sampled_from(self.stale))
        assert self.write(lambda tx: tx.finish_page(of, ended(of), "failed", None, None, cause(self.minute))) is False

    @invariant()
    def one_incident_of_the_key_is_open_and_it_is_the_one_we_know(self) -> None:
        found = self.write(lambda tx: tx.incidents(None, ["triggered", "acknowledged"], 10))
        assert found == ([] if self.open is None else [self.open])

    @invariant()
    def pages_are_where_the_model_has_them(self) -> None:
        pages = self.write(lambda tx: tx.pages())
        assert not isinstance(pages, str)
        assert len(pages) == self.planned
        sending = {one.id: one for one in pages if one.state == "sending"}
        assert sending == {page_id: given for page_id, (_, _, given) in self.taken.items()}
        paged = {one.incident_id for one in pages if one.state == "planned"}
        assert paged <= ({self.open.id} if self.open is not None and self.open.state == "triggered" else set())


@pytest.fixture
def steps(request: pytest.FixtureRequest) -> settings:
    """Fewer histories where each step is a way to a server and back."""
    on_a_server = request.node.get_closest_marker("servers") is not None
    return settings(STEPS, max_examples=4) if on_a_server else STEPS


def test_claims_agree_with_the_model(fresh: Fresh, steps: settings) -> None:
    run_state_machine_as_test(lambda: Claims(fresh), settings=steps)  # type: ignore[no-untyped-call]


def test_incidents_and_pages_agree_with_the_model(fresh: Fresh, steps: settings) -> None:
    run_state_machine_as_test(lambda: Incidents(fresh), settings=steps)  # type: ignore[no-untyped-call]
