"""Protects a person from a flood of pages: the first few come at once, the further ones of the window as one digest."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from backbone.ids import derive
from backbone.records import Page
from services.router.domain.settings import Paging

RETRY_BUDGET = timedelta(seconds=120)
"""The longest that one channel is tried before the next."""


class Placement(msgspec.Struct, frozen=True):
    """Whether a page goes by itself (no `digest_id`) or in a digest, which is sent at `digest_at`."""

    reason: str
    digest_id: str | None = None
    digest_at: datetime | None = None


def look_back(now: datetime, paging: Paging) -> datetime:
    """How far back a person's pages bear upon a new one."""
    return now - 2 * paging.digest_window


def place(
    page: Page, recent: Sequence[Page], incident_pages: Sequence[Page], now: datetime, paging: Paging
) -> Placement:
    """Where a new page goes.

    `recent` are the person's pages since `look_back`, `incident_pages` those of the page's incident to anyone. A window
    begins with its first page and ends in the digest; the digest is the first page of what comes after it.
    """
    if page.last_resort:
        return Placement("last_resort")
    if page.kind == "spike" and all(_step(each) == _step(page) for each in incident_pages):
        return Placement("first_of_spike")
    # A drill must never hold back a real page, so the two are counted apart.
    alike = [each for each in recent if each.drill == page.drill]
    waiting = [each for each in alike if _is_open_digest(each, now)]
    if waiting:
        return Placement("flood", waiting[0].id, waiting[0].due_at)
    times = _window(alike, now, paging)
    if len(times) < paging.digest_after:
        return Placement("within_limit")
    start = times[0] if times else now
    return Placement("flood", digest_id(page.person, start, drill=page.drill), start + paging.digest_window)


def digest_id(person: str, window_start: datetime, *, drill: bool = False) -> str:
    """One digest per person and window."""
    return derive("page", "digest", person, window_start.isoformat(), *(("drill",) if drill else ()))


def _step(page: Page) -> tuple[str | None, int, int, int]:
    return (page.incident_id, page.epoch, page.loop, page.step)


def _is_open_digest(page: Page, now: datetime) -> bool:
    return page.kind == "digest" and page.state in ("planned", "due") and page.attempts == 0 and page.due_at > now


def _window(recent: Sequence[Page], now: datetime, paging: Paging) -> list[datetime]:
    """When the pages of the present window came, oldest first; one step over several channels counts once."""
    sent = [each for each in recent if each.state not in ("bundled", "superseded")]
    digests = [each.expires_at - RETRY_BUDGET for each in sent if each.kind == "digest"]
    began = max([now - paging.digest_window, *digests])
    steps = {_step(each): each.created_at for each in reversed(sent) if each.kind != "digest"}
    times = [at for at in [*steps.values(), *digests] if at >= began and at > now - paging.digest_window]
    return sorted(times)
