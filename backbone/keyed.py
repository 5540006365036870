"""The states of a keyed step in memory: what a batch of events, or the passing of time, makes of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush
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
        self._soonest: list[tuple[datetime, str]] = []
        """A heap of what `_due` says or said: entries that are no longer true are passed over when they come up."""

    def load(self, stored: Mapping[str, bytes]) -> None:
        """Forget all states, and begin with these."""
        self._states = {}
        self._due = {}
        self._soonest = []
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
        first = self.next_due()
        if first is None or first > now:
            return changes
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
            elif self._due.get(key) != due:
                self._due[key] = due
                heappush(self._soonest, (due, key))

    def encoded(self, states: Mapping[str, S]) -> dict[str, bytes]:
        """The states as they are stored."""
        return {key: self._step.encode(state) for key, state in states.items()}

    def get(self, key: str) -> S | None:
        """One state: not to be changed."""
        return self._states.get(key)

    def next_due(self) -> datetime | None:
        """When `let_pass` has something to do."""
        while self._soonest and self._due.get(self._soonest[0][1]) != self._soonest[0][0]:
            heappop(self._soonest)
        return self._soonest[0][0] if self._soonest else None
