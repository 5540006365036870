import assert from "node:assert/strict";
import test from "node:test";
import { ago, Calendar, countdown, deadline, span, tone } from "../src/logic/time.ts";

const MINUTE = 60_000;

test("a length of time has at most two units, in the reader's language", () => {
  const lengths = [45_000, 12 * MINUTE, 200 * MINUTE, 60 * MINUTE, 52 * 60 * MINUTE, 48 * 60 * MINUTE];
  assert.deepEqual(
    lengths.map((each) => span(each, "nl")),
    ["45 s", "12 min", "3 u 20", "1 u", "2 d 4 u", "2 d"],
  );
  assert.equal(span(200 * MINUTE, "en"), "3 h 20");
  assert.equal(span(-5, "nl"), "0 s");
});

test("a deadline says what is left, and how late it is once it has passed", () => {
  assert.equal(deadline(12 * MINUTE, 0, "nl"), "nog 12 min");
  assert.equal(deadline(0, 3 * MINUTE, "nl"), "3 min te laat");
  assert.equal(deadline(0, 3 * MINUTE, "en"), "3 min late");
});

test("under ten minutes a countdown ticks in seconds", () => {
  assert.equal(countdown(9 * MINUTE + 5_000, "nl"), "9:05");
  assert.equal(countdown(10 * MINUTE, "nl"), "10 min");
  assert.equal(countdown(-1, "nl"), "0 s");
});

test("a deadline is calm, then soon, then late", () => {
  assert.deepEqual([tone(16 * MINUTE, 0), tone(14 * MINUTE, 0), tone(0, 0)], ["calm", "soon", "late"]);
});

test("what just happened is not counted in seconds", () => {
  assert.equal(ago(0, 4_000, "nl"), "zojuist");
  assert.equal(ago(0, 4 * MINUTE, "en"), "4 min ago");
});

test("times of day are those of the zone, also where the clocks change", () => {
  const calendar = new Calendar("nl", "Europe/Amsterdam");
  assert.equal(calendar.time(Date.parse("2026-03-29T00:59:00Z")), "01:59");
  assert.equal(calendar.time(Date.parse("2026-03-29T01:00:00Z")), "03:00");
});

test("a moment names its day only where it is another day, and its year where it is another year", () => {
  const calendar = new Calendar("nl", "Europe/Amsterdam");
  const now = Date.parse("2026-03-02T09:00:00Z");
  assert.equal(calendar.short(now - 60 * MINUTE, now), "09:00");
  assert.equal(calendar.short(now - 24 * 60 * MINUTE, now), "zo 1 mrt 10:00");
  assert.match(calendar.moment(Date.parse("2015-02-22T19:58:00Z"), now), /^zo 22 feb 2015 20:58$/);
});
