"""Sends pages: takes what is due, looks once more whether it is still wanted, sends, records how it went.

A crash between send and result leaves a page in ``sending``; it is taken again and sent with the same idempotency key.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from backbone.ports import Clock, Delivery, Desk, DeskTransaction, Notice, Notifier
from backbone.records import Attempt, Cause, Page, PageState
from services.router.domain.settings import Channel, Person, RouterSettings
from services.router.paging.fallback import digested, go_on
from services.router.paging.planning import channel_name
from services.router.paging.texts import Text, code_of, digest_text, link_to

LEASE = timedelta(seconds=60)
"""How long a taken page is this pager's; longer than any notifier's time limit."""
FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 30.0

_AT_ONCE = 20

_log = structlog.get_logger(__name__)


class _Unwanted(NamedTuple):
    """Why a page that was taken is not sent."""

    reason: str


class _Ending(NamedTuple):
    """How a send leaves its page."""

    state: PageState
    reason: str
    again_at: datetime | None = None


class Pager:
    """One sender. `owner` is its name in leases: the same after a restart, and nobody else's.

    `jitter` gives numbers in 0..1 that spread the retries; a replay gives always the same.
    """

    name = "pager"

    def __init__(
        self,
        desk: Desk,
        notifiers: Mapping[str, Notifier],
        settings: RouterSettings,
        clock: Clock,
        owner: str,
        jitter: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._notifiers = notifiers
        self._settings = settings
        self._people = {person.name: person for person in settings.people}
        self._clock = clock
        self._owner = owner
        self._jitter = jitter

    async def step(self) -> bool:
        """Send what is due, all at once, and record the results in order; False if nothing was due."""
        started = self._clock.now()
        async with self._desk.transaction() as tx:
            taken = await tx.take_pages(self._owner, started, started + LEASE, _AT_ONCE)
        if not taken:
            return False
        async with self._desk.reading() as tx:
            wanted = [await self._look(tx, page) for page in taken]
        results = await asyncio.gather(*(self._send(page, each) for page, each in zip(taken, wanted, strict=True)))
        for page, result in zip(taken, results, strict=True):
            await self._record(page, result, started)
        return True

    async def _look(self, tx: DeskTransaction, page: Page) -> Text | _Unwanted:
        """The text to send, or why the page is no longer wanted."""
        if page.kind == "digest":
            return await self._digest(tx, page)
        assert page.incident_id is not None, "only a digest has no incident"
        incident = await tx.incident(page.incident_id)
        if incident.state != "triggered":
            return _Unwanted(f"incident_{incident.state}")
        return Text(page.title, page.body) if incident.epoch == page.epoch else _Unwanted("run_replaced")

    async def _digest(self, tx: DeskTransaction, page: Page) -> Text | _Unwanted:
        incidents = await digested(tx, page)
        if not incidents:
            return _Unwanted("digest_empty")
        person = self._people.get(page.person)
        return digest_text(incidents, "nl" if person is None else person.language, self._settings.base_url)

    async def _send(self, page: Page, wanted: Text | _Unwanted) -> Delivery | _Unwanted:
        if isinstance(wanted, _Unwanted):
            return wanted
        channel = _channel_of(self._people.get(page.person), page.channel)
        if channel is None:
            return Delivery(outcome="permanent", detail="no_such_channel")
        notifier = self._notifiers.get(channel.kind)
        if notifier is None:
            return Delivery(outcome="permanent", detail=f"no_notifier:{channel.kind}")
        try:
            return await notifier.send(self._notice(page, wanted, channel), page.id)
        except Exception as error:  # one notifier's fault must not keep the other pages from going out
            _log.exception("notifier_failed", kind=channel.kind, page=page.id)
            return Delivery(outcome="temporary", detail=f"notifier_failed:{type(error).__name__}")

    def _notice(self, page: Page, text: Text, channel: Channel) -> Notice:
        return Notice(
            page_id=page.id,
            person=page.person,
            address=channel.address,
            kind=page.kind,
            brand=page.brand,
            code=code_of(page.incident_id or page.id),
            title=text.title,
            body=text.body,
            url=link_to(self._settings.base_url, page.incident_id),
            at=self._clock.now(),
            attempt=page.attempts,
            drill=page.drill,
            secret=channel.secret,
        )

    async def _record(self, page: Page, result: Delivery | _Unwanted, started: datetime) -> None:
        now = self._clock.now()
        ending = self._ending(page, result, now)
        attempt = Attempt(
            page_id=page.id,
            n=page.attempts,
            started=started,
            ended=now,
            outcome="not_sent" if isinstance(result, _Unwanted) else result.outcome,
            detail=result.reason if isinstance(result, _Unwanted) else result.detail,
        )
        ref = None if isinstance(result, _Unwanted) else result.ref
        cause = Cause(actor="pager", method="system", at=now, reason=ending.reason)
        async with self._desk.transaction() as tx:
            finished = await tx.finish_page(page, attempt, ending.state, ending.again_at, ref, cause)
            if finished and ending.state == "failed":
                await go_on(tx, page, self._people.get(page.person), cause)

    def _ending(self, page: Page, result: Delivery | _Unwanted, now: datetime) -> _Ending:
        if isinstance(result, _Unwanted):
            return _Ending("superseded", result.reason)
        if result.outcome == "accepted":
            return _Ending("accepted", "accepted")
        if result.outcome == "permanent":
            return _Ending("failed", "permanent_failure")
        again = now + timedelta(seconds=self._backoff(page.attempts))
        if again < page.expires_at:
            return _Ending("due", "temporary_failure", again)
        return _Ending("failed", "retry_budget_spent")

    def _backoff(self, attempts: int) -> float:
        """Full jitter: anything up to a bound that doubles with each attempt."""
        bound: float = min(FIRST_RETRY_S * 2.0 ** min(attempts - 1, 10), LONGEST_RETRY_S)
        return self._jitter() * bound


def _channel_of(person: Person | None, name: str) -> Channel | None:
    """The channel as it was when the page was planned; None if it is no longer there."""
    index = int(name.partition(":")[0])
    if person is None or index >= len(person.channels) or channel_name(person, index) != name:
        return None
    return person.channels[index]
