// An incident's evidence in sentences.

import type { Incident } from "../api/types.ts";
import { codeInWords, type Say, type Word } from "../words.ts";
import { figure, odds, percent, windowOf } from "./figures.ts";
import type { Calendar, Lang } from "./time.ts";

export interface Told {
  /** What it is, such as `Piek in berichten over Acme`. */
  title: string;
  /** The one sentence that matters. */
  lead: string;
  /** Short facts, most telling first. */
  facts: string[];
}

export interface Speech {
  say: Say;
  lang: Lang;
  calendar: Calendar;
  now: number;
}

type Evidence = Record<string, unknown>;

export function tell(incident: Incident, speech: Speech): Told {
  const { evidence, kind, brand } = incident;
  if (kind === "spike") return spikeTold(evidence, brand, speech);
  if (kind === "critical") return criticalTold(evidence, speech);
  return { title: codeInWords(kind, speech.lang), lead: codeInWords(incident.reason, speech.lang), facts: [] };
}

/** What a series counts: `brand`, `brand|channel=x`, `brand|kind=negative`. */
export function seriesInWords(series: string, brand: string, say: Say): string {
  const [, part = ""] = series.split("|");
  const [field, value = ""] = part.split("=");
  if (field === "channel") return say("series_channel", { channel: value, brand });
  const known: Record<string, Word> = { negative: "series_negative", urgent: "series_urgent" };
  return say(known[value] ?? "series_all", { brand });
}

function spikeTold(evidence: Evidence, brand: string, speech: Speech): Told {
  const { say, lang, calendar, now } = speech;
  const seen = number(evidence, "seen");
  const expected = number(evidence, "expected");
  const lead = say("ev_seen", {
    seen: figure(seen, lang),
    expected: figure(expected, lang),
    window: windowOf(number(evidence, "window_s"), say, lang),
  });
  const people = number(evidence, "people");
  const since = Date.parse(String(evidence["since"] ?? ""));
  const stories = Array.isArray(evidence["stories"]) ? (evidence["stories"] as { seen?: number }[]) : [];
  const told = stories[0]?.seen ?? 0;
  const days = number(evidence, "history_days");
  const facts = [
    expected > 0 && seen / expected >= 2 ? say("ev_factor", { n: figure(seen / expected, lang) }) : "",
    Number.isNaN(since) ? "" : say("ev_since", { at: calendar.short(since, now) }),
    people === 1 ? say("ev_person") : people ? say("ev_people", { n: figure(people, lang) }) : "",
    "share_negative" in evidence ? say("ev_negative", { n: percent(number(evidence, "share_negative")) }) : "",
    number(evidence, "share_urgent") > 0 ? say("ev_urgent", { n: percent(number(evidence, "share_urgent")) }) : "",
    told > 1 ? say("ev_story", { n: figure(told, lang) }) : "",
    "chance" in evidence ? say("ev_chance", { odds: odds(number(evidence, "chance"), say, lang) }) : "",
    "history_days" in evidence
      ? days < 1
        ? say("ev_little_history")
        : say("ev_history", { n: figure(days, lang) })
      : "",
  ];
  const title = say("spike_in", { what: seriesInWords(String(evidence["series"] ?? ""), brand, say) });
  return { title, lead, facts: facts.filter(Boolean) };
}

function criticalTold(evidence: Evidence, { say, lang }: Speech): Told {
  const codes = Array.isArray(evidence["reasons"]) ? evidence["reasons"].map(String) : [];
  const why = codes.map((code) => codeInWords(code, lang)).join(", ") || say("ev_whole");
  const text = (name: string) => (typeof evidence[name] === "string" ? String(evidence[name]) : "");
  const p = number(evidence, "urgency_p_critical");
  const facts = [
    text("channel") && say("ev_channel", { channel: text("channel") }),
    text("queue") && say("ev_queue", { queue: text("queue") }),
    p > 0 ? say("ev_p", { p: percent(p) }) : "",
    evidence["unsure"] === true ? say("unsure") : "",
  ];
  return { title: say("critical_mention"), lead: say("ev_why", { why }), facts: facts.filter(Boolean) };
}

function number(evidence: Evidence, name: string): number {
  const value = Number(evidence[name]);
  return Number.isFinite(value) ? value : 0;
}
