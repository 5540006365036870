"""Pages: planned once, taken by one sender at a time, and every send on record."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from backbone.records import Attempt, Cause, Page, PageState
from backbone.relational.rows import ATTEMPTS, PAGES, micros, micros_or_none
from backbone.relational.tables import attempts, pages
from backbone.relational.work import Work

_PAGE = select(*PAGES.columns)
_IN_ORDER = (pages.c.due_at, pages.c.id)
_DUE_FIRST = attrgetter("due_at", "id")
_NOT_SENDING = pages.c.state.in_(("planned", "due"))
_PENDING: ColumnElement[bool] = literal_column(
    "pages.state IN ('planned', 'due', 'sending')"
)  # as the partial index says it
_LEFT = or_(pages.c.lease_owner == bindparam("owner"), pages.c.lease_until <= bindparam("now"))
_DUE = (
    _PAGE.where(_PENDING, pages.c.due_at <= bindparam("now"), or_(pages.c.state != "sending", _LEFT))
    .order_by(*_IN_ORDER)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(func.min(pages.c.due_at)).where(_PENDING, _NOT_SENDING)
_NEXT_LEFT = select(func.min(pages.c.lease_until)).where(_PENDING, pages.c.state == "sending")
_UNSENT_OF = _PAGE.where(pages.c.incident_id == bindparam("incident"), _NOT_SENDING).order_by(*_IN_ORDER)
_UNSENT = _PAGE.where(_PENDING).order_by(*_IN_ORDER)
_OF_DIGEST = _PAGE.where(pages.c.digest_id == bindparam("digest")).order_by(pages.c.created_at, pages.c.id)
_BY_ID = _PAGE.where(pages.c.id == bindparam("id"))
_TAKES_MORE = select(pages.c.id).where(pages.c.id == bindparam("id"), _NOT_SENDING)
_ATTEMPTS_OF = select(*ATTEMPTS.columns).where(attempts.c.page_id == bindparam("page")).order_by(attempts.c.n)

_THIS = pages.c.id == bindparam("a_page")
_LEASE_GONE: dict[str, Any] = {"lease_owner": None, "lease_until": None}
_TAKE = (
    update(pages)
    .where(_THIS)
    .values(
        state="sending",
        attempts=bindparam("tries"),
        fence=bindparam("new_fence"),
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
    )
)
_NEW_STATE = bindparam("new_state", type_=Text)
_MOVES_ON = or_(
    pages.c.state == "sending",
    and_(pages.c.state == "accepted", _NEW_STATE.in_(("delivered", "read"))),
    and_(pages.c.state == "delivered", _NEW_STATE == "read"),
)
_FINISH = (
    update(pages)
    .where(_THIS, pages.c.fence == bindparam("a_fence"), _MOVES_ON)
    .values(
        state=_NEW_STATE,
        due_at=func.coalesce(bindparam("new_due", type_=BigInteger), pages.c.due_at),
        provider_ref=func.coalesce(bindparam("ref", type_=Text), pages.c.provider_ref),
        accepted_at=case((_NEW_STATE == "accepted", bindparam("at", type_=BigInteger)), else_=pages.c.accepted_at),
        **_LEASE_GONE,
    )
    .returning(*PAGES.columns)
)
_SUPERSEDE = update(pages).where(_THIS).values(state="superseded")
_BUNDLE = (
    update(pages)
    .where(_THIS)
    .values(state="bundled", digest_id=bindparam("digest"), attempts=bindparam("tries"), **_LEASE_GONE)
)
_UNKNOWN = (
    update(attempts)
    .where(attempts.c.page_id == bindparam("a_page"), attempts.c.ended.is_(None))
    .values(ended=bindparam("now"), outcome="unknown", detail="the sender stopped before it knew the result")
)
_NEVER_SENT = delete(attempts).where(attempts.c.page_id == bindparam("a_page"), attempts.c.ended.is_(None))


def plan(work: Work, planned: Sequence[Page], cause: Cause) -> int:
    """See `DeskTransaction.plan_pages`."""
    new = set(work.add_new(pages, [PAGES.values(page) for page in planned]))
    for page in {page.id: page for page in reversed(planned) if page.id in new}.values():
        work.owed.tell("page.planned", None, page, cause)
    return len(new)


def take(work: Work, owner: str, now: datetime, lease_until: datetime, limit: int) -> Sequence[Page]:
    """See `DeskTransaction.take_pages`. Its trail is the attempts: there is no audit row and no event."""
    at = micros(now)
    due = work.records(PAGES, work.lock(_DUE, skip=True), owner=owner, now=at, limit=limit)
    due.sort(key=_DUE_FIRST)  # who changed one meanwhile may have moved it
    left = [page for page in due if page.state == "sending"]
    work.run_all(_UNKNOWN, [{"a_page": page.id, "now": at} for page in left])
    taken = [_taken(page, owner, lease_until) for page in due]
    work.run_all(_TAKE, [_taking(page) for page in taken])
    work.put(attempts, *(ATTEMPTS.values(_begun(page, now)) for page in taken))
    return taken


def _taken(page: Page, owner: str, lease_until: datetime) -> Page:
    return msgspec.structs.replace(
        page,
        state="sending",
        attempts=page.attempts + 1,
        fence=page.fence + 1,
        lease_owner=owner,
        lease_until=lease_until,
    )


def _taking(page: Page) -> dict[str, Any]:
    return {
        "a_page": page.id,
        "tries": page.attempts,
        "new_fence": page.fence,
        "owner": page.lease_owner,
        "until": micros_or_none(page.lease_until),
    }


def _begun(page: Page, now: datetime) -> Attempt:
    return Attempt(page_id=page.id, n=page.attempts, started=now, ended=None, outcome="unknown", detail="begun")


def finish(
    work: Work,
    page: Page,
    attempt: Attempt,
    state: PageState,
    due_at: datetime | None,
    provider_ref: str | None,
    cause: Cause,
) -> bool:
    """See `DeskTransaction.finish_page`. A receipt may move an accepted page on to delivered and read, never back."""
    before = work.find(PAGES, work.lock(_BY_ID), id=page.id)
    after = work.find(
        PAGES,
        _FINISH,
        a_page=page.id,
        a_fence=page.fence,
        new_state=state,
        new_due=micros_or_none(due_at),
        ref=provider_ref,
        at=micros(cause.at),
    )
    if after is None:
        return False
    work.put(attempts, ATTEMPTS.values(attempt))
    work.owed.tell(f"page.{state}", before, after, cause)
    return True


def bundle(work: Work, bundled: Sequence[Page], digest: Page, cause: Cause) -> None:
    """See `DeskTransaction.bundle_pages`; ``page.bundled``. Left alone: what was accepted, failed or taken anew.

    A page that was taken to be sent and is bundled instead was never sent: the attempt that was begun goes. A digest
    that is being sent, or was, takes no more: what it would not tell of goes by itself.
    """
    plan(work, [digest], cause)
    if work.first(work.lock(_TAKES_MORE), id=digest.id) is None:
        return
    fences = {page.id: page.fence for page in bundled}
    found = work.records_in(PAGES, work.lock(_UNSENT.where(work.among(pages.c.id))), fences)
    before = [page for page in found if page.fence == fences[page.id]]
    after = [_bundled(page, digest) for page in before]
    work.run_all(_BUNDLE, [{"a_page": page.id, "digest": digest.id, "tries": page.attempts} for page in after])
    work.run_all(_NEVER_SENT, [{"a_page": page.id} for page in after])
    for was, now in zip(before, after, strict=True):
        work.owed.tell("page.bundled", was, now, cause)


def _bundled(page: Page, digest: Page) -> Page:
    return msgspec.structs.replace(
        page,
        state="bundled",
        digest_id=digest.id,
        attempts=page.attempts - (page.state == "sending"),
        lease_owner=None,
        lease_until=None,
    )


def supersede(work: Work, incident_id: str, cause: Cause) -> None:
    """Pages of an incident that are not yet sending shall not be sent (``page.superseded``)."""
    unsent = work.records(PAGES, work.lock(_UNSENT_OF), incident=incident_id)
    work.run_all(_SUPERSEDE, [{"a_page": page.id} for page in unsent])
    for page in unsent:
        work.owed.tell("page.superseded", page, msgspec.structs.replace(page, state="superseded"), cause)


def of_digest(work: Work, digest_id: str) -> Sequence[Page]:
    """See `DeskTransaction.digest_pages`."""
    return work.records(PAGES, _OF_DIGEST, digest=digest_id)


def in_order(work: Work, incident_id: str | None, person: str | None, since: datetime | None) -> Sequence[Page]:
    """See `DeskTransaction.pages`.

    In a transaction that writes, only it asks for that person's pages until its end: who decides by them whether one
    more is too much decides alone.
    """
    statement = _PAGE.order_by(*_IN_ORDER)
    if incident_id is not None:
        statement = statement.where(pages.c.incident_id == incident_id)
    if person is not None:
        work.alone("person", person)
        statement = statement.where(pages.c.person == person)
    if since is not None:
        statement = statement.where(pages.c.due_at >= micros(since))
    return work.records(PAGES, statement)


def attempts_of(work: Work, page_id: str) -> Sequence[Attempt]:
    """See `DeskTransaction.attempts`."""
    return work.records(ATTEMPTS, _ATTEMPTS_OF, page=page_id)


def next_due(work: Work) -> int | None:
    """When the next page is due, or the next sender's lease runs out; microseconds."""
    times = [time for statement in (_NEXT_DUE, _NEXT_LEFT) if (time := work.run(statement).scalar()) is not None]
    return min(times, default=None)
