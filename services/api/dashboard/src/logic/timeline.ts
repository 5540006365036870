// An incident's audit rows as a story: one line per thing that matters, the repeated ones as one.

import type { AuditRow, IncidentDetail, Page } from "../api/types.ts";
import { codeInWords, type Say, type Word } from "../words.ts";
import { becauseOf } from "./campaigns.ts";
import { isTurn } from "./spikes.ts";
import { span, type Lang } from "./time.ts";

export type Mark = "open" | "page" | "sent" | "fail" | "person" | "close" | "quiet";

export interface Entry {
  key: string;
  at: number;
  mark: Mark;
  text: string;
  notes: string[];
  count: number;
}

export interface Teller {
  say: Say;
  lang: Lang;
  clock: (at: number) => string;
  person: (name: string) => string;
}

export function timeline(detail: IncidentDetail, teller: Teller): Entry[] {
  const pages = new Map(detail.pages.map((page) => [page.id, page]));
  const first: Entry = {
    key: "first",
    at: Date.parse(detail.incident.first_mention_at),
    mark: "quiet",
    text: teller.say("tl_first"),
    notes: [],
    count: 1,
  };
  const bundled = new Set(
    detail.timeline.filter((row) => row.action === "page.bundled").map((row) => `${row.subject} ${row.at}`),
  );
  const rows = detail.timeline.filter(
    (row) => row.action !== "page.planned" || !bundled.has(`${row.subject} ${row.at}`),
  );
  const entries = rows.flatMap((row) => entryOf(row, detail, pages, teller));
  return folded(detail.incident.kind === "critical" ? [first, ...entries] : entries);
}

/** A channel such as `0:webhook` by its kind. */
export function channelKind(channel: string): string {
  return channel.slice(channel.indexOf(":") + 1);
}

/** The same thing again, one after the other, is one entry with a count; it keeps its last instant. */
export function folded(entries: readonly Entry[]): Entry[] {
  const result: Entry[] = [];
  for (const entry of entries) {
    const before = result.at(-1);
    if (before && before.mark === "quiet" && before.text === entry.text) {
      result[result.length - 1] = { ...before, at: entry.at, count: before.count + entry.count };
    } else result.push(entry);
  }
  return result;
}

function entryOf(row: AuditRow, detail: IncidentDetail, pages: Map<string, Page>, teller: Teller): Entry[] {
  const page = pages.get(row.subject);
  const told = row.action.startsWith("page.")
    ? pageTold(row, page, Date.parse(detail.incident.opened_at), teller)
    : changeTold(row, detail, teller);
  if (!told) return [];
  return [{ key: String(row.number), at: Date.parse(row.at), count: 1, ...told }];
}

type Told = Pick<Entry, "mark" | "text" | "notes">;

const BY_PERSON: Record<string, [Word, Mark]> = {
  "incident.acknowledged": ["tl_ack", "person"],
  "incident.ack_renewed": ["tl_ack_renewed", "quiet"],
  "item.claimed": ["tl_claimed", "person"],
  "item.renewed": ["tl_renewed", "quiet"],
  "item.released": ["tl_released", "person"],
  "item.replied": ["tl_replied", "person"],
  "item.corrected": ["tl_corrected", "quiet"],
  "item.resolved": ["tl_item_resolved", "close"],
};

const BY_ITSELF: Record<string, [Word, Mark]> = {
  "incident.mention_added": ["tl_mention", "quiet"],
  "incident.unacknowledged": ["tl_unack", "fail"],
  "item.updated": ["tl_item_updated", "quiet"],
  "item.overdue": ["tl_overdue", "fail"],
};

function changeTold(row: AuditRow, detail: IncidentDetail, teller: Teller): Told | null {
  const { say, person } = teller;
  const byPerson = BY_PERSON[row.action];
  if (byPerson)
    return { mark: byPerson[1], text: say(byPerson[0], { who: person(row.actor) }), notes: ackNotes(row, teller) };
  const byItself = BY_ITSELF[row.action];
  if (byItself) return { mark: byItself[1], text: say(byItself[0]), notes: [] };
  switch (row.action) {
    case "incident.updated":
      return { mark: "quiet", text: updatedText(row, teller), notes: [] };
    case "incident.opened":
      return { mark: "open", text: say(openedWord(detail.incident.kind)), notes: [] };
    case "incident.resolved":
      if (ENDED.includes(row.reason)) return { mark: "close", text: say(endedWord(detail.incident.kind)), notes: [] };
      return { mark: "close", text: say("tl_resolved", { who: person(row.actor) }), notes: reasonNotes(row, teller) };
    case "item.opened":
      return { mark: "quiet", text: say("tl_item_opened", { queue: now(row, "queue") }), notes: [] };
    case "item.expired":
      return { mark: "fail", text: say("tl_expired", { who: person(was(row, "holder") || row.actor) }), notes: [] };
    default:
      return { mark: "quiet", text: codeInWords(row.action.replace(".", " "), teller.lang), notes: [] };
  }
}

