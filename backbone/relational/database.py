"""What the desk asks of a database: transactions in which ordinary functions run."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from backbone.relational.owed import Owed
from backbone.relational.work import Work

T = TypeVar("T")


class Session(Protocol):
    """One transaction. It begins with its first step; steps run one after the other, never at once.

    Whatever the database refuses for a while (full, locked, away) is raised as Unavailable, naming the database. After
    that the transaction is over, whoever caught it: each further step raises it again.
    """

    @property
    def begun(self) -> bool:
        """A step has run: from then on it sees one state of the database (and, writing, holds its locks)."""
        ...

    async def run(self, step: Callable[[Work], T]) -> T:
        """Run `step` in the transaction."""
        ...

    async def commit(self, last: Callable[[Work], None]) -> None:
        """Run `last`, then make all of it durable, or raise with none of it kept."""
        ...


class Database(Protocol):
    """Where the tables are."""

    def writing(self, owed: Owed) -> AbstractAsyncContextManager[Session]:
        """A transaction that is rolled back at the end of the block unless it was committed."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that sees one snapshot of what was committed, and never waits for who writes."""
        ...

    async def look(self, step: Callable[[Work], T]) -> T:
        """Run one reading step on what is committed now. It holds nothing while it waits, so it may be nested."""
        ...

    async def close(self) -> None:
        """Finish what runs, and let go of all resources; a second call has no effect."""
        ...
