// Where the volume chart's parts stand. Pure geometry in pixels; the origin is the plot's top left.

import type { Bar, Spike } from "../api/types.ts";
import type { Calendar } from "./time.ts";

export type Range = "6h" | "24h" | "7d";

export const RANGES: Record<Range, { hours: number; interval: number }> = {
  "6h": { hours: 6, interval: 300 },
  "24h": { hours: 24, interval: 1_200 },
  "7d": { hours: 168, interval: 7_200 },
};

export const MOODS = ["negative", "neutral", "positive"] as const;
export type Mood = (typeof MOODS)[number];

export interface Piece {
  mood: Mood;
  y: number;
  height: number;
}

export interface Column {
  bar: Bar;
  x: number;
  width: number;
  pieces: Piece[];
  expectedY: number | null;
}

export interface Shade {
  spike: Spike;
  x: number;
  width: number;
  open: boolean;
}

export interface Plot {
  columns: Column[];
  expected: string;
  expectedArea: string;
  shades: Shade[];
  yTicks: { y: number; value: number }[];
  xTicks: { x: number; at: number; day: boolean }[];
}

export interface Frame {
  width: number;
  height: number;
  since: number;
  until: number;
}

/** The first and last instant shown: whole intervals, the last one running. */
export function period(now: number, range: Range): { since: number; until: number; interval: number } {
  const { hours, interval } = RANGES[range];
  const step = interval * 1000;
  const until = Math.ceil(now / step) * step;
  return { since: until - hours * 3_600_000, until, interval };
}

/** Round values from zero to at least `most`, three to five of them. */
export function niceTicks(most: number): number[] {
  const wanted = Math.max(most, 4);
  const size = 10 ** Math.floor(Math.log10(wanted / 4));
  const step =
    [1, 2, 2.5, 5, 10].map((times) => times * size).find((each) => each >= 1 && wanted / each <= 4.2) ?? size * 10;
  const whole = Math.max(1, Math.ceil(step));
  return Array.from({ length: Math.ceil(wanted / whole) + 1 }, (_, index) => index * whole);
}

export function plot(bars: readonly Bar[], spikes: readonly Spike[], frame: Frame, calendar: Calendar): Plot {
  const most = bars.reduce((top, bar) => Math.max(top, bar.count, bar.expected ?? 0), 0);
  const ticks = niceTicks(most);
  const top = ticks.at(-1) ?? 1;
  const y = (value: number) => frame.height - (value / top) * frame.height;
  const columns = bars.map((bar, index) => column(bar, index, bars.length, frame, y));
  return {
    columns,
    ...expectation(columns, frame.height),
    shades: spikes.flatMap((spike) => shade(spike, frame)),
    yTicks: ticks.map((value) => ({ value, y: y(value) })),
    xTicks: timeTicks(frame, calendar),
  };
}

/** The column under a horizontal place, if there is one. */
export function columnAt(columns: readonly Column[], x: number): Column | undefined {
  return columns.find((each) => x >= each.x && x < each.x + each.width);
}

export function moods(bar: Bar): Record<Mood, number> {
  const negative = bar.sentiment["negative"] ?? 0;
  const positive = bar.sentiment["positive"] ?? 0;
  return { negative, positive, neutral: Math.max(0, bar.count - negative - positive) };
}

function column(bar: Bar, index: number, count: number, frame: Frame, y: (value: number) => number): Column {
  const width = frame.width / Math.max(count, 1);
  let below = 0;
  const figures = moods(bar);
  const pieces = MOODS.filter((mood) => figures[mood] > 0).map((mood) => {
    const from = below;
    below += figures[mood];
    return { mood, y: y(below), height: y(from) - y(below) };
  });
  return { bar, x: index * width, width, pieces, expectedY: bar.expected === null ? null : y(bar.expected) };
}

/** A step line along what is expected, broken where nothing is known, and the area under it. */
function expectation(columns: readonly Column[], bottom: number): { expected: string; expectedArea: string } {
  let line = "";
  let area = "";
  let before: number | null = null;
  for (const { x, width, expectedY } of columns) {
    if (expectedY === null) {
      area += before === null ? "" : `V${bottom}Z`;
    } else {
      const [left, right, height] = [px(x), px(x + width), px(expectedY)];
      line += before === null ? `M${left} ${height}H${right}` : `V${height}H${right}`;
      area += before === null ? `M${left} ${bottom}V${height}H${right}` : `V${height}H${right}`;
    }
    before = expectedY;
  }
  return { expected: line, expectedArea: before === null ? area : `${area}V${bottom}Z` };
}

function shade(spike: Spike, frame: Frame): Shade[] {
  const scale = frame.width / (frame.until - frame.since);
  const start = Math.max(Date.parse(spike.opened_at), frame.since);
  const end = Math.min(spike.closed_at ? Date.parse(spike.closed_at) : frame.until, frame.until);
  if (end <= frame.since || start >= frame.until) return [];
  return [
    { spike, x: (start - frame.since) * scale, width: Math.max(2, (end - start) * scale), open: !spike.closed_at },
  ];
}

const HOUR = 3_600_000;
const STEPS = [1, 3, 6, 12, 24, 48, 96];
const LABEL = 58;

/** Instants that are round in the reader's zone, as many as have room for a label. */
function timeTicks(frame: Frame, calendar: Calendar): Plot["xTicks"] {
  const span = frame.until - frame.since;
  const most = Math.max(1, frame.width / LABEL);
  const step = STEPS.find((each) => span / HOUR / each <= most) ?? 96;
  const ticks: Plot["xTicks"] = [];
  for (let at = Math.ceil(frame.since / HOUR) * HOUR; at < frame.until; at += HOUR) {
    const hour = calendar.hour(at);
    const day = Math.floor(at / HOUR / 24 + 0.5);
    const round = step < 24 ? hour % step === 0 : hour === 0 && day % (step / 24) === 0;
    if (round) ticks.push({ at, x: ((at - frame.since) / span) * frame.width, day: hour === 0 });
  }
  return ticks;
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