function openedWord(kind: string): Word {
  const known: Record<string, Word> = {
    spike: "tl_opened_spike",
    silence: "tl_opened_silence",
    critical: "tl_opened_critical",
  };
  return known[kind] ?? "tl_opened";
}

const ENDED = ["spike_over", "silence_over"];

function endedWord(kind: string): Word {
  return kind === "silence" ? "tl_silence_over" : "tl_spike_over";
}

/** What made the evidence new, where the reason is one of a spike's life. */
function updatedText(row: AuditRow, { say, lang }: Teller): string {
  return isTurn(row.reason) ? `${say("tl_updated")}: ${codeInWords(row.reason, lang)}` : say("tl_updated");
}

const PLANNING = ["planned", "bundled"];

function pageTold(row: AuditRow, page: Page | undefined, opened: number, teller: Teller): Told | null {
  const { say, person } = teller;
  const fill = {
    who: person(page?.person ?? now(row, "person")),
    channel: channelKind(page?.channel ?? now(row, "channel")),
    at: page ? teller.clock(Date.parse(page.due_at)) : "",
  };
  const state = row.action.slice("page.".length);
  if (state === "sending") return null;
  const attempts = Number(now(row, "attempts") || page?.sends.length || 0);
  const sentAt = state === "accepted" ? Date.parse(row.at) : NaN;
  const notes = [
    page && PLANNING.includes(state) ? becauseOf(page.reason, teller.lang) : "",
    page && page.step > 0 && PLANNING.includes(state) ? say("step", { n: page.step + 1 }) : "",
    page && page.loop > 0 && PLANNING.includes(state) ? say("round", { n: page.loop + 1 }) : "",
    page?.last_resort && state === "planned" ? say("tl_last_resort") : "",
    attempts > 1 && state !== "planned" ? say("tl_attempt", { n: attempts }) : "",
    page && state === "accepted" ? delayOf(page, sentAt, opened, teller) : "",
    state === "accepted" ? say("not_delivered_yet") : "",
    state === "failed" || state === "due"
      ? (page?.sends.filter((send) => send.outcome !== "accepted").at(-1)?.detail ?? "")
      : "",
  ].filter(Boolean);
  const told: Record<string, [Word, Mark]> = {
    planned: ["tl_planned", "page"],
    due: ["tl_retry", "fail"],
    accepted: ["tl_accepted", "sent"],
    delivered: ["tl_delivered", "sent"],
    read: ["tl_read", "sent"],
    failed: ["tl_failed", "fail"],
    superseded: ["tl_superseded", "quiet"],
    bundled: ["tl_bundled", "quiet"],
  };
  const [word, mark] = told[state] ?? ["tl_planned", "quiet"];
  return { mark, text: say(word, fill), notes };
}

/** A spike's first mention is the start of its window: what counts there is how soon after it was seen. */
function delayOf(page: Page, sentAt: number, opened: number, { say, lang }: Teller): string {
  return page.kind === "critical"
    ? say("delay", { span: span(sentAt - Date.parse(page.since), lang) })
    : say("delay_opened", { span: span(sentAt - opened, lang) });
}

function ackNotes(row: AuditRow, teller: Teller): string[] {
  return row.action === "incident.acknowledged" && row.reason === "claimed" ? reasonNotes(row, teller) : [];
}

function reasonNotes(row: AuditRow, teller: Teller): string[] {
  return ["item_resolved", "claimed"].includes(row.reason) ? [codeInWords(row.reason, teller.lang)] : [];
}

function was(row: AuditRow, name: string): string {
  return pick(row, name, 0);
}

function now(row: AuditRow, name: string): string {
  return pick(row, name, 1);
}

/** The audit tells of a changed field as [was, is]. */
function pick(row: AuditRow, name: string, which: 0 | 1): string {
  const value = row.data[name];
  const one: unknown = Array.isArray(value) ? value[which] : which === 1 ? value : null;
  return one === null || one === undefined ? "" : String(one);
}
