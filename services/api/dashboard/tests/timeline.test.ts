import assert from "node:assert/strict";
import test from "node:test";
import { channelKind, timeline } from "../src/logic/timeline.ts";
import { speaker } from "../src/words.ts";
import { incident, page, row } from "./samples.ts";

const teller = {
  say: speaker("nl"),
  lang: "nl" as const,
  clock: () => "10:00",
  person: (name: string) => (name === "sanne" ? "Sanne de Boer" : name),
};
const spike = incident({ kind: "spike", evidence: {} });

const told = (rows: ReturnType<typeof row>[], pages = [page()]) =>
  timeline({ incident: spike, timeline: rows, pages }, teller);

test("a page tells whom it went to, how, how long after, and that accepted is not delivered", () => {
  const [planned, accepted] = told([
    row(1, "page.planned", { subject: "page_1" }),
    row(2, "page.accepted", { subject: "page_1", data: { attempts: [1, 2] } }),
  ]);
  assert.equal(planned?.text, "Oproep aan Sanne de Boer gepland, via webhook");
  assert.equal(accepted?.text, "Oproep aan Sanne de Boer aangenomen door webhook");
  assert.deepEqual(accepted?.notes, ["poging 2", "13 min na het eerste bericht", "aflevering onbekend"]);
});

test("somebody who was paged because of a campaign is told with it", () => {
  const stood = page({ reason: "campaign:televisie" });
  const [planned, accepted] = told(
    [row(1, "page.planned", { subject: "page_1" }), row(2, "page.accepted", { subject: "page_1" })],
    [stood],
  );
  assert.deepEqual(planned?.notes, ["extra paraat voor een campagne: televisie"]);
  assert.ok(!accepted?.notes.join().includes("televisie"));
});

test("evidence that is updated again and again is one line with a count", () => {
  const entries = told([row(1, "incident.updated"), row(2, "incident.updated"), row(3, "incident.updated")]);
  assert.deepEqual(
    entries.map(({ text, count }) => [text, count]),
    [["Bewijs bijgewerkt", 3]],
  );
});

test("a turn in the life of a spike says which, and a silence ends in its own words", () => {
  const entries = told([row(1, "incident.updated", { reason: "peaked" }), row(2, "incident.updated")]);
  assert.deepEqual(
    entries.map(({ text }) => text),
    ["Bewijs bijgewerkt: over de top", "Bewijs bijgewerkt"],
  );
  const silence = incident({ kind: "silence", evidence: {} });
  const ended = row(2, "incident.resolved", { reason: "silence_over" });
  const [opened, over] = timeline(
    { incident: silence, timeline: [row(1, "incident.opened"), ended], pages: [] },
    teller,
  );
  assert.equal(opened?.text, "Stilte gemerkt");
  assert.equal(over?.text, "Er komen weer berichten: vanzelf gesloten");
});

test("a page that went straight into a digest is one line", () => {
  const entries = told([row(1, "page.planned", { subject: "page_1" }), row(1, "page.bundled", { subject: "page_1" })]);
  assert.deepEqual(
    entries.map((entry) => entry.text),
    ["Oproep aan Sanne de Boer gaat mee in een verzameloproep"],
  );
});

test("a critical mention's story begins with the mention", () => {
  const entries = timeline({ incident: incident(), timeline: [row(1, "incident.opened")], pages: [] }, teller);
  assert.deepEqual(
    entries.map((entry) => entry.text),
    ["Eerste bericht", "Kritiek bericht gevonden"],
  );
});

test("who acknowledged is named, and with what, where it came with a claim", () => {
  const [entry] = told([row(1, "incident.acknowledged", { actor: "sanne", reason: "claimed" })]);
  assert.equal(entry?.text, "Sanne de Boer bevestigde");
  assert.deepEqual(entry?.notes, ["met het item geclaimd"]);
});

test("a lost claim names who lost it", () => {
  const [entry] = told([row(1, "item.expired", { data: { holder: ["sanne", null] } })]);
  assert.equal(entry?.text, "Claim van Sanne de Boer verlopen: terug in de wachtrij");
});

test("an action we do not know is shown by its own name", () => {
  assert.equal(told([row(1, "incident.handed_over")])[0]?.text, "incident handed over");
});

test("a channel is shown by its kind", () => {
  assert.deepEqual(["0:webhook", "1:email", "sms"].map(channelKind), ["webhook", "email", "sms"]);
});
