import assert from "node:assert/strict";
import test from "node:test";
import { Problem } from "../src/api/client.ts";
import type { Campaign, Extra } from "../src/api/types.ts";
import {
  becauseOf,
  blank,
  faultsOf,
  inOrder,
  isDeclared,
  numberIn,
  read,
  running,
  standingBy,
  stateOf,
  times,
  withOne,
  type Draft,
} from "../src/logic/campaigns.ts";
import { speaker } from "../src/words.ts";
import { at, NOW } from "./samples.ts";

const ZONE = "Europe/Amsterdam";
const DAY = 24 * 60;

function campaign(id: string, from: number, to: number, brand = "Plint"): Campaign {
  return {
    id,
    name: id,
    brand,
    starts_at: at(from),
    ends_at: at(to),
    factor: 2,
    caution: 1,
    people: [],
    source: "desk",
    declared_by: "anna",
    declared_at: at(from),
    ended_by: null,
  };
}

function draft(changes: Partial<Draft> = {}): Draft {
  return { ...blank("Plint", NOW, ZONE), name: "televisie", ...changes };
}

function extra(person: string, name: string, until: number, brand = "Plint"): Extra {
  return { person, display: person.toUpperCase(), campaign: name, campaign_id: name, brand, until: at(until) };
}

test("the clock starts and ends a campaign: up to but not including its end", () => {
  const one = campaign("one", -10, 10);
  const states = [-11, -10, 9, 10].map((minutes) => stateOf(one, Date.parse(at(minutes))));
  assert.deepEqual(states, ["planned", "running", "running", "ended"]);
});

test("what runs stands first, then what is planned, then what ended this week, the last of it first", () => {
  const all = [
    campaign("long over", -20 * DAY, -8 * DAY),
    campaign("over", -2 * DAY, -DAY),
    campaign("just over", -DAY, -5),
    campaign("now", -5, 5),
    campaign("later", 60, 90),
  ];
  assert.deepEqual(
    inOrder(all, NOW).map((each) => each.id),
    ["now", "later", "just over", "over"],
  );
});

test("one that was declared comes among the others by its start, one that was ended takes its own place", () => {
  const [first, second] = [campaign("a", -5, 50), campaign("b", 5, 50)];
  assert.deepEqual(withOne([second], first), [first, second]);
  assert.deepEqual(withOne([first, second], { ...first, ends_at: at(0) }), [{ ...first, ends_at: at(0) }, second]);
});

test("a brand shows its own campaigns, all brands show every one", () => {
  const all = [campaign("a", -5, 5), campaign("b", -5, 5, "Zoon"), campaign("c", 5, 9)];
  assert.deepEqual(
    running(all, "Zoon", NOW).map((each) => each.id),
    ["b"],
  );
  assert.equal(running(all, null, NOW).length, 2);
});

test("somebody of two campaigns stands by once, to the end of the last, and not after it", () => {
  const rows = [extra("bram", "tv", 10), extra("bram", "radio", 20), extra("bram", "over", -1)];
  const [bram, ...others] = standingBy([...rows, extra("cees", "elders", 10, "Zoon")], "Plint", NOW);
  assert.deepEqual(bram, { person: "bram", display: "BRAM", campaigns: ["tv", "radio"], until: Date.parse(at(20)) });
  assert.deepEqual(others, []);
});

test("the reason of a page names the campaign in words, and other reasons are none", () => {
  assert.equal(becauseOf("campaign:tv vanavond", "nl"), "extra paraat voor een campagne: tv vanavond");
  assert.equal(becauseOf("campaign:tv", "en"), "standing by for a campaign: tv");
  assert.equal(becauseOf("step_due", "nl"), "");
});

test("a factor is shown with the marks of the language", () => {
  assert.deepEqual([times(5, "nl"), times(0.25, "nl"), times(1.5, "en")], ["5×", "0,25×", "1.5×"]);
});

test("a new one begins at once, ends four hours on, and expects twice as much", () => {
  const said = read(draft(), NOW, ZONE);
  assert.deepEqual(said, {
    name: "televisie",
    brand: "Plint",
    ends_at: "2026-03-02T13:00:00.000Z",
    factor: 2,
    caution: 1,
    people: [],
  });
  assert.ok(isDeclared(said));
});

test("times are those of the organisation, numbers may have a comma", () => {
  const on = { starts_at: "2026-03-29T08:00", ends_at: "2026-03-29T20:30", people: ["bram"] };
  const said = read(draft({ ...on, factor: "2,5", caution: " 3 " }), NOW, ZONE);
  assert.ok(isDeclared(said));
  assert.deepEqual(
    [said.starts_at, said.ends_at, said.factor, said.caution, said.people],
    ["2026-03-29T06:00:00.000Z", "2026-03-29T18:30:00.000Z", 2.5, 3, ["bram"]],
  );
});

test("what cannot be read is told at its field, before anything is sent", () => {
  const wrong = (changes: Partial<Draft>) => read(draft(changes), NOW, ZONE);
  assert.deepEqual(wrong({ name: "  ", brand: "" }), { name: "camp_wrong_name", brand: "camp_wrong_brand" });
  assert.deepEqual(wrong({ factor: "veel", caution: "-1" }), {
    factor: "camp_wrong_factor",
    caution: "camp_wrong_caution",
  });
  assert.deepEqual(wrong({ ends_at: "" }), { ends_at: "camp_wrong_time" });
  assert.deepEqual(wrong({ starts_at: "" }), { starts_at: "camp_wrong_time" });
  assert.deepEqual(wrong({ starts_at: "", ends_at: "2026-03-02T09:59" }), {
    starts_at: "camp_wrong_time",
    ends_at: "camp_wrong_over",
  });
  assert.deepEqual(wrong({ ends_at: "2026-03-02T09:59" }), { ends_at: "camp_wrong_over" });
  assert.deepEqual(wrong({ starts_at: "2026-03-03T10:00", ends_at: "2026-03-03T10:00" }), {
    ends_at: "camp_wrong_over",
  });
});

test("a number is a number as people write it", () => {
  assert.deepEqual(["8", "0,5", "1.25", " 3 "].map(numberIn), [8, 0.5, 1.25, 3]);
  for (const text of ["", "5x", "1e3", "-2", ",5"]) assert.ok(Number.isNaN(numberIn(text)), text);
});

test("what the server refuses stands at the field it is about, and what is about none is left to others", () => {
  const say = speaker("nl");
  const refused = (code: string, fields: string[] = [], detail = "why") =>
    faultsOf(new Problem(400, code, detail, "", null, fields), say);
  assert.deepEqual(Object.keys(refused("campaign_too_long")), ["ends_at"]);
  assert.deepEqual(refused("unknown_person", [], "Nobody called x."), {
    people: "Iemand die je koos kan niet worden opgeroepen: Nobody called x.",
  });
  assert.deepEqual(refused("invalid", ["factor", "name"]), {
    name: say("camp_wrong_name"),
    factor: say("camp_wrong_factor"),
  });
  assert.deepEqual(Object.keys(refused("leads_only")), ["whole"]);
  assert.deepEqual(refused("unavailable"), {});
});
