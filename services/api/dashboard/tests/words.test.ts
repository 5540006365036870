import assert from "node:assert/strict";
import test from "node:test";
import { codeInWords, PAIRS, speaker } from "../src/words.ts";

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("every word is there in both languages, with the same things to fill in", () => {
  for (const [name, [nl, en]] of PAIRS) {
    assert.ok(nl.trim() && en.trim(), name);
    assert.deepEqual(holes(nl), holes(en), name);
  }
});

test("what is filled in stands where it belongs", () => {
  assert.equal(speaker("nl")("lost", { s: 3 }), "verbinding weg, opnieuw over 3 s");
  assert.equal(speaker("en")("lost", { s: 3 }), "connection lost, retrying in 3 s");
});

test("a code without words is shown without underscores", () => {
  assert.equal(codeInWords("threat", "nl"), "bedreiging met geweld");
  assert.equal(codeInWords("some_new_code", "nl"), "some new code");
});
