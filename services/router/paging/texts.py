"""What a page says: which incident, what it rests on, where to look. No names, no text of a mention."""

from collections.abc import Callable, Sequence
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


def page_text(
    incident: Incident,
    language: Language,
    base_url: str | None,
    *,
    last_resort: bool = False,
    campaign: str | None = None,
) -> Text:
    """The text of a page about one incident; `campaign` is the one because of which this person is paged."""
    code = code_of(incident.id)
    title = f"{_mark(incident.drill, language)}[{code}] {incident.brand}: {_what(incident, language)}"
    lines = _LINES.get(incident.kind, _critical)(incident.evidence, language)
    if last_resort:
        lines = [
            _say(language, "Niemand anders is bereikt of reageerde.", "Nobody else was reached or answered."),
            *lines,
        ]
    if campaign is not None:
        lines.append(
            _say(language, f"U staat extra paraat voor de campagne {campaign}.", f"You stand by for {campaign}.")
        )
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
    name = _say(language, *_NAMES.get(kind, _NAMES["critical"]))
    codes = ", ".join(
        code_of(each.id) + (f" ({_say(language, 'oefening', 'drill')})" if each.drill else "") for each in incidents
    )
    return f"{brand}: {len(incidents)} {name} ({codes})"


def _what(incident: Incident, language: Language) -> str:
    if incident.kind not in _LINES:
        return _say(language, "kritiek bericht", "critical message")
    subject = series(str(incident.evidence.get("series", "")), language)
    if incident.kind == "silence":
        return _say(language, f"stilte: geen {subject}", f"silence: no {subject}")
    return _say(language, f"piek in {subject}", f"spike in {subject}")


def _spike(evidence: dict[str, Any], language: Language) -> list[str]:
    told = _told(evidence, language) or [*_figures(evidence, language), *_explained(evidence, language)]
    return [*told, *_others(evidence, _say(language, "Ook meer dan gewoonlijk", "Also more than usual"), language)]


def _silence(evidence: dict[str, Any], language: Language) -> list[str]:
    told = _told(evidence, language) or _missing(evidence, language)
    return [*told, *_others(evidence, _say(language, "Ook stil", "Also silent"), language)]


def _told(evidence: dict[str, Any], language: Language) -> list[str]:
    """The detector's own words, where it found some."""
    words = evidence.get("words") or {}
    return [words[language]] if words.get(language) else []


def _missing(evidence: dict[str, Any], language: Language) -> list[str]:
    length = window(int(evidence.get("window_s", 0)), language)
    seen = number(evidence.get("seen", 0), language)
    expected = expectation(float(evidence.get("expected", 0.0)), language)
    chance = odds(float(evidence.get("chance", 0.0)), language)
    dutch = f"{seen} berichten in {length} waar {expected} wordt verwacht; kans {chance}."
    return [_say(language, dutch, f"{seen} messages in {length} where {expected} is expected; chance {chance}.")]


def _explained(evidence: dict[str, Any], language: Language) -> list[str]:
    """What part holds most of it, where the title does not say so already."""
    lines = []
    for part in evidence.get("explained_by", ()):
        held = share(part["share"])
        if "story" in part:
            lines.append(_say(language, f"Eén verhaal: {held}.", f"One story: {held}."))
        elif part["series"] != evidence.get("series"):
            subject = series(str(part["series"]), language)
            lines.append(_say(language, f"Vooral {subject} ({held}).", f"Mostly {subject} ({held})."))
    return lines


def _others(evidence: dict[str, Any], what: str, language: Language) -> list[str]:
    names = [series(str(each["series"]), language) for each in evidence.get("folded", ()) if each["phase"] != "over"]
    if not names:
        return []
    more = len(names) - _NAMED
    rest = _say(language, f" en nog {more}", f" and {more} more") if more > 0 else ""
    return [f"{what}: {', '.join(names[:_NAMED])}{rest}."]


def _figures(evidence: dict[str, Any], language: Language) -> list[str]:
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


_NAMED = 4
"""Further series that a page names."""
_NAMES = {"spike": ("piek", "spike"), "silence": ("stilte", "silence"), "critical": ("kritiek", "critical")}
_LINES: dict[str, Callable[[dict[str, Any], Language], list[str]]] = {"spike": _spike, "silence": _silence}


def _ending(drill: bool, language: Language, link: str | None) -> list[str]:
    lines = [_say(language, "Dit is een oefening.", "This is a drill.")] if drill else []
    if link is not None:
        lines.append(_say(language, f"Bekijk en bevestig: {link}", f"Look and acknowledge: {link}"))
    return lines


def _mark(drill: bool, language: Language) -> str:
    return f"{_say(language, 'OEFENING', 'DRILL')} " if drill else ""


def _say(language: Language, dutch: str, english: str) -> str:
    return dutch if language == "nl" else english
