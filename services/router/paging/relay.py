"""What the desk owes the log, in order: written by every change, passed on here, at least once."""

from backbone.ports import Desk, EventLog, NewRecord

_ROWS = 500


class Relay:
    """A crash between append and forgetting repeats the same events, with the same ids."""

    name = "relay"

    def __init__(self, desk: Desk, log: EventLog) -> None:
        self._desk = desk
        self._log = log

    async def step(self) -> bool:
        """Pass on the oldest rows; True if there may be more."""
        async with self._desk.transaction() as tx:
            rows = await tx.outbox(_ROWS)
            if not rows:
                return False
            await self._log.append([NewRecord(row.topic, row.key, row.payload) for row in rows])
            await tx.published(rows)
        return len(rows) == _ROWS
