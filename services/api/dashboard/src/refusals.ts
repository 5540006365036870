// What the server refused, in words that say who has it now and what became of the text.

import { Problem } from "./api/client.ts";
import type { Calendar } from "./logic/time.ts";
import type { Say } from "./words.ts";

export interface Context {
  say: Say;
  person: (name: string) => string;
  calendar: Calendar;
  now: number;
  /** Whether a text was being written. */
  drafted: boolean;
}

export function refusal(error: unknown, context: Context): string {
  const { say } = context;
  if (!(error instanceof Problem)) return say("refused", { why: String(error) });
  if (error.status === 0) return say("refused", { why: say("server_away") });
  if (error.status === 409 || error.status === 412) return conflict(error, context);
  return say("refused", { why: [error.detail, error.remedy].filter(Boolean).join(" ") });
}

function conflict({ code, current }: Problem, { say, person, calendar, now, drafted }: Context): string {
  const text = (name: string) => (typeof current?.[name] === "string" ? String(current[name]) : "");
  if (code === "acknowledged") return say("conflict_ack", { who: person(text("acked_by")) });
  if (code === "mention_edited") return say("conflict_edited");
  if (code === "resolved") return say("conflict_resolved");
  if (code === "done" || text("state") === "done")
    return say("conflict_done", { who: text("holder") ? person(text("holder")) : say("somebody") });
  const until = Date.parse(text("lease_until"));
  if (text("holder") && !(until <= now)) {
    const at = Number.isNaN(until) ? "?" : calendar.time(until);
    return say(drafted ? "conflict" : "conflict_plain", { who: person(text("holder")), at });
  }
  return code === "stale_fence" ? say("conflict_free") : say("conflict_other");
}
