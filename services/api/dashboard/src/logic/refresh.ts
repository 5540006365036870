// What to read again after an event, and when: soon after the first, seldom in a storm.

export type Resource =
  "oncall" | "campaigns" | "queues" | "items" | "incidents" | "detail" | "pages" | "spikes" | "volume" | "conservation";

export const ALL: readonly Resource[] = [
  "incidents",
  "queues",
  "items",
  "detail",
  "volume",
  "spikes",
  "pages",
  "oncall",
  "campaigns",
  "conservation",
];

const SETTLE_MS = 250;

/** The least time between two reads of the same thing: together under four requests a second. */
const APART_MS: Record<Resource, number> = {
  incidents: 1_500,
  queues: 1_500,
  items: 1_500,
  detail: 1_500,
  volume: 6_000,
  spikes: 4_000,
  pages: 4_000,
  oncall: 6_000,
  campaigns: 6_000,
  conservation: 6_000,
};

/** How old a thing may become without any event: clocks move what is shown. */
const STALE_MS: Partial<Record<Resource, number>> = {
  volume: 60_000,
  conservation: 20_000,
  oncall: 60_000,
  queues: 30_000,
  items: 60_000,
};

/** What an event of the stream touches. */
export function touched(name: string, kind: string): readonly Resource[] {
  if (name === "spike") return ["spikes", "volume"];
  if (name === "volume") return ["volume", "conservation"];
  if (kind.startsWith("item.")) return ["queues", "items", "detail", "conservation"];
  if (kind.startsWith("incident.")) return ["incidents", "detail", "spikes"];
  if (kind.startsWith("campaign.")) return ["campaigns", "oncall"];
  if (kind.startsWith("page.")) return ["pages", "incidents", "detail"];
  return ["incidents", "queues", "items", "detail"];
}

/** Keeps what is due to be read; times in milliseconds. */
export class Refresher {
  private readonly dirtySince = new Map<Resource, number>();
  private readonly readAt = new Map<Resource, number>();

  touch(resources: readonly Resource[], now: number): void {
    for (const resource of resources) if (!this.dirtySince.has(resource)) this.dirtySince.set(resource, now);
  }

  /** All that may be read now, which counts as read from here on. */
  take(now: number): Resource[] {
    const due = ALL.filter((resource) => this.dueAt(resource) <= now);
    for (const resource of due) {
      this.dirtySince.delete(resource);
      this.readAt.set(resource, now);
    }
    return due;
  }

  /** When `take` has something to give. */
  next(): number {
    return Math.min(...ALL.map((resource) => this.dueAt(resource)));
  }

  /** Read at once, whatever was read before. */
  anew(now: number): void {
    this.readAt.clear();
    for (const resource of ALL) this.dirtySince.set(resource, now - SETTLE_MS);
  }

  private dueAt(resource: Resource): number {
    const read = this.readAt.get(resource);
    const dirty = this.dirtySince.get(resource);
    const stale = read === undefined ? Infinity : read + (STALE_MS[resource] ?? Infinity);
    if (dirty === undefined) return stale;
    return Math.min(stale, Math.max(dirty + SETTLE_MS, (read ?? -Infinity) + APART_MS[resource]));
  }
}
