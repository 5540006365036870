import assert from "node:assert/strict";
import test from "node:test";
import { seriesInWords, tell } from "../src/logic/evidence.ts";
import { odds, windowOf } from "../src/logic/figures.ts";
import { Calendar, type Lang } from "../src/logic/time.ts";
import { speaker } from "../src/words.ts";
import { at, COURSE, incident, NOW, SPIKE_EVIDENCE } from "./samples.ts";

const speech = (lang: Lang) => ({
  say: speaker(lang),
  lang,
  calendar: new Calendar(lang, "Europe/Amsterdam"),
  now: NOW,
});

test("a spike says what was seen where what was expected, in whole words", () => {
  const told = tell(incident({ kind: "spike", evidence: SPIKE_EVIDENCE }), speech("nl"));
  assert.equal(told.title, "Piek in berichten over Wiedeldoorn");
  assert.equal(told.lead, "23 gezien waar 0,4 werd verwacht, in 30 minuten");
  assert.deepEqual(told.facts.slice(0, 4), ["58× het gewone", "sinds 09:30", "21 mensen", "78% negatief"]);
  assert.ok(told.facts.includes("kans kleiner dan 1 op een miljard"));
});

test("a spike that comes with words is told in them, in the reader's language", () => {
  const spiking = incident({ kind: "spike", evidence: COURSE });
  assert.equal(tell(spiking, speech("nl")).lead, COURSE.words.nl);
  assert.equal(tell(spiking, speech("en")).lead, COURSE.words.en);
  assert.deepEqual(tell(spiking, speech("en")).facts, ["expectation from 14 days of history"]);
  const dated = incident({ kind: "spike", evidence: { ...COURSE, told_at: at(-20) } });
  assert.equal(tell(dated, speech("nl")).facts[0], "verteld 09:40");
});

test("a silence is named for what does not come", () => {
  const silent = incident({ kind: "silence", evidence: { ...COURSE, series: "Wiedeldoorn|source=forum%7C1" } });
  assert.equal(tell(silent, speech("nl")).title, "Stilte: geen berichten uit forum|1 over Wiedeldoorn");
});

test("a critical mention says why, by its reasons", () => {
  const told = tell(incident(), speech("en"));
  assert.equal(told.lead, "Because: fire or danger of fire, injury");
  assert.deepEqual(told.facts, ["through x", "in veiligheid", "98% probability of critical"]);
});

test("evidence that leaves things out is told without them", () => {
  assert.equal(tell(incident({ evidence: {} }), speech("nl")).lead, "Omdat: het bericht als geheel");
  assert.deepEqual(tell(incident({ kind: "spike", evidence: {} }), speech("nl")).facts, []);
});

test("a kind we do not know is shown by its own name", () => {
  assert.equal(tell(incident({ kind: "silent_source" }), speech("nl")).title, "silent source");
});

test("a series is named by what it counts", () => {
  const say = speaker("nl");
  assert.equal(seriesInWords("Acme|channel=x", "Acme", say), "berichten op x over Acme");
  assert.equal(seriesInWords("Acme|kind=negative", "Acme", say), "negatieve berichten over Acme");
});

test("a probability is one in so many, in round figures", () => {
  const say = speaker("en");
  assert.equal(odds(0.0001, say, "en"), "1 in 10,000");
  assert.equal(odds(1 / 2_300_000, say, "en"), "1 in 2 million");
  assert.equal(odds(0, say, "en"), "less than 1 in a billion");
});

test("a window is in minutes, from two hours on in hours", () => {
  const say = speaker("nl");
  assert.deepEqual(
    [60, 1800, 7200, 19_140].map((each) => windowOf(each, say, "nl")),
    ["1 minuut", "30 minuten", "2 uur", "5,3 uur"],
  );
});
