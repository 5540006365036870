"""What a page says: which incident, what it rests on, where to look. No names, no text of a mention."""

from collections.abc import Sequence
from typing import Any

import msgspec

from backbone.records import Incident
from services.router.paging.words import Language, expectation, number, odds, reason_in_words, series, share, window


class Text(msgspec.Struct, frozen=True):
    """A page's title and body."""

    title: str
    body: str


def code_of(incident_id: str) -> str:
    """The short code of an incident that people can say to each other."""
    return incident_id[-6:].upper()


def link_to(base_url: str | None, incident_id: str | None) -> str | None:
    """Where the dashboard shows the incident (or all of them)."""
    if base_url is None:
        return None
    return f"{base_url.rstrip('/')}/#/" + (f"incident/{incident_id}" if incident_id else "incidents")


def page_text(incident: Incident, language: Language, base_url: str | None, *, last_resort: bool = False) -> Text:
    """The text of a page about one incident."""
    code = code_of(incident.id)
    spike = incident.kind == "spike"
    title = f"{_mark(incident.drill, language)}[{code}] {incident.brand}: {_what(spike, incident.evidence, language)}"
    lines = _spike(incident.evidence, language) if spike else _critical(incident.evidence, language)
    if last_resort:
        lines = [
            _say(language, "Niemand anders is bereikt of reageerde.", "Nobody else was reached or answered."),
            *lines,
        ]
    return Text(title, "\n".join([*lines, *_ending(incident.drill, language, link_to(base_url, incident.id))]))


def digest_text(incidents: Sequence[Incident], language: Language, base_url: str | None) -> Text:
    """The text of a digest: how many incidents of what kind, per brand, with their codes."""
    drill = bool(incidents) and all(incident.drill for incident in incidents)
    count = len(incidents)
    what = _say(language, "incident" if count == 1 else "incidenten", "incident" if count == 1 else "incidents")
    title = f"{_mark(drill, language)}{_say(language, 'Verzameld', 'Digest')}: {count} {what}"
    groups: dict[tuple[str, str], list[Incident]] = {}
    for incident in incidents:
        groups.setdefault((incident.brand, incident.kind), []).append(incident)
    lines = [_group(brand, kind, groups[brand, kind], language) for brand, kind in sorted(groups)]
    return Text(title, "\n".join([*lines, *_ending(drill, language, link_to(base_url, None))]))


def _group(brand: str, kind: str, incidents: Sequence[Incident], language: Language) -> str:
    name = _say(language, "piek", "spike") if kind == "spike" else _say(language, "kritiek", "critical")
    codes = ", ".join(
        code_of(each.id) + (f" ({_say(language, 'oefening', 'drill')})" if each.drill else "") for each in incidents
    )
    return f"{brand}: {len(incidents)} {name} ({codes})"


def _what(spike: bool, evidence: dict[str, Any], language: Language) -> str:
    if spike:
        subject = series(str(evidence.get("series", "")), language)
        return _say(language, f"piek in {subject}", f"spike in {subject}")
    return _say(language, "kritiek bericht", "critical message")


def _spike(evidence: dict[str, Any], language: Language) -> list[str]:
    seen = number(evidence.get("seen", 0), language)
    expected = expectation(float(evidence.get("expected", 0.0)), language)
    people = number(evidence.get("people", 0), language)
    length = window(int(evidence.get("window_s", 0)), language)
    chance = odds(float(evidence.get("chance", 0.0)), language)
    negative, urgent = share(evidence.get("share_negative", 0.0)), share(evidence.get("share_urgent", 0.0))
    lines = [
        _say(
            language,
            f"{seen} berichten in {length} waar {expected} wordt verwacht, van {people} mensen; kans {chance}.",
            f"{seen} messages in {length} where {expected} is expected, from {people} people; chance {chance}.",
        ),
        _say(language, f"{negative} negatief, {urgent} urgent.", f"{negative} negative, {urgent} urgent."),
    ]
    days = float(evidence.get("history_days", 0.0))
    if days < 1:
        lines.append(
            _say(language, "Nog geen dag geschiedenis om op te bouwen.", "Less than a day of history to go by.")
        )
    return lines


def _critical(evidence: dict[str, Any], language: Language) -> list[str]:
    reasons = [reason_in_words(str(code), language) for code in evidence.get("reasons", ())]
    why = ", ".join(reasons) or _say(language, "het bericht als geheel", "the message as a whole")
    place = _say(
        language,
        f"Via {evidence.get('channel', '?')}, in wachtrij {evidence.get('queue', '?')}.",
        f"Through {evidence.get('channel', '?')}, in queue {evidence.get('queue', '?')}.",
    )
    return [_say(language, f"Waarom: {why}.", f"Why: {why}."), place]


def _ending(drill: bool, language: Language, link: str | None) -> list[str]:
    lines = [_say(language, "Dit is een oefening.", "This is a drill.")] if drill else []
    if link is not None:
        lines.append(_say(language, f"Bekijk en bevestig: {link}", f"Look and acknowledge: {link}"))
    return lines


def _mark(drill: bool, language: Language) -> str:
    return f"{_say(language, 'OEFENING', 'DRILL')} " if drill else ""


def _say(language: Language, dutch: str, english: str) -> str:
    return dutch if language == "nl" else english
