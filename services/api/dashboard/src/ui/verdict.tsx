// Why a mention was judged as it was: the classes with their probabilities and the words that decided.

import type { JSX } from "preact";
import type { Verdict } from "../api/types.ts";
import { percent } from "../logic/figures.ts";
import { markWords } from "../logic/highlight.ts";
import { classInWords, Urgency, useApp } from "./parts.tsx";

export function Said({ text, verdict }: { text: string; verdict: Verdict }): JSX.Element {
  const urgent = verdict.reasons.filter((reason) => reason.effect.startsWith("urgency:"));
  const words = urgent.flatMap((reason) => reason.words).filter((word) => word.length > 2);
  return (
    <p class="said">
      {markWords(text, words).map((piece, index) =>
        piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text,
      )}
    </p>
  );
}

export function WhyVerdict({ verdict }: { verdict: Verdict }): JSX.Element {
  const app = useApp();
  const { say } = app;
  const sure = (p: number | null) => (p === null ? "" : ` ${percent(p)}%`);
  const reasons = [...verdict.reasons].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, 6);
  return (
    <div class="verdict">
      <p class="classes">
        {verdict.urgency && <Urgency level={verdict.urgency} word />}
        <span class="dim">{sure(verdict.urgency_p)}</span>
        {verdict.unsure && (
          <span class="tag unsure" title={say("unsure_hint")}>
            ? {say("unsure")}
          </span>
        )}
        {verdict.intent && <span class="tag">{classInWords(app, verdict.intent) + sure(verdict.intent_p)}</span>}
        {verdict.sentiment && (
          <span class={`tag mood m-${verdict.sentiment}`}>
            {classInWords(app, verdict.sentiment) + sure(verdict.sentiment_p)}
          </span>
        )}
        {verdict.care && verdict.care !== "webcare" && <span class="tag">{classInWords(app, verdict.care)}</span>}
        <span class="tag">{verdict.lang}</span>
      </p>
      <ul class="reasons" aria-label={say("why")}>
        {reasons.length === 0 && <li class="dim">{say("no_reasons")}</li>}
        {reasons.map((reason) => (
          <li key={`${reason.code} ${reason.effect}`}>
            <span>{classInWords(app, reason.code)}</span>
            {reason.words.length > 0 && <q>{reason.words.join(" … ")}</q>}
            {reason.effect && <span class="dim"> → {effectInWords(app, reason.effect)}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** `urgency:critical` as `urgentie kritiek`. */
function effectInWords(app: ReturnType<typeof useApp>, effect: string): string {
  return effect
    .split(":")
    .map((part) => classInWords(app, part))
    .join(" ");
}
