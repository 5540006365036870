import assert from "node:assert/strict";
import test from "node:test";
import { asToldLast, bands, othersOf, phaseOf, toldOf } from "../src/logic/spikes.ts";
import { at, COURSE, incident, NOW, SPIKE_EVIDENCE, spike } from "./samples.ts";

test("evidence of an older version is read as far as it goes", () => {
  const told = toldOf(SPIKE_EVIDENCE);
  assert.deepEqual([told.words, told.per_hour, told.forecast, told.channels], [null, null, [], []]);
  assert.deepEqual(told.stories, [{ seen: 9 }]);
});

test("evidence that is not what it should be is left out", () => {
  const odd = { words: { nl: "x" }, per_hour: "3", channels: [7, null], forecast: [{ at: "soon", low: 1 }], peak_at: 5 };
  const told = toldOf(odd);
  assert.deepEqual(told, { ...toldOf({}) });
});

test("a spike's phase is its own where it was read, and its incident's reason where not", () => {
  const growing = incident({ kind: "spike", spike_id: "spk_1", evidence: COURSE });
  assert.equal(phaseOf(growing, []), "growing");
  assert.equal(phaseOf(growing, [spike({ phase: "peaked" })]), "peaked");
  assert.equal(phaseOf(incident({ kind: "spike", evidence: {} }), []), "opened");
  assert.equal(phaseOf({ ...growing, state: "resolved" }, [spike()]), "over");
});

test("how a spike ended is told of its incident too", () => {
  const own = incident({ kind: "spike", spike_id: "spk_1", evidence: COURSE });
  const words = { nl: "Voorbij.", en: "Over." };
  const ended = asToldLast(own, [spike({ evidence: { latest: {}, closed: { words } } })]);
  assert.deepEqual(toldOf(ended.evidence).words, words);
  assert.equal(ended.evidence["series"], "Wiedeldoorn");
  assert.equal(asToldLast(own, []), own);
});

test("the bands of the hours stand on one scale, within it", () => {
  const [first, second] = bands(COURSE.forecast, NOW);
  assert.deepEqual([first?.left, first?.width, first?.middle], [25, 75, 50]);
  assert.deepEqual([second?.left, second?.width], [10, 65]);
  assert.deepEqual(bands([{ at: at(0), expected: 0, low: 0, high: 0 }], NOW)[0]?.width, 1);
});

test("an hour that is over is forecast no more", () => {
  assert.equal(bands(COURSE.forecast, NOW + 59 * 60_000).length, 2);
  assert.equal(bands(COURSE.forecast, NOW + 60 * 60_000).length, 1);
  assert.deepEqual(bands(COURSE.forecast, NOW + 180 * 60_000), []);
});

test("series that were folded in come after the incident's own: those that go on first", () => {
  const own = incident({ kind: "spike", spike_id: "spk_1" });
  const list = [
    spike(),
    spike({ id: "over", closed_at: at(-1) }),
    spike({ id: "on", opened_at: at(-60) }),
    spike({ id: "elsewhere", incident_id: "inc_2" }),
  ];
  assert.deepEqual(
    othersOf(own, list).map((each) => each.id),
    ["on", "over"],
  );
});
