import assert from "node:assert/strict";
import test from "node:test";
import type { Topics } from "../src/api/types.ts";
import { asQuestion, basis, caution, rate } from "../src/logic/topics.ts";
import { speaker } from "../src/words.ts";
import { at } from "./samples.ts";

const say = speaker("nl");

function topics(changes: Partial<Topics> = {}): Topics {
  const topic = {
    term: "geen stroom",
    written: "geen stroom",
    mentions: 40,
    people: 38,
    share: 0.76,
    share_before: 0.0001,
    score: 9.1,
    example: "men_1",
  };
  const now = { since: at(-30), until: at(0), mentions: 50, read: 50, people: 48 };
  const before = { since: at(-40_000), until: at(-30), mentions: 98_000, read: 3_990, people: 2_100 };
  return { brand: "acme", reason: "stands_out", topics: [topic], now, before, ...changes };
}

const first = (about: Topics) => about.topics[0]!;

test("a term says how many say it now, and whether they used to", () => {
  const about = topics();
  assert.equal(rate(first(about), about, say), "76% nu, anders zelden");
  assert.equal(rate({ ...first(about), share_before: 0.12 }, about, say), "76% nu, anders 12%");
  assert.equal(rate({ ...first(about), share: 1 }, about, say), "iedereen nu, anders zelden");
});

test("what one person says has no rate", () => {
  const about = topics({ now: { ...topics().now, people: 1 } });
  assert.equal(rate(first(about), about, say), "");
});

test("the basis tells a sample from the whole", () => {
  assert.equal(basis(topics(), say, "nl"), "Uit 50 berichten, tegen 3.990 van 98.000 in de 28 dagen ervoor.");
});

test("every reason has its words, and what needs none has none", () => {
  assert.equal(caution(topics(), say), "");
  for (const reason of ["little_history", "nothing_stands_out", "no_mentions"] as const)
    assert.ok(caution(topics({ reason }), say).length > 20);
});

test("a term is searched for as it stands", () => {
  assert.equal(asQuestion(first(topics())), '"geen stroom"');
});
