"""Opening what may wake a person, together with the escalation that sees to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from backbone.campaigns import Extra, extra_people, running
from backbone.ids import derive
from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Run, Spike, Timer
from contracts.mentions import ClassifiedMention
from services.router.domain.explaining import evidence_of
from services.router.domain.folding import dedup_key, kind_of
from services.router.domain.items import Alarm
from services.router.domain.settings import Policy, RouterSettings
from services.router.paging.escalation import first_at

_MOST_CAMPAIGNS = 1000
"""More than a brand can have declared."""

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


def spike_incident(spike: Spike, now: datetime) -> Incident:
    """The incident of a spike, or of a silence, that belongs to no other."""
    key = dedup_key(spike)
    evidence = evidence_of([spike])
    return Incident(
        id=derive("inc", key, spike.id),
        dedup_key=key,
        brand=spike.brand,
        kind=kind_of(spike),
        state="triggered",
        reason=evidence.get("reason") or kind_of(spike),
        evidence=evidence,
        opened_at=now,
        first_mention_at=datetime.fromisoformat(evidence["since"]),
        spike_id=spike.id,
        drill=spike.drill,
    )


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


async def tell_spikes(tx: DeskTransaction, incident: Incident, members: Sequence[Spike], cause: Cause) -> None:
    """What an open incident rests on, worked out anew from its spikes; nothing where that changed nothing."""
    evidence = evidence_of(members)
    if "unreached" in incident.evidence:
        evidence["unreached"] = incident.evidence["unreached"]
    if incident.state != "resolved" and evidence != incident.evidence:
        await tx.update_evidence(incident.id, evidence, cause)


async def begin_run(tx: DeskTransaction, incident: Incident, settings: RouterSettings, now: datetime) -> None:
    """Start a pass through the brand's policy as it stands now, with who stands by for a campaign that runs now."""
    policy = settings.snapshot(incident.brand, await _standing_by(tx, incident, settings, now))
    await tx.put_run(Run(incident_id=incident.id, epoch=incident.epoch, policy=policy))
    await schedule_step(tx, incident, first_at(msgspec.convert(policy, Policy), now))


async def _standing_by(
    tx: DeskTransaction, incident: Incident, settings: RouterSettings, now: datetime
) -> tuple[Extra, ...]:
    """A drill is no part of a campaign, and wakes nobody who stands by for one."""
    if incident.drill:
        return ()
    declared = await tx.campaigns([incident.brand], now, _MOST_CAMPAIGNS)
    return extra_people(running((*settings.campaigns, *declared), incident.brand, now))


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
