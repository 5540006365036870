"""From a decision of the escalation to pages on the desk, each sent by itself or put in a digest."""

from datetime import datetime

from backbone.ids import derive
from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Page
from services.router.domain.settings import Person, RouterSettings
from services.router.paging.bundling import RETRY_BUDGET, Placement, look_back, place
from services.router.paging.escalation import Decision
from services.router.paging.texts import digest_text, page_text


def pages_of(decision: Decision, incident: Incident, settings: RouterSettings, now: datetime) -> tuple[Page, ...]:
    """A page per person, by the first of their channels."""
    budget = RETRY_BUDGET if decision.next_at is None else min(decision.next_at - now, RETRY_BUDGET)
    people = {person.name: person for person in settings.people}
    campaigns = {each.person: each.campaign for each in decision.extra}
    return tuple(
        _page(decision, incident, people[name], settings, now, now + budget, campaigns.get(name))
        for name in decision.people
    )


def channel_name(person: Person, index: int) -> str:
    """A channel as pages name it, such as ``0:webhook``."""
    return f"{index}:{person.channels[index].kind}"


def page_id(incident_id: str, epoch: int, loop: int, step: int, person: str, channel: str) -> str:
    """The id of a page, and the idempotency key of each of its sends."""
    return derive("page", incident_id, epoch, loop, step, person, channel)


async def plan(
    tx: DeskTransaction, decision: Decision, incident: Incident, settings: RouterSettings, cause: Cause
) -> None:
    """Put a decision's pages on the desk; those that would make a flood go into the person's digest."""
    for page in pages_of(decision, incident, settings, cause.at):
        recent = await tx.pages(person=page.person, since=look_back(cause.at, settings.paging))
        placement = place(page, recent, await tx.pages(incident_id=incident.id), cause.at, settings.paging)
        await count_planned(tx, await tx.plan_pages([page], cause))
        if placement.digest_id is not None and placement.digest_at is not None:
            digest = _digest(page, placement.digest_id, placement.digest_at, incident, settings)
            if all(each.id != digest.id for each in recent):
                await count_planned(tx, 1)
            await tx.bundle_pages([page], digest, _with_reason(cause, placement))


async def count_planned(tx: DeskTransaction, pages: int) -> None:
    """Count new pages for the conservation law."""
    await tx.count({("pages_planned", ""): pages})


def _page(
    decision: Decision,
    incident: Incident,
    person: Person,
    settings: RouterSettings,
    now: datetime,
    expires_at: datetime,
    campaign: str | None,
) -> Page:
    channel = channel_name(person, 0)
    text = page_text(incident, person.language, settings.base_url, last_resort=decision.last_resort, campaign=campaign)
    return Page(
        id=page_id(incident.id, incident.epoch, decision.loop, decision.step, person.name, channel),
        incident_id=incident.id,
        brand=incident.brand,
        kind=incident.kind,
        person=person.name,
        channel=channel,
        epoch=incident.epoch,
        loop=decision.loop,
        step=decision.step,
        state="planned",
        reason=f"campaign:{campaign}" if campaign else decision.reason,
        due_at=now,
        created_at=now,
        since=incident.first_mention_at,
        expires_at=expires_at,
        title=text.title,
        body=text.body,
        last_resort=decision.last_resort,
        drill=incident.drill,
    )


def _digest(page: Page, digest_id: str, at: datetime, incident: Incident, settings: RouterSettings) -> Page:
    """The digest that a page goes into; its text is made when it is sent."""
    language = next(person.language for person in settings.people if person.name == page.person)
    text = digest_text([incident], language, settings.base_url)
    return Page(
        id=digest_id,
        incident_id=None,
        brand=page.brand,
        kind="digest",
        person=page.person,
        channel=page.channel,
        epoch=0,
        loop=0,
        step=0,
        state="planned",
        reason="flood",
        due_at=at,
        created_at=page.created_at,
        since=page.since,
        expires_at=at + RETRY_BUDGET,
        title=text.title,
        body=text.body,
        drill=page.drill,
    )


def _with_reason(cause: Cause, placement: Placement) -> Cause:
    return Cause(actor=cause.actor, method=cause.method, at=cause.at, reason=placement.reason)
