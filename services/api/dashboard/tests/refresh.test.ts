import assert from "node:assert/strict";
import test from "node:test";
import { waitBefore } from "../src/api/stream.ts";
import { ALL, Refresher, touched } from "../src/logic/refresh.ts";

test("an event is answered by reading what it touches, a quarter of a second later", () => {
  const refresher = new Refresher();
  refresher.touch(touched("work", "item.claimed"), 1_000);
  assert.deepEqual(refresher.take(1_200), []);
  assert.deepEqual(refresher.take(1_250), ["queues", "items", "detail", "conservation"]);
});

test("a campaign that is declared or ended changes who stands by", () => {
  for (const kind of ["campaign.declared", "campaign.ended"])
    assert.deepEqual(touched("work", kind), ["campaigns", "oncall"]);
});

test("a storm of a thousand events a second costs fewer than four reads a second", () => {
  const refresher = new Refresher();
  const kinds = ["item.opened", "incident.opened", "page.planned", "item.claimed"];
  let reads = 0;
  for (let now = 0; now < 60_000; now += 1) {
    refresher.touch(touched("work", kinds[now % kinds.length] ?? ""), now);
    if (now % 50 === 0) refresher.touch(touched(now % 100 ? "spike" : "volume", ""), now);
    reads += refresher.take(now).length;
  }
  assert.ok(reads / 60 < 4, `${reads / 60} reads a second`);
});

test("after a reconnection everything is read at once", () => {
  const refresher = new Refresher();
  refresher.anew(5_000);
  assert.deepEqual(refresher.take(5_000), [...ALL]);
  assert.deepEqual(refresher.take(5_001), []);
});

test("what clocks move is read now and then without any event", () => {
  const refresher = new Refresher();
  refresher.anew(0);
  refresher.take(0);
  assert.equal(refresher.next(), 20_000);
  assert.deepEqual(refresher.take(20_000), ["conservation"]);
});

test("attempts to connect come less often, and never stop", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 99].map(waitBefore), [1, 2, 3, 5, 8, 10, 10]);
});
