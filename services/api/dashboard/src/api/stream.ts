// The live stream: one EventSource, opened again by ourselves so that we can say when.

export type Connection = { state: "connecting" } | { state: "live" } | { state: "lost"; retryAt: number };

export interface Listener {
  /** Something happened; `data` is the event's own. */
  heard: (name: string, data: Record<string, unknown>) => void;
  /** What was shown may be out of date: read everything again. */
  anew: () => void;
  changed: (connection: Connection) => void;
}

const WAITS = [1, 2, 3, 5, 8, 10];
const NAMES = ["work", "spike", "volume"];

/** Seconds to wait before the attempt that follows `failures` failures. */
export function waitBefore(failures: number): number {
  return WAITS[Math.min(Math.max(failures, 1), WAITS.length) - 1] ?? 10;
}

export class Stream {
  private source: EventSource | null = null;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {}

  open(): void {
    this.stop();
    this.listener.changed({ state: "connecting" });
    const source = new EventSource(this.url);
    this.source = source;
    source.onopen = () => this.opened();
    source.onerror = () => this.lost();
    source.addEventListener("reset", () => this.listener.anew());
    for (const name of NAMES) source.addEventListener(name, (event) => this.heard(name, event as MessageEvent<string>));
  }

  stop(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  private opened(): void {
    this.failures = 0;
    this.listener.changed({ state: "live" });
    this.listener.anew();
  }

  private lost(): void {
    this.stop();
    this.failures += 1;
    const wait = waitBefore(this.failures) * 1000;
    this.listener.changed({ state: "lost", retryAt: Date.now() + wait });
    this.retry = setTimeout(() => this.open(), wait);
  }

  private heard(name: string, event: MessageEvent<string>): void {
    try {
      this.listener.heard(name, JSON.parse(event.data) as Record<string, unknown>);
    } catch {
      this.listener.anew();
    }
  }
}
