"""Opening what may wake a person, together with the escalation that sees to it."""

from datetime import datetime
from typing import Any

import msgspec
import structlog

from backbone.ids import derive
from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Run, Timer
from contracts.mentions import ClassifiedMention
from contracts.volume import SpikeEvent
from services.router.domain.items import Alarm
from services.router.domain.settings import Policy, RouterSettings
from services.router.paging.escalation import first_at

_log = structlog.get_logger(__name__)


def critical_incident(alarm: Alarm, queue: str, now: datetime) -> Incident:
    """The incident of a critical mention: one open per conversation."""
    mention = alarm.said.mention
    key = f"{mention.brand}|{alarm.conversation}"
    # A later text of a mention can be an alarm of its own, after the one before was resolved.
    revision = (mention.revision,) if mention.revision else ()
    return Incident(
        id=derive("inc", key, mention.id, *revision),
        dedup_key=key,
        brand=mention.brand,
        kind="critical",
        state="triggered",
        reason="critical_mention",
        evidence=_critical_evidence(alarm.said, queue),
        opened_at=now,
        first_mention_at=mention.created_at,
        item_id=alarm.item_id,
        drill=mention.drill,
    )


def spike_incident(event: SpikeEvent, now: datetime) -> Incident:
    """The incident of a spike: one open per series."""
    key = f"{event.brand}|spike|{event.series}"
    return Incident(
        id=derive("inc", key, event.spike_id),
        dedup_key=key,
        brand=event.brand,
        kind="spike",
        state="triggered",
        reason=event.evidence.reason or "spike",
        evidence=spike_evidence(event),
        opened_at=now,
        first_mention_at=event.evidence.since,
        spike_id=event.spike_id,
        drill=event.drill,
    )


def spike_evidence(event: SpikeEvent) -> dict[str, Any]:
    """A spike's evidence as plain data, with the series it is of."""
    return {"series": event.series, **msgspec.to_builtins(event.evidence)}


async def raise_critical(
    tx: DeskTransaction, alarm: Alarm, queue: str, told_in: str | None, settings: RouterSettings, cause: Cause
) -> Incident:
    """The incident of a critical mention.

    `told_in` is the incident of its story, if it tells one again: while that is open it counts there and wakes nobody;
    after that a repost or copy still wakes nobody, and somebody's own words open an incident of their own.
    """
    incident = critical_incident(alarm, queue, cause.at)
    told = None if told_in is None else await tx.incident(told_in)
    if told is not None and told.state == "resolved" and alarm.copy:
        await tx.count({("alarms", told.kind): 1, ("incidents_folded", told.kind): 1})
        return told
    if told is not None and told.state != "resolved":
        incident = msgspec.structs.replace(incident, dedup_key=told.dedup_key)
    held, _ = await raise_incident(tx, incident, settings, cause)
    return held


async def raise_incident(
    tx: DeskTransaction, incident: Incident, settings: RouterSettings, cause: Cause
) -> tuple[Incident, bool]:
    """Open it with its escalation, or count one more on the open one of its key; True if it is new."""
    held, new = await tx.open_incident(incident, cause)
    await tx.count(
        {("alarms", incident.kind): 1, ("incidents_opened" if new else "incidents_folded", incident.kind): 1}
    )
    if new:
        await begin_run(tx, held, settings, cause.at)
    return held, new


async def begin_run(tx: DeskTransaction, incident: Incident, settings: RouterSettings, now: datetime) -> None:
    """Start a pass through the brand's policy as it stands now."""
    policy = settings.snapshot(incident.brand)
    await tx.put_run(Run(incident_id=incident.id, epoch=incident.epoch, policy=policy))
    await schedule_step(tx, incident, first_at(msgspec.convert(policy, Policy), now))


async def schedule_step(tx: DeskTransaction, incident: Incident, at: datetime) -> None:
    """Set when the escalation looks again."""
    await tx.schedule(Timer(kind="escalate", subject=incident.id, due_at=at, data={"epoch": incident.epoch}))


async def tell_unreached(tx: DeskTransaction, incident: Incident, cause: Cause) -> None:
    """Nobody is left to page: say so where people look, in the incident and its timeline."""
    _log.error("nobody_reached", incident=incident.id, brand=incident.brand, reason=cause.reason)
    await tx.update_evidence(incident.id, {**incident.evidence, "unreached": cause.reason}, cause)


def _critical_evidence(said: ClassifiedMention, queue: str) -> dict[str, Any]:
    """Codes and figures only: the words that carried a reason are somebody's words."""
    verdict = said.verdict
    held = [reason for reason in verdict.reasons if "_but_" not in reason.code]  # the others were outweighed
    leading = [reason.code for reason in held if reason.effect == "urgency:critical"]
    others = [reason.code for reason in held if reason.effect.startswith("urgency:")]
    return {
        "mention_id": said.mention.id,
        "channel": said.mention.channel,
        "queue": queue,
        "lang": verdict.lang,
        "urgency_p_critical": verdict.urgency_p_critical,
        "unsure": verdict.unsure,
        "reasons": list(dict.fromkeys(leading or others)),
    }
