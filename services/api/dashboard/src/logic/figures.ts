// Figures in words.

import type { Say } from "../words.ts";
import type { Lang } from "./time.ts";

/** One decimal under ten, none above; the language's own marks. */
export function figure(value: number, lang: Lang): string {
  const decimals = Math.abs(value) < 10 && Math.round(value * 10) % 10 !== 0 ? 1 : 0;
  return value.toLocaleString(lang === "nl" ? "nl-NL" : "en-GB", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

export function percent(share: number): number {
  return Math.round(share * 100);
}

/** A probability as one in so many, in round figures. */
export function odds(chance: number, say: Say, lang: Lang): string {
  if (chance <= 1e-9) return say("ev_tiny");
  const times = 1 / chance;
  if (times >= 1e6) return say("ev_one_in", { n: say("million", { n: figure(rounded(times / 1e6, 1), lang) }) });
  return say("ev_one_in", { n: figure(rounded(times, 2), lang) });
}

/** `30 minuten`, `5,3 uur` */
export function windowOf(seconds: number, say: Say, lang: Lang): string {
  const minutes = Math.round(seconds / 60);
  if (minutes >= 120) return say("hours", { n: figure(minutes / 60, lang) });
  return minutes === 1 ? say("minute") : say("minutes", { n: minutes });
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
