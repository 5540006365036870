// Clocks in words. Pure: the present instant is an argument.

export type Lang = "nl" | "en";
export type Tone = "late" | "soon" | "calm";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS = {
  nl: { s: "s", min: "min", h: "u", d: "d" },
  en: { s: "s", min: "min", h: "h", d: "d" },
} as const;

export function instant(iso: string): number {
  return Date.parse(iso);
}

/** A length of time in at most two units: `45 s`, `12 min`, `3 u 20`, `2 d 4 u`. Negative lengths count as zero. */
export function span(ms: number, lang: Lang): string {
  const unit = UNITS[lang];
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / 1000)} ${unit.s}`;
  if (left < HOUR) return `${Math.floor(left / MINUTE)} ${unit.min}`;
  if (left < DAY) {
    const minutes = Math.floor((left % HOUR) / MINUTE);
    return `${Math.floor(left / HOUR)} ${unit.h}${minutes ? ` ${String(minutes).padStart(2, "0")}` : ""}`;
  }
  const hours = Math.floor((left % DAY) / HOUR);
  return `${Math.floor(left / DAY)} ${unit.d}${hours ? ` ${hours} ${unit.h}` : ""}`;
}

/** A countdown that ticks in seconds under ten minutes: `9:05`; longer as `span`. */
export function countdown(ms: number, lang: Lang): string {
  if (ms >= 10 * MINUTE || ms <= 0) return span(ms, lang);
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** How a deadline stands: late, or soon where less than a quarter of an hour is left. */
export function tone(due: number, now: number): Tone {
  if (due <= now) return "late";
  return due - now < 15 * MINUTE ? "soon" : "calm";
}

/** `nog 12 min`, `3 min te laat`. */
export function deadline(due: number, now: number, lang: Lang): string {
  const length = due > now ? countdown(due - now, lang) : span(now - due, lang);
  if (lang === "nl") return due > now ? `nog ${length}` : `${length} te laat`;
  return due > now ? `${length} left` : `${length} late`;
}

/** `3 min geleden`; under five seconds `zojuist`. */
export function ago(then: number, now: number, lang: Lang): string {
  if (now - then < 5_000) return lang === "nl" ? "zojuist" : "just now";
  return lang === "nl" ? `${span(now - then, lang)} geleden` : `${span(now - then, lang)} ago`;
}

/** Times of day and dates in one time zone and language. */
export class Calendar {
  private readonly formats = new Map<string, Intl.DateTimeFormat>();

  constructor(
    private readonly lang: Lang,
    readonly zone: string,
  ) {}

  /** `20:03` */
  time(at: number): string {
    return this.with("time", { hour: "2-digit", minute: "2-digit" }).format(at);
  }

  /** `20:03:14` */
  seconds(at: number): string {
    return this.with("seconds", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
  }

  /** `zo 22 feb 20:03`, with the year where it is not that of `now`. */
  moment(at: number, now: number): string {
    const year = this.year(at) === this.year(now) ? "" : ` ${this.year(at)}`;
    return `${this.day(at)}${year} ${this.time(at)}`;
  }

  /** `20:03` on the day of `now`, else with the weekday and date. */
  short(at: number, now: number): string {
    return this.day(at) === this.day(now) && this.year(at) === this.year(now) ? this.time(at) : this.moment(at, now);
  }

  /** `zo 22 feb` */
  day(at: number): string {
    return this.with("day", { weekday: "short", day: "numeric", month: "short" })
      .format(at)
      .replaceAll(",", "")
      .replaceAll(".", "");
  }

  /** Midnight counts as the start of a day: whether an instant is one. */
  isMidnight(at: number): boolean {
    return this.time(at) === "00:00" || this.time(at) === "24:00";
  }

  hour(at: number): number {
    return Number(this.time(at).slice(0, 2)) % 24;
  }

  private year(at: number): string {
    return this.with("year", { year: "numeric" }).format(at);
  }

  private with(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const known = this.formats.get(name);
    if (known) return known;
    const locale = this.lang === "nl" ? "nl-NL" : "en-GB";
    const made = new Intl.DateTimeFormat(locale, { ...options, timeZone: this.zone, hourCycle: "h23" });
    this.formats.set(name, made);
    return made;
  }
}
