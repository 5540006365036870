"""What follows when a page has failed: the person's next channel, else the next who can be asked."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from msgspec.structs import replace

from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Page, PageState
from services.router.domain.settings import Person
from services.router.incidents import schedule_step, tell_unreached
from services.router.paging.bundling import RETRY_BUDGET
from services.router.paging.planning import channel_name, count_planned, page_id

_ON_ITS_WAY: frozenset[PageState] = frozenset({"planned", "due", "sending"})
_REACHED: frozenset[PageState] = frozenset({"accepted", "delivered", "read"})

_log = structlog.get_logger(__name__)


async def go_on(tx: DeskTransaction, failed: Page, person: Person | None, cause: Cause) -> None:
    """Plan the next channel at once; without one, let the escalation of each incident go on."""
    index = int(failed.channel.partition(":")[0]) + 1
    if person is not None and index < len(person.channels):
        following = _by_channel(failed, channel_name(person, index), cause.at)
        next_channel = Cause(actor=cause.actor, method=cause.method, at=cause.at, reason=following.reason)
        await count_planned(tx, await tx.plan_pages([following], next_channel))
        return
    _log.warning("person_not_reached", page=failed.id, person=failed.person, reason=cause.reason)
    for incident in await _subjects(tx, failed):
        await _escalate_now(tx, incident, cause)


async def digested(tx: DeskTransaction, digest: Page) -> list[Incident]:
    """The incidents of a digest that still want somebody, in the order of their pages, each once."""
    found: dict[str, Incident] = {}
    for page in await tx.digest_pages(_root(digest)):
        if page.incident_id is None or page.incident_id in found:
            continue
        incident = await tx.incident(page.incident_id)
        if incident.state == "triggered" and incident.epoch == page.epoch:
            found[incident.id] = incident
    return list(found.values())


async def _subjects(tx: DeskTransaction, page: Page) -> list[Incident]:
    """The incidents a page is about that still want somebody."""
    if page.kind == "digest":
        return await digested(tx, page)
    assert page.incident_id is not None, "only a digest has no incident"
    incident = await tx.incident(page.incident_id)
    return [incident] if incident.state == "triggered" and incident.epoch == page.epoch else []


async def _escalate_now(tx: DeskTransaction, incident: Incident, cause: Cause) -> None:
    """Where nobody was reached and nobody is being tried, the next step does not wait for its time."""
    pages = [page for page in await tx.pages(incident_id=incident.id) if page.epoch == incident.epoch]
    if any(page.state in _REACHED | _ON_ITS_WAY for page in pages) or await _in_live_digest(tx, pages):
        return
    run = await tx.run(incident.id, incident.epoch)
    if run is not None and not run.done:
        await schedule_step(tx, incident, cause.at)
        return
    await tell_unreached(
        tx, incident, Cause(actor=cause.actor, method=cause.method, at=cause.at, reason="no_channel_left")
    )


async def _in_live_digest(tx: DeskTransaction, pages: Sequence[Page]) -> bool:
    """Whether one of these was put into a digest that was accepted or is on its way."""
    for page in pages:
        if page.state == "bundled":
            others = await tx.pages(person=page.person, since=page.created_at)
            digests = [each for each in others if each.kind == "digest" and _root(each) == page.digest_id]
            if any(each.state in _REACHED | _ON_ITS_WAY for each in digests):
                return True
    return False


def _root(digest: Page) -> str:
    """The digest that pages were put into: the page itself, or the one whose channel failed before it."""
    return digest.digest_id or digest.id


def _by_channel(page: Page, channel: str, now: datetime) -> Page:
    """The same page by another channel, with a retry budget of its own."""
    if page.incident_id is None:
        following = page_id(_root(page), 0, 0, 0, page.person, channel)
    else:
        following = page_id(page.incident_id, page.epoch, page.loop, page.step, page.person, channel)
    budget = min(page.expires_at - page.created_at, RETRY_BUDGET)
    return replace(
        page,
        id=following,
        channel=channel,
        state="planned",
        reason="next_channel",
        due_at=now,
        created_at=now,
        expires_at=now + budget,
        attempts=0,
        lease_owner=None,
        lease_until=None,
        fence=0,
        digest_id=_root(page) if page.kind == "digest" else None,
    )
