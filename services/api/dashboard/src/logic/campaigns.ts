// Campaigns: which are shown, what a new one begins with, and what is wrong with it.

import type { Problem } from "../api/client.ts";
import type { Campaign, CampaignState, Declared, Extra } from "../api/types.ts";
import { codeInWords, type Say, type Word } from "../words.ts";
import { fromLocal, nextQuarter, toLocal } from "./local.ts";
import type { Lang } from "./time.ts";

const HOUR = 3_600_000;
const USUAL_LENGTH = 4 * HOUR;
const LATELY = 7 * 24 * HOUR;

/** The clock starts and ends a campaign: what it is follows from its times. */
export function stateOf({ starts_at, ends_at }: Campaign, now: number): CampaignState {
  if (now >= Date.parse(ends_at)) return "ended";
  return now >= Date.parse(starts_at) ? "running" : "planned";
}

/** Those that run, of one brand or of all. */
export function running(campaigns: readonly Campaign[], brand: string | null, now: number): Campaign[] {
  return campaigns.filter((each) => (brand === null || each.brand === brand) && stateOf(each, now) === "running");
}

/** Those that run, then those to come, then those that ended in the last week, the last of them first. */
export function inOrder(campaigns: readonly Campaign[], now: number): Campaign[] {
  const ofState = (state: CampaignState) => campaigns.filter((each) => stateOf(each, now) === state);
  const ended = ofState("ended").filter((each) => Date.parse(each.ends_at) > now - LATELY);
  return [...ofState("running"), ...ofState("planned"), ...ended.sort((a, b) => b.ends_at.localeCompare(a.ends_at))];
}

/** The campaigns with one as it is now, new or known. */
export function withOne(campaigns: readonly Campaign[], one: Campaign): Campaign[] {
  const all = [...campaigns.filter((each) => each.id !== one.id), one];
  return all.sort((a, b) => a.starts_at.localeCompare(b.starts_at) || a.id.localeCompare(b.id));
}

/** `5×`, `0,25×` */
export function times(factor: number, lang: Lang): string {
  return `${factor.toLocaleString(lang === "nl" ? "nl-NL" : "en-GB", { maximumFractionDigits: 2 })}×`;
}

export interface StandsBy {
  person: string;
  display: string;
  campaigns: string[];
  /** When the last of these campaigns ends. */
  until: number;
}

/** Who is paged as well now, each once. */
export function standingBy(extra: readonly Extra[], brand: string | null, now: number): StandsBy[] {
  const found = new Map<string, StandsBy>();
  for (const row of extra) {
    const until = Date.parse(row.until);
    if (until <= now || (brand !== null && row.brand !== brand)) continue;
    const known = found.get(row.person) ?? { person: row.person, display: row.display, campaigns: [], until };
    const names = known.campaigns.includes(row.campaign) ? known.campaigns : [...known.campaigns, row.campaign];
    found.set(row.person, { ...known, campaigns: names, until: Math.max(known.until, until) });
  }
  return [...found.values()];
}

/** Why somebody was paged, where it is because of a campaign: the reason `campaign:<name>` in words. */
export function becauseOf(reason: string, lang: Lang): string {
  const [code, ...name] = reason.split(":");
  return code === "campaign" && name.length > 0 ? `${codeInWords(code, lang)}: ${name.join(":")}` : "";
}

/** A campaign as it stands in the form. */
export interface Draft {
  name: string;
  brand: string;
  /** A local time; null: at once. */
  starts_at: string | null;
  ends_at: string;
  factor: string;
  /** Empty: as elsewhere. */
  caution: string;
  people: string[];
}

export const FIELDS = ["name", "brand", "starts_at", "ends_at", "factor", "caution", "people"] as const;
export type Field = (typeof FIELDS)[number];
/** What is wrong, in words, at each field; `whole`: with no single field. */
export type Faults = Partial<Record<Field | "whole", string>>;

/** What a new campaign begins with: four hours from now, twice as much as usual. */
export function blank(brand: string, now: number, zone: string): Draft {
  const ends_at = toLocal(nextQuarter(now + USUAL_LENGTH), zone);
  return { name: "", brand, starts_at: null, ends_at, factor: "2", caution: "", people: [] };
}

/** What to send; where the draft cannot be read or makes no sense, what is wrong. Limits are the server's. */
export function read(draft: Draft, now: number, zone: string): Declared | Partial<Record<Field, Word>> {
  const start = draft.starts_at === null ? now : fromLocal(draft.starts_at, zone);
  const end = fromLocal(draft.ends_at, zone);
  const [factor, caution] = [numberIn(draft.factor), draft.caution.trim() ? numberIn(draft.caution) : 1];
  const wrong: Partial<Record<Field, Word>> = {
    ...(!draft.name.trim() && { name: "camp_wrong_name" }),
    ...(!draft.brand && { brand: "camp_wrong_brand" }),
    ...(Number.isNaN(start) && { starts_at: "camp_wrong_time" }),
    ...(Number.isNaN(end) && { ends_at: "camp_wrong_time" }),
    ...((end <= start || end <= now) && { ends_at: "camp_wrong_over" }),
    ...(Number.isNaN(factor) && { factor: "camp_wrong_factor" }),
    ...(Number.isNaN(caution) && { caution: "camp_wrong_caution" }),
  };
  if (Object.keys(wrong).length > 0) return wrong;
  return {
    name: draft.name.trim(),
    brand: draft.brand,
    ...(draft.starts_at !== null && { starts_at: new Date(start).toISOString() }),
    ends_at: new Date(end).toISOString(),
    factor,
    caution,
    people: draft.people,
  };
}

export function isDeclared(read: Declared | Partial<Record<Field, Word>>): read is Declared {
  return "people" in read && Array.isArray(read.people);
}

/** A number as people write it, with a comma or a point; NaN where it is none. */
export function numberIn(text: string): number {
  return /^\d+([.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) : NaN;
}

const BY_CODE: Record<string, readonly [Field | "whole", Word]> = {
  campaign_over: ["ends_at", "camp_wrong_over"],
  campaign_too_long: ["ends_at", "camp_wrong_long"],
  unknown_brand: ["brand", "camp_wrong_brand"],
  unknown_person: ["people", "camp_wrong_people"],
  too_many_campaigns: ["whole", "camp_too_many"],
  leads_only: ["whole", "camp_leads_only"],
  configured_campaign: ["whole", "camp_configured"],
};

const BY_FIELD: Record<Field, Word> = {
  name: "camp_wrong_name",
  brand: "camp_wrong_brand",
  starts_at: "camp_wrong_time",
  ends_at: "camp_wrong_time",
  factor: "camp_wrong_factor",
  caution: "camp_wrong_caution",
  people: "camp_wrong_people",
};

/** What the server refused, at the field it is about; empty where it is about none that we know. */
export function faultsOf({ code, detail, fields }: Problem, say: Say): Faults {
  const known = BY_CODE[code];
  if (known) return { [known[0]]: say(known[1], { why: detail }) };
  const wrong = FIELDS.filter((field) => fields.includes(field));
  return Object.fromEntries(wrong.map((field) => [field, say(BY_FIELD[field], { why: detail })]));
}
