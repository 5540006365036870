"""A channel that reaches nobody: it hands over what it would have sent."""

from collections.abc import Callable

from backbone.ports import Delivery, Notice, Notifier


class RecordNotifier(Notifier):
    """Accepts everything and gives it to `keep` with its idempotency key, repeats too: for replays and rehearsals."""

    def __init__(self, keep: Callable[[Notice, str], None]) -> None:
        self._keep = keep

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        self._keep(notice, idempotency_key)
        return Delivery(outcome="accepted", detail="recorded", ref=idempotency_key)

    async def close(self) -> None:
        """Nothing is held."""
