import assert from "node:assert/strict";
import test from "node:test";
import { fromLocal, nextQuarter, toLocal } from "../src/logic/local.ts";

const ZONE = "Europe/Amsterdam";

function utc(text: string, zone = ZONE): string {
  return new Date(fromLocal(text, zone)).toISOString();
}

test("a local time is an instant by the clock of its zone, in summer and in winter", () => {
  assert.equal(utc("2026-07-01T08:00"), "2026-07-01T06:00:00.000Z");
  assert.equal(utc("2026-12-24T18:30"), "2026-12-24T17:30:00.000Z");
  assert.equal(utc("2026-12-24T18:30", "America/New_York"), "2026-12-24T23:30:00.000Z");
  assert.equal(toLocal(Date.parse("2026-12-24T17:30:59Z"), ZONE), "2026-12-24T18:30");
});

test("what the clock shows twice in autumn is meant the first time", () => {
  assert.equal(utc("2026-10-25T02:30"), "2026-10-25T00:30:00.000Z");
});

test("what the clock skips in spring is the moment of the skip", () => {
  assert.equal(utc("2026-03-29T02:30"), "2026-03-29T01:00:00.000Z");
  assert.equal(utc("2026-03-29T03:00"), "2026-03-29T01:00:00.000Z");
});

test("an instant comes back from its local time, all year but in the hour that is shown twice", () => {
  for (const zone of [ZONE, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]) {
    const shown = new Set<string>();
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 5_400_000) {
      const local = toLocal(at, zone);
      if (fromLocal(local, zone) !== at) shown.add(local);
    }
    assert.ok(shown.size <= 1, `${zone}: ${[...shown].join(" ")}`);
  }
});

test("what is no time is none", () => {
  for (const text of ["", "tomorrow", "2026-13-01T10:00", "2026-03-02"])
    assert.ok(Number.isNaN(fromLocal(text, ZONE)), text);
});

test("times that are proposed are whole quarters", () => {
  assert.equal(new Date(nextQuarter(Date.parse("2026-03-02T09:01:00Z"))).toISOString(), "2026-03-02T09:15:00.000Z");
});
