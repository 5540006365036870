"""What people do with items and incidents: each in the transaction it is given."""

from datetime import datetime

from backbone.errors import BadInput
from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Item, Reply
from services.api.commands import Asked
from services.api.context import Api


async def seen_item(desk: DeskTransaction, item_id: str, asked: Asked) -> Item:
    """An item the caller may see and has seen as it is."""
    item = await desk.item(item_id)
    asked.caller.must_see(item.brand, f"item {item_id}")
    asked.must_match(item)
    return item


async def claim(api: Api, desk: DeskTransaction, item_id: str, asked: Asked) -> Item:
    """Take an item; a critical one's incident that still wakes people is acknowledged with it."""
    cause = asked.cause(api, "claimed")
    # On a snapshot, so that the desk can refuse who cannot win before any lock is waited for.
    async with api.ports.desk.reading() as snapshot:
        await seen_item(snapshot, item_id, asked)
    if asked.seen is not None:
        await seen_item(desk, item_id, asked)
    item = await desk.claim(item_id, cause.actor, cause.at + api.settings.claim_lease, cause)
    incident = await _critical(desk, item)
    if incident is not None and incident.state == "triggered":
        await desk.acknowledge(incident.id, cause.actor, ack_until(api, cause), None, cause)
    return item


async def _critical(desk: DeskTransaction, item: Item) -> Incident | None:
    incident = await desk.incident(item.incident_id) if item.incident_id is not None else None
    return incident if incident is not None and incident.kind == "critical" else None


async def release(api: Api, desk: DeskTransaction, item_id: str, fence: int, asked: Asked) -> Item:
    """Give an item back to its queue."""
    cause = asked.cause(api, "released")
    await seen_item(desk, item_id, asked)
    return await desk.release(item_id, cause.actor, fence, cause)


async def reply(
    api: Api, desk: DeskTransaction, item_id: str, fence: int, said: tuple[str, str | None], asked: Asked
) -> tuple[Reply, Item]:
    """Answer: `said` is the text, and the mention it answers (the newest, if None).

    The same words to the same mention under the same claim are one reply, however often they are sent.
    """
    cause = asked.cause(api, "replied")
    text, to = said
    item = await seen_item(desk, item_id, asked)
    mention_id = to or item.last_mention_id
    named = (await desk.mentions([mention_id])).get(mention_id) if to is not None else None
    if to is not None and (named is None or named.item_id != item_id):
        raise BadInput(f"Mention {to} is not of this item.", code="not_of_item", remedy="Choose one of its mentions.")
    reply_id = asked.own_id("rpl", item_id, fence, mention_id, text)
    given = Reply(id=reply_id, item_id=item_id, mention_id=mention_id, author=cause.actor, text=text, at=cause.at)
    item = await desk.reply(given, fence, cause.at + api.settings.claim_lease, cause)
    stored = [one for one in await desk.item_replies(item_id) if one.id == reply_id]
    return (stored or [given])[0], item


async def resolve(api: Api, desk: DeskTransaction, item_id: str, fence: int, asked: Asked) -> Item:
    """The item is done, and with it the incident that its critical mention opened."""
    cause = asked.cause(api, "resolved")
    await seen_item(desk, item_id, asked)
    item = await desk.resolve(item_id, cause.actor, fence, cause)
    incident = await _critical(desk, item)
    # A repost's item shares the incident of the story; only the item that opened it ends it.
    if incident is not None and incident.item_id == item.id:
        await desk.resolve_incident(incident.id, asked.cause(api, "item_resolved"))
    return item


async def seen_incident(desk: DeskTransaction, incident_id: str, asked: Asked) -> Incident:
    """An incident the caller may see and has seen as it is."""
    incident = await desk.incident(incident_id)
    asked.caller.must_see(incident.brand, f"incident {incident_id}")
    asked.must_match(incident)
    return incident


async def acknowledge(
    api: Api, desk: DeskTransaction, incident_id: str, expected_seq: int | None, asked: Asked
) -> Incident:
    """Take an incident on: nobody more is woken while the acknowledgement lasts."""
    cause = asked.cause(api, "acknowledged")
    await seen_incident(desk, incident_id, asked)
    return await desk.acknowledge(incident_id, cause.actor, ack_until(api, cause), expected_seq, cause)


async def resolve_incident(api: Api, desk: DeskTransaction, incident_id: str, asked: Asked) -> Incident:
    """Close an incident for good."""
    await seen_incident(desk, incident_id, asked)
    return await desk.resolve_incident(incident_id, asked.cause(api, "resolved"))


def ack_until(api: Api, cause: Cause) -> datetime | None:
    """When an acknowledgement given now runs out."""
    return cause.at + api.settings.ack_lease if api.settings.ack_lease is not None else None
