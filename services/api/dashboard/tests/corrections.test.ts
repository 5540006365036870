import assert from "node:assert/strict";
import test from "node:test";
import type { Correction, MentionCorrections, Verdict } from "../src/api/types.ts";
import { against, choices, HEADS, languageName, prefilled } from "../src/logic/corrections.ts";

const VERDICT: Verdict = {
  lang: "nl",
  sentiment: "neutral",
  sentiment_p: 0.8,
  urgency: "normal",
  urgency_p: 0.7,
  urgency_p_critical: 0.1,
  urgency_p_high: 0.2,
  intent: "question",
  intent_p: 0.8,
  care: "webcare",
  unsure: false,
  reasons: [],
  model: "m",
};

function given(person: string, changes: Partial<Correction> = {}): Correction {
  const nothing = { urgency: null, sentiment: null, intent: null, care: null, lang: null };
  return { person, at: "2026-03-02T09:00:00Z", revision: 0, settles: false, outdated: false, ...nothing, ...changes };
}

function told(...all: Correction[]): MentionCorrections {
  return { mention_id: "men_1", given: all, agreed: {}, disputed: [] };
}

test("the form begins with the verdict, then what people agreed on, then one's own word", () => {
  const verdict = { lang: "nl", sentiment: "neutral", urgency: "normal", intent: "question", care: "webcare" };
  assert.deepEqual(prefilled(VERDICT, undefined, "anna"), verdict);
  const agreed = { ...told(given("bram", { urgency: "high" })), agreed: { urgency: "high" } };
  assert.deepEqual(prefilled(VERDICT, agreed, "anna"), { ...verdict, urgency: "high" });
  const own = told(given("anna", { urgency: "critical" }), given("bram", { urgency: "high" }));
  assert.deepEqual(prefilled(VERDICT, own, "anna"), { ...verdict, urgency: "critical" });
  const old = told(given("anna", { urgency: "critical", outdated: true }));
  assert.deepEqual(prefilled(VERDICT, old, "anna"), verdict);
});

test("only what differs from the verdict is told", () => {
  const said = given("anna", { urgency: "critical", sentiment: "neutral", lang: "en" });
  assert.deepEqual(against(said, VERDICT), [
    ["urgency", "critical"],
    ["lang", "en"],
  ]);
});

test("what the verdict says can always be chosen", () => {
  for (const head of HEADS) assert.ok(choices(head, VERDICT).includes(VERDICT[head] ?? ""), head);
  assert.equal(choices("lang", { ...VERDICT, lang: "tr" })[0], "tr");
});

test("a language has its name", () => {
  assert.equal(languageName("nl", "nl", "?").toLowerCase(), "nederlands");
  assert.equal(languageName("und", "nl", "onbekend"), "onbekend");
  assert.equal(languageName("not a code", "nl", "?"), "not a code");
});
