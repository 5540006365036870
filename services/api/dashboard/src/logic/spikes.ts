// What is known of a spike or a silence, read from an incident's evidence or a spike of the list.

import type { ForecastHour, Incident, Phase, Spike, SpikeTold } from "../api/types.ts";

/** Kinds of incident that are told by counting: more than expected, or nothing at all. */
export function isCounted(kind: string): boolean {
  return kind === "spike" || kind === "silence";
}

/** Evidence as it was told; what an older version did not tell is empty. */
export function toldOf(evidence: Record<string, unknown>): SpikeTold {
  const words = evidence["words"];
  const hasWords = isRecord(words) && typeof words["nl"] === "string" && typeof words["en"] === "string";
  return {
    words: hasWords ? { nl: String(words["nl"]), en: String(words["en"]) } : null,
    per_hour: numeric(evidence["per_hour"]),
    peak_per_hour: numeric(evidence["peak_per_hour"]),
    peak_at: typeof evidence["peak_at"] === "string" ? evidence["peak_at"] : null,
    channels: records(evidence["channels"]).map((one) => ({ channel: String(one["channel"]), seen: count(one) })),
    stories: records(evidence["stories"]).map((one) => ({ seen: count(one) })),
    campaign: typeof evidence["campaign"] === "string" ? evidence["campaign"] : null,
    forecast: records(evidence["forecast"]).flatMap(hourOf),
  };
}

const BY_REASON: Record<string, Phase> = {
  grown_since_last_report: "growing",
  growing_again: "growing",
  peaked: "peaked",
};

/** The reason is a turn in a spike's life. */
export function isTurn(reason: string): boolean {
  return Object.hasOwn(BY_REASON, reason);
}

/** Where it is in its life, by its spike where that was read, else by what was told last. */
export function phaseOf(incident: Incident, spikes: readonly Spike[]): Phase {
  if (incident.state === "resolved") return "over";
  const own = spikes.find((each) => each.id === incident.spike_id);
  return own?.phase ?? BY_REASON[String(incident.evidence["reason"])] ?? "opened";
}

/** The incident with what was told of its spike last, and when: how it ended stands with the spike only. */
export function asToldLast(incident: Incident, spikes: readonly Spike[]): Incident {
  const own = spikes.find((each) => each.id === incident.spike_id);
  if (!own) return incident;
  const last = own.evidence["closed"] ?? own.evidence["latest"];
  const evidence = { ...incident.evidence, ...(isRecord(last) ? last : {}), told_at: own.told_at };
  return { ...incident, evidence };
}

/** Other series that belong to the incident: those that go on first, then the newest. */
export function othersOf(incident: Incident, spikes: readonly Spike[]): Spike[] {
  return spikes
    .filter((each) => each.incident_id === incident.id && each.id !== incident.spike_id)
    .sort((a, b) => Number(a.closed_at !== null) - Number(b.closed_at !== null) || b.opened_at.localeCompare(a.opened_at));
}

export interface Band {
  hour: ForecastHour;
  /** In percent of the width. */
  left: number;
  width: number;
  middle: number;
}

const HOUR_MS = 3_600_000;

/** The bands of the hours that are not over yet, on one scale from zero to the highest. */
export function bands(forecast: readonly ForecastHour[], now: number): Band[] {
  const ahead = forecast.filter((hour) => Date.parse(hour.at) + HOUR_MS > now);
  const most = Math.max(1, ...ahead.map((hour) => hour.high));
  const place = (value: number) => (Math.min(value, most) / most) * 100;
  return ahead.map((hour) => ({
    hour,
    left: place(hour.low),
    width: Math.max(1, place(hour.high) - place(hour.low)),
    middle: place(hour.expected),
  }));
}

function hourOf(one: Record<string, unknown>): ForecastHour[] {
  const [expected, low, high] = [numeric(one["expected"]), numeric(one["low"]), numeric(one["high"])];
  const at = String(one["at"]);
  if (expected === null || low === null || high === null || Number.isNaN(Date.parse(at))) return [];
  return [{ at, expected, low, high }];
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function count(one: Record<string, unknown>): number {
  return numeric(one["seen"]) ?? 0;
}

function numeric(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
