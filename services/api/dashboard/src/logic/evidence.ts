// An incident's evidence in sentences.

import type { Incident } from "../api/types.ts";
import { codeInWords, type Say, type Word } from "../words.ts";
import { figure, odds, percent, windowOf } from "./figures.ts";
import { isCounted, toldOf } from "./spikes.ts";
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
  if (isCounted(kind)) return countedTold(evidence, kind, brand, speech);
  if (kind === "critical") return criticalTold(evidence, speech);
  return { title: codeInWords(kind, speech.lang), lead: codeInWords(incident.reason, speech.lang), facts: [] };
}

/** What a series counts: `brand`, `brand|channel=x`, `brand|kind=negative`, `brand|source=x`. */
export function seriesInWords(series: string, brand: string, say: Say): string {
  const [, part = ""] = series.split("|");
  const [field, written = ""] = part.split("=");
  const value = written.replaceAll("%7C", "|").replaceAll("%25", "%");
  if (field === "channel") return say("series_channel", { channel: value, brand });
  if (field === "source") return say("series_source", { source: value, brand });
  const known: Record<string, Word> = { negative: "series_negative", urgent: "series_urgent" };
  return say(known[value] ?? "series_all", { brand });
}

/** In the words that the detector found for it; in its figures where it found none. */
function countedTold(evidence: Evidence, kind: string, brand: string, speech: Speech): Told {
  const { say, lang } = speech;
  const what = seriesInWords(String(evidence["series"] ?? ""), brand, say);
  const title = say(kind === "silence" ? "silence_in" : "spike_in", { what });
  const lead = toldOf(evidence).words?.[lang];
  return lead ? { title, lead, facts: [...whenTold(evidence, speech), ...historyOf(evidence, speech)] } : { title, ...spikeTold(evidence, speech) };
}

/** What was true then need not be so now. */
function whenTold(evidence: Evidence, { say, calendar, now }: Speech): string[] {
  const at = Date.parse(String(evidence["told_at"] ?? ""));
  return Number.isNaN(at) ? [] : [say("ev_told", { at: calendar.short(at, now) })];
}

function historyOf(evidence: Evidence, { say, lang }: Speech): string[] {
  if (!("history_days" in evidence)) return [];
  const days = number(evidence, "history_days");
  return [days < 1 ? say("ev_little_history") : say("ev_history", { n: figure(days, lang) })];
}

function spikeTold(evidence: Evidence, speech: Speech): Omit<Told, "title"> {
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
  const facts = [
    expected > 0 && seen / expected >= 2 ? say("ev_factor", { n: figure(seen / expected, lang) }) : "",
    Number.isNaN(since) ? "" : say("ev_since", { at: calendar.short(since, now) }),
    people === 1 ? say("ev_person") : people ? say("ev_people", { n: figure(people, lang) }) : "",
    "share_negative" in evidence ? say("ev_negative", { n: percent(number(evidence, "share_negative")) }) : "",
    number(evidence, "share_urgent") > 0 ? say("ev_urgent", { n: percent(number(evidence, "share_urgent")) }) : "",
    told > 1 ? say("ev_story", { n: figure(told, lang) }) : "",
    "chance" in evidence ? say("ev_chance", { odds: odds(number(evidence, "chance"), say, lang) }) : "",
    ...historyOf(evidence, speech),
  ];
  return { lead, facts: facts.filter(Boolean) };
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
