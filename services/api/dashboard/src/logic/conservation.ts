// The sum that shows that nothing gets lost.

import type { Conservation } from "../api/types.ts";

export const OUTCOMES = ["opened", "folded", "filtered", "duplicates", "edits", "dead"] as const;

export interface Sum {
  /** null: this process does not know. */
  received: number | null;
  refused: number;
  accepted: number;
  outcomes: { name: (typeof OUTCOMES)[number]; count: number }[];
  inFlight: number;
  /** null: nobody adds it up here. */
  holds: boolean | null;
}

/** The sum's parts; those that the figures leave out are taken from the counters. */
export function sumOf(conservation: Conservation): Sum {
  const { figures, counts, holds } = conservation;
  const counted = (name: string) => counts.reduce((sum, count) => (count.name === name ? sum + count.count : sum), 0);
  const value = (name: string) => figures[name] ?? counted(name);
  const outcomes = OUTCOMES.map((name) => ({ name, count: value(name) }));
  const accepted = value("accepted");
  const ended = outcomes.reduce((sum, outcome) => sum + outcome.count, 0);
  const inFlight = figures["in_flight"] ?? (accepted ? Math.max(0, accepted - ended) : 0);
  const received = "received" in figures ? value("received") : null;
  return { received, refused: value("refused"), accepted, outcomes, inFlight, holds };
}
