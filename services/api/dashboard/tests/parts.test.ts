import assert from "node:assert/strict";
import test from "node:test";
import { Problem, queryOf } from "../src/api/client.ts";
import { sumOf } from "../src/logic/conservation.ts";
import { grouped, ordered } from "../src/logic/groups.ts";
import { markWords, pieces } from "../src/logic/highlight.ts";
import { moved, wishOf } from "../src/logic/keys.ts";
import { receivedText } from "../src/logic/received.ts";
import { Calendar } from "../src/logic/time.ts";
import { refusal } from "../src/refusals.ts";
import { chosenIn, hashOf } from "../src/state.ts";
import { speaker } from "../src/words.ts";
import { at, incident, NOW } from "./samples.ts";

const press = (key: string, changes = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...changes });

test("what matched is marked, and markup in a message stays text", () => {
  assert.deepEqual(pieces("een <mark>vonk</mark> &lt;script&gt; &amp;"), [
    { text: "een ", marked: false },
    { text: "vonk", marked: true },
    { text: " <script> &", marked: false },
  ]);
});

test("the words that decided are found whole, whatever their case", () => {
  const marked = markWords("Brand! Het brandt, in  Brand.", ["brand", "in brand"]).filter((piece) => piece.marked);
  assert.deepEqual(
    marked.map((piece) => piece.text),
    ["Brand", "in  Brand"],
  );
  assert.deepEqual(markWords("a.b", ["."]), [{ text: "a.b", marked: false }]);
});

test("keys are left alone while somebody types, but for Escape and sending", () => {
  assert.equal(wishOf(press("c"), false), "claim");
  assert.equal(wishOf(press("c"), true), null);
  assert.equal(wishOf(press("c", { ctrlKey: true }), false), null);
  assert.equal(wishOf(press("Enter", { ctrlKey: true }), true), "send");
  assert.equal(wishOf(press("Escape"), true), "escape");
});

test("moving through a list stays inside it", () => {
  assert.equal(moved(["a", "b"], null, 1), "a");
  assert.equal(moved(["a", "b"], "b", 1), "b");
  assert.equal(moved([], "b", -1), null);
});

test("incidents that still wake people come first, spikes before mentions, then the newest", () => {
  const list = [
    incident({ id: "acked", state: "acknowledged" }),
    incident({ id: "old", opened_at: at(-60) }),
    incident({ id: "new", opened_at: at(-1) }),
    incident({ id: "spike", kind: "spike", opened_at: at(-90) }),
    incident({ id: "drill", drill: true }),
  ];
  assert.deepEqual(
    ordered(list).map((each) => each.id),
    ["spike", "new", "old", "acked", "drill"],
  );
});

test("three incidents of one cause are one row, and another cause stands out", () => {
  const fire = ["a", "b", "c"].map((id) => incident({ id }));
  const threat = incident({ id: "t", evidence: { reasons: ["threat"] } });
  assert.deepEqual(
    grouped([...fire, threat]).map((group) => group.incidents.length),
    [3, 1],
  );
  assert.deepEqual(
    grouped([...fire.slice(1), threat]).map((group) => group.key),
    ["b", "c", "t"],
  );
});

test("the sum takes from the counters what the figures leave out", () => {
  const sum = sumOf({
    at: "",
    holds: true,
    figures: { accepted: 5 },
    counts: [
      { name: "opened", reason: "r", count: 3 },
      { name: "opened", reason: "s", count: 1 },
    ],
  });
  assert.equal(sum.received, null);
  assert.equal(sum.outcomes[0]?.count, 4);
  assert.equal(sum.inFlight, 1);
});

const context = {
  say: speaker("nl"),
  person: (name: string) => name.toUpperCase(),
  calendar: new Calendar("nl", "Europe/Amsterdam"),
  now: NOW,
  drafted: true,
};
const held = (code: string, current: Record<string, unknown>) => new Problem(409, code, "", "", current);

test("who lost the race is told who has it now, until when, and that the text is still there", () => {
  const words = refusal(held("held", { state: "claimed", holder: "bram", lease_until: at(15) }), context);
  assert.equal(words, "BRAM heeft dit nu, tot 10:15. Je tekst staat er nog; niets is verstuurd.");
});

test("a claim that ran out says so, whoever is still named as its holder", () => {
  const words = refusal(held("stale_fence", { state: "claimed", holder: "anna", lease_until: at(-1) }), context);
  assert.match(words, /^Je claim is verlopen/);
});

test("what somebody else finished or acknowledged is named as such", () => {
  assert.equal(refusal(held("done", { state: "done", holder: null }), context), "iemand heeft dit al afgerond.");
  assert.equal(refusal(held("acknowledged", { acked_by: "bram" }), context), "BRAM heeft dit incident al bevestigd.");
});

test("a server that does not answer is said to be away", () => {
  assert.equal(refusal(new Problem(0, "offline", "", "", null), context), "Niet gelukt: de server antwoordt niet");
});

test("a received page is read wherever its body keeps the text", () => {
  assert.deepEqual(receivedText({ title: "t", body: "b" }), { title: "t", body: "b" });
  assert.deepEqual(receivedText({ data: { title: "t", text: "b" } }), { title: "t", body: "b" });
  assert.equal(receivedText("?"), null);
});

test("the address says what is chosen, and a page's link opens it", () => {
  assert.deepEqual(chosenIn("#/incident/inc_1"), { kind: "incident", id: "inc_1" });
  assert.equal(hashOf(chosenIn("#/item/itm_2")), "#/item/itm_2");
  assert.equal(chosenIn("#/incidents"), null);
});

test("filters that are empty are not sent", () => {
  assert.equal(queryOf({ brand: null, q: "", state: ["a", "b"], limit: 5 }), "?state=a&state=b&limit=5");
});
