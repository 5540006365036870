"""The states of a keyed step in memory: what a batch of events, or the passing of time, makes of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic, NamedTuple

from backbone.handling import E, KeyedStep, S
from backbone.ports import NewRecord


class Changes(NamedTuple, Generic[S]):
    """What is to be kept, and what is to be appended before."""

    states: dict[str, S]
    outputs: list[NewRecord]


class KeyedStates(Generic[S, E]):
    """One step's states by key. Nothing changes until `keep`, so that a batch that fails can come again."""

    def __init__(self, step: KeyedStep[S, E]) -> None:
        self._step = step
        self._states: dict[str, S] = {}
        self._due: dict[str, datetime] = {}

    def load(self, stored: Mapping[str, bytes]) -> None:
        """Forget all states, and begin with these."""
        self._states = {}
        self._due = {}
        self.keep({key: self._step.decode(record) for key, record in stored.items()})

    def take_in(self, events: Iterable[E]) -> Changes[S]:
        """Step each event, in order."""
        changes: Changes[S] = Changes({}, [])
        for event in events:
            key = self._step.key(event)
            before = changes.states.get(key) or self._states.get(key)
            changes.states[key], outputs = self._step.step(before, event)
            changes.outputs.extend(outputs)
        return changes

    def let_pass(self, now: datetime) -> Changes[S]:
        """Tick the states whose time has come, in order of their keys."""
        changes: Changes[S] = Changes({}, [])
        for key in sorted(key for key, due in self._due.items() if due <= now):
            changes.states[key], outputs = self._step.tick(self._states[key], now)
            changes.outputs.extend(outputs)
        return changes

    def keep(self, states: Mapping[str, S]) -> None:
        """These are the states from now on."""
        self._states.update(states)
        for key, state in states.items():
            due = self._step.next_due(state)
            if due is None:
                self._due.pop(key, None)
            else:
                self._due[key] = due

    def encoded(self, states: Mapping[str, S]) -> dict[str, bytes]:
        """The states as they are stored."""
        return {key: self._step.encode(state) for key, state in states.items()}

    def get(self, key: str) -> S | None:
        """One state: not to be changed."""
        return self._states.get(key)

    def next_due(self) -> datetime | None:
        """When `let_pass` has something to do."""
        return min(self._due.values(), default=None)
