"""Items, incidents and pages."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from backbone import records
from services.api.views.archive import Verdict
from services.api.views.base import View
from services.api.views.corrections import MentionCorrections

_ITEM: JsonDict = {
    "id": "itm_3f0c9a7be1d25a4c0a1b",
    "brand": "acme",
    "queue": "care",
    "state": "claimed",
    "urgency": "high",
    "holder": "anna",
    "fence": 1,
    "seq": 2,
}


class Item(View):
    """One conversation that needs handling; `fence` is what its holder sends with each write."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ITEM]})
    id: str
    brand: str
    queue: str
    channel: str
    source: str
    author_name: str | None
    state: records.ItemState
    urgency: str
    unsure: bool
    sentiment: str
    intent: str
    care: str
    lang: str
    priority: int = Field(description="Lower goes first.")
    reason: str = Field(description="The rule that sent it to its queue.")
    opened_at: datetime
    last_mention_at: datetime
    last_mention_id: str
    excerpt: str
    mentions: int = Field(description="Those of the conversation, and copies by others that were folded into it.")
    people: int = Field(description="Different people behind its mentions.")
    due_at: datetime | None
    overdue: bool
    first_reply_at: datetime | None
    resolved_at: datetime | None
    holder: str | None
    lease_until: datetime | None
    fence: int
    incident_id: str | None
    seq: int
    drill: bool


class ItemList(View):
    """A page of items in handling order; `next` continues."""

    at: datetime
    items: list[Item]
    next: str | None


class Mention(View):
    """One mention of an item, with the verdict and its reasons."""

    id: str
    revision: int
    outcome: str
    reason: str
    created_at: datetime
    text: str
    author_name: str | None
    url: str | None
    verdict: Verdict
    drill: bool
    channel: str
    item_id: str | None
    story: str | None = Field(description="The story it tells; null where none is told.")
    story_reason: str = Field(description="Why it was folded into its story's item, or stands apart.")


class Story(View):
    """What several mentions say: people are counted, not reposts."""

    id: str
    brand: str
    mentions: int
    people: int
    channels: dict[str, int] = Field(description="Mentions by channel, most first.")
    first_at: datetime
    last_at: datetime


class StoryMentions(View):
    """A story's mentions, oldest first; `next` continues."""

    story: Story
    mentions: list[Mention]
    next: str | None


class Reply(View):
    """An answer that was given."""

    id: str
    item_id: str
    mention_id: str
    author: str
    text: str
    at: datetime


class AuditRow(View):
    """One change: who did what, when, how and for which named reason."""

    number: int
    at: datetime
    actor: str
    method: str
    action: str
    subject: str
    reason: str
    data: dict[str, Any]


class ItemDetail(View):
    """An item and all that happened in it."""

    item: Item
    mentions: list[Mention] = Field(description="Those of the conversation; copies by others stand in its story.")
    corrections: list[MentionCorrections] = Field(description="Of the mentions whose verdict somebody corrected.")
    story: Story | None = Field(description="What its conversation says, as most people said it.")
    replies: list[Reply]
    audit: list[AuditRow]


class CorrectionDone(View):
    """The mention's corrections as they now are, and the item after it."""

    corrections: MentionCorrections
    item: Item


class ReplyDone(View):
    """The reply as it was stored, and the item after it."""

    reply: Reply
    item: Item


class Incident(View):
    """Something that may wake a person, with what it rests on."""

    id: str
    brand: str
    kind: str
    state: records.IncidentState
    reason: str
    evidence: dict[str, Any]
    opened_at: datetime
    first_mention_at: datetime
    mentions: int
    item_id: str | None
    spike_id: str | None
    acked_by: str | None
    acked_at: datetime | None
    ack_expires_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    epoch: int
    seq: int
    drill: bool


class IncidentList(View):
    """Incidents, newest first; `next` continues."""

    at: datetime
    incidents: list[Incident]
    next: str | None


class Attempt(View):
    """One send of a page and how it ended."""

    n: int
    started: datetime
    ended: datetime | None
    outcome: str
    detail: str


class Page(View):
    """One attempt series to reach one person; accepted by a provider is not yet delivered, delivered not yet read."""

    id: str
    incident_id: str | None
    brand: str
    kind: str
    person: str
    channel: str
    epoch: int
    loop: int
    step: int
    state: records.PageState
    reason: str
    due_at: datetime
    since: datetime
    title: str
    body: str
    accepted_at: datetime | None
    provider_ref: str | None
    digest_id: str | None
    last_resort: bool
    drill: bool
    sends: list[Attempt] = Field(default=[], description="The attempts, first first.")


class PageList(View):
    """Pages, newest first."""

    at: datetime
    pages: list[Page]


class IncidentDetail(View):
    """An incident, its timeline (oldest first), and the pages it caused with their attempts."""

    incident: Incident
    timeline: list[AuditRow]
    pages: list[Page]


def mention(stored: records.StoredMention) -> Mention:
    """A stored mention with its verdict made readable."""
    plain = msgspec.structs.asdict(stored)
    return Mention.model_validate({**plain, "verdict": Verdict.model_validate(stored.verdict)})


def page(stored: records.Page, attempts: Any = ()) -> Page:
    """A page with its attempts."""
    return Page.model_validate(stored).model_copy(update={"sends": [Attempt.model_validate(one) for one in attempts]})
