// Local times as they stand in a field (`2026-03-02T22:30`), in a given time zone.

const DAY = 86_400_000;
const MINUTE = 60_000;

/** An instant as local time, to the minute. */
export function toLocal(at: number, zone: string): string {
  return new Date(at + offset(at, zone)).toISOString().slice(0, 16);
}

/**
 * A local time as an instant; NaN where it is none.
 * What the clock shows twice is meant the first time; what it skips is the moment of the skip.
 */
export function fromLocal(text: string, zone: string): number {
  const wall = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text.slice(0, 16)}Z`) : NaN;
  if (Number.isNaN(wall)) return NaN;
  const offsets = [offset(wall - DAY, zone), offset(wall + DAY, zone)];
  const right = offsets.map((each) => wall - each).filter((at) => at + offset(at, zone) === wall);
  return right.length > 0 ? Math.min(...right) : skip(wall, zone);
}

/** Up to the next quarter of an hour. */
export function nextQuarter(at: number): number {
  return Math.ceil(at / (15 * MINUTE)) * 15 * MINUTE;
}

/** How far ahead of UTC the zone's clock is. */
function offset(at: number, zone: string): number {
  const shown = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: string) => Number(shown.find((each) => each.type === type)?.value);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return wall - Math.floor(at / 1000) * 1000;
}

/** The first minute in which the clock has jumped over a local time. */
function skip(wall: number, zone: string): number {
  let [before, after] = [Math.floor((wall - DAY) / MINUTE), Math.ceil((wall + DAY) / MINUTE)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle * MINUTE + offset(middle * MINUTE, zone) > wall) after = middle;
    else before = middle;
  }
  return after * MINUTE;
}
