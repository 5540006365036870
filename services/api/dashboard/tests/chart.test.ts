import assert from "node:assert/strict";
import test from "node:test";
import { columnAt, moods, niceTicks, period, plot } from "../src/logic/chart.ts";
import { Calendar } from "../src/logic/time.ts";
import { at, bar, NOW, spike } from "./samples.ts";

const calendar = new Calendar("nl", "Europe/Amsterdam");
const frame = { width: 300, height: 100, since: NOW - 180 * 60_000, until: NOW };
const open = spike({ opened_at: at(-60) });

test("ticks are round, few, and reach above the most", () => {
  for (const most of [0, 3, 7, 19, 20, 41, 385, 2000, 9999]) {
    const ticks = niceTicks(most);
    assert.ok((ticks.at(-1) ?? 0) >= most, `${most}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 6, `${most}: ${ticks.join()}`);
    assert.equal(ticks[0], 0);
  }
});

test("the moods of a column stand on each other and add up to its count", () => {
  const { columns } = plot([bar(-180, 10, 2, 4), bar(-120, 0, 2), bar(-60, 20, null)], [], frame, calendar);
  const [first] = columns;
  assert.ok(first);
  assert.deepEqual(
    first.pieces.map((piece) => piece.mood),
    ["negative", "neutral"],
  );
  assert.equal(
    first.pieces.reduce((sum, piece) => sum + piece.height, 0),
    50,
  );
  assert.equal((first.pieces[0]?.y ?? 0) + (first.pieces[0]?.height ?? 0), 100);
});

test("the expectation is a step line that breaks where nothing is known", () => {
  const { expected } = plot([bar(-180, 10, 2), bar(-120, 20, null), bar(-60, 5, 4)], [], frame, calendar);
  assert.equal(expected.match(/M/g)?.length, 2);
  assert.match(expected, /^M0 90H100/);
});

test("an open spike is shaded up to now, one before the period not at all", () => {
  const old = { ...open, id: "old", opened_at: at(-400), closed_at: at(-300) };
  const { shades } = plot([bar(-60, 1, 1)], [open, old], frame, calendar);
  assert.deepEqual(
    shades.map(({ x, width, open }) => [x, width, open]),
    [[200, 100, true]],
  );
});

test("a place on the chart finds its column", () => {
  const { columns } = plot([bar(-120, 1, 1), bar(-60, 2, 1)], [], frame, calendar);
  assert.equal(columnAt(columns, 151)?.bar.count, 2);
  assert.equal(columnAt(columns, -3), undefined);
});

test("a period is whole intervals, the running one last", () => {
  const { since, until, interval } = period(NOW + 61_000, "6h");
  assert.equal(until, NOW + 300_000);
  assert.equal(until - since, 6 * 3_600_000);
  assert.equal(interval, 300);
});

test("labels of time never stand on each other, however narrow the chart and long the period", () => {
  for (const hours of [6, 24, 168]) {
    for (const width of [140, 284, 560, 900]) {
      const { xTicks } = plot([], [], { width, height: 100, since: NOW - hours * 3_600_000, until: NOW }, calendar);
      assert.ok(xTicks.length > 0, `${hours} h in ${width} px`);
      const apart = xTicks.slice(1).map((tick, index) => tick.x - (xTicks[index]?.x ?? 0));
      assert.ok(
        apart.every((each) => each >= 50),
        `${hours} h in ${width} px: ${apart.join()}`,
      );
    }
  }
});

test("what has no sentiment counts as neutral", () => {
  assert.deepEqual(moods({ ...bar(0, 5, null), sentiment: { negative: 2 } }), { negative: 2, positive: 0, neutral: 3 });
});
