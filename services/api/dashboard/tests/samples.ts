// Records as the api gives them, for the tests to vary.

import type { AuditRow, Bar, Incident, Page, Spike } from "../src/api/types.ts";
import { toldOf } from "../src/logic/spikes.ts";

export const NOW = Date.parse("2026-03-02T09:00:00Z");

export function at(minutes: number): string {
  return new Date(NOW + minutes * 60_000).toISOString();
}

export function incident(changes: Partial<Incident> = {}): Incident {
  return {
    id: "inc_1",
    brand: "Wiedeldoorn",
    kind: "critical",
    state: "triggered",
    reason: "critical_mention",
    evidence: {
      reasons: ["fire_danger", "injury"],
      channel: "x",
      queue: "veiligheid",
      urgency_p_critical: 0.98,
      unsure: false,
    },
    opened_at: at(-10),
    first_mention_at: at(-11),
    mentions: 1,
    item_id: null,
    spike_id: null,
    acked_by: null,
    acked_at: null,
    ack_expires_at: null,
    resolved_by: null,
    resolved_at: null,
    epoch: 0,
    seq: 1,
    drill: false,
    ...changes,
  };
}

export const SPIKE_EVIDENCE = {
  series: "Wiedeldoorn",
  expected: 0.4,
  seen: 23,
  window_s: 1800,
  chance: 3e-12,
  since: at(-30),
  people: 21,
  share_negative: 0.783,
  share_urgent: 0.1,
  stories: [{ signature: 1, seen: 9 }],
  history_days: 14.2,
};

export const COURSE = {
  ...SPIKE_EVIDENCE,
  reason: "grown_since_last_report",
  per_hour: 240,
  peak_per_hour: 310,
  peak_at: at(-5),
  channels: [
    { channel: "x", seen: 18 },
    { channel: "forum", seen: 5 },
  ],
  forecast: [
    { at: at(0), expected: 200, low: 100, high: 400 },
    { at: at(60), expected: 150, low: 40, high: 300 },
  ],
  words: { nl: "Het groeit: nu 240 per uur.", en: "It is growing: now 240 an hour." },
};

export function spike(changes: Partial<Spike> = {}): Spike {
  return {
    id: "spk_1",
    series: "Wiedeldoorn",
    brand: "Wiedeldoorn",
    opened_at: at(-30),
    told_at: at(-20),
    closed_at: null,
    phase: "opened",
    direction: "up",
    evidence: {},
    told: toldOf({}),
    incident_id: "inc_1",
    drill: false,
    ...changes,
  };
}

export function row(number: number, action: string, changes: Partial<AuditRow> = {}): AuditRow {
  return {
    number,
    at: at(number),
    actor: "router",
    method: "system",
    action,
    subject: "inc_1",
    reason: "",
    data: {},
    ...changes,
  };
}

export function page(changes: Partial<Page> = {}): Page {
  return {
    id: "page_1",
    incident_id: "inc_1",
    brand: "Wiedeldoorn",
    kind: "critical",
    person: "sanne",
    channel: "0:webhook",
    epoch: 0,
    loop: 0,
    step: 0,
    state: "accepted",
    reason: "step_due",
    due_at: at(0),
    since: at(-11),
    title: "Kritiek bericht",
    body: "Waarom",
    accepted_at: at(2),
    provider_ref: null,
    digest_id: null,
    last_resort: false,
    drill: false,
    sends: [],
    ...changes,
  };
}

export function bar(minutes: number, count: number, expected: number | null, negative = 0): Bar {
  return {
    start: at(minutes),
    count,
    expected,
    sentiment: { negative, positive: 0, neutral: count - negative },
    urgency: {},
  };
}
