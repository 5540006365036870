// What a correction begins with, and what it says.

import type { Correction, Heads, MentionCorrections, Verdict } from "../api/types.ts";

export const HEADS = ["urgency", "sentiment", "intent", "care", "lang"] as const;
export type Head = (typeof HEADS)[number];

export const CLASSES: Record<Exclude<Head, "lang">, readonly string[]> = {
  urgency: ["critical", "high", "normal", "low"],
  sentiment: ["negative", "neutral", "positive"],
  intent: ["complaint", "question", "compliment", "remark", "spam"],
  care: ["webcare", "community", "none"],
};

const LANGUAGES = ["nl", "en", "de", "fr", "es", "und"];

/** What can be chosen; a language beyond the usual ones stays choosable where the verdict has it. */
export function choices(head: Head, verdict: Verdict): readonly string[] {
  if (head !== "lang") return CLASSES[head];
  return LANGUAGES.includes(verdict.lang) ? LANGUAGES : [verdict.lang, ...LANGUAGES];
}

/** The form begins with what this person said before, else with what people agreed on, else with the verdict. */
export function prefilled(verdict: Verdict, told: MentionCorrections | undefined, me: string): Partial<Heads> {
  const before = told?.given.find((given) => given.person === me && !given.outdated);
  const filled = HEADS.map((head) => [head, before?.[head] ?? told?.agreed[head] ?? verdict[head]] as const);
  return Object.fromEntries(filled.filter(([, value]) => value !== null));
}

/** What somebody says that is not as the verdict has it. */
export function against(given: Correction, verdict: Verdict): [Head, string][] {
  return HEADS.flatMap((head): [Head, string][] => {
    const said = given[head];
    return said !== null && said !== verdict[head] ? [[head, said]] : [];
  });
}

/** A language by its name. */
export function languageName(code: string, lang: string, unknown: string): string {
  if (code === "und") return unknown;
  try {
    return new Intl.DisplayNames([lang], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
