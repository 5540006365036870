// Small parts that everything is made of.

import { createContext, type ComponentChildren, type JSX } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { App } from "../app.ts";
import { ago, countdown, deadline, span, tone } from "../logic/time.ts";
import { codeInWords, isWord } from "../words.ts";

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("AppContext is missing");
  return app;
}

const beats = new Set<() => void>();
setInterval(() => beats.forEach((beat) => beat()), 1000);

/** The server's present instant, again every second. */
export function useNow(): number {
  const app = useApp();
  const [, again] = useState(0);
  useEffect(() => {
    const beat = () => again((count) => count + 1);
    beats.add(beat);
    return () => void beats.delete(beat);
  }, []);
  return app.now();
}

/** A class of the classifier in words. */
export function classInWords(app: App, code: string): string {
  return isWord(code) ? app.say(code) : codeInWords(code, app.state.lang);
}

/** Time left until, or time over, a deadline. */
export function DueClock({ due }: { due: string | null }): JSX.Element {
  const app = useApp();
  const now = useNow();
  if (due === null) return <span class="clock none">{app.say("no_due")}</span>;
  const at = Date.parse(due);
  const how = tone(at, now);
  return (
    <time class={`clock ${how}`} dateTime={due} title={app.calendar().moment(at, now)}>
      {how === "late" && <Glyph name="late" />}
      {deadline(at, now, app.state.lang)}
    </time>
  );
}

/** How long ago, in as few characters as possible; the whole moment on hover. */
export function Age({ since, long = false }: { since: string; long?: boolean }): JSX.Element {
  const app = useApp();
  const now = useNow();
  const at = Date.parse(since);
  const text = long ? ago(at, now, app.state.lang) : span(now - at, app.state.lang);
  return (
    <time dateTime={since} title={app.calendar().moment(at, now)}>
      {text}
    </time>
  );
}

/** What is left of a lease. */
export function Left({ until }: { until: string }): JSX.Element {
  const app = useApp();
  return <span class="left">{countdown(Date.parse(until) - useNow(), app.state.lang)}</span>;
}

export function Moment({ at, seconds = false }: { at: string; seconds?: boolean }): JSX.Element {
  const app = useApp();
  const instant = Date.parse(at);
  const calendar = app.calendar();
  const short = calendar.short(instant, app.now());
  const text = seconds && short === calendar.time(instant) ? calendar.seconds(instant) : short;
  return (
    <time dateTime={at} title={calendar.moment(instant, app.now())}>
      {text}
    </time>
  );
}

type GlyphName =
  | "critical"
  | "high"
  | "normal"
  | "low"
  | "late"
  | "spike"
  | "silence"
  | "tick"
  | "cross"
  | "search"
  | "person"
  | "phone"
  | "back"
  | "drill"
  | "campaign"
  | "out";

const SHAPES: Record<GlyphName, JSX.Element> = {
  critical: (
    <path
      d="M8 .8 15.2 8 8 15.2.8 8Z M7.2 4.4h1.6v4.4H7.2Z M7.2 10h1.6v1.6H7.2Z"
      fill="currentColor"
      fill-rule="evenodd"
    />
  ),
  high: <path d="M8 1.6 15.2 14.4H.8Z" fill="currentColor" />,
  normal: <circle cx="8" cy="8" r="4.6" fill="currentColor" />,
  low: <circle cx="8" cy="8" r="3.8" fill="none" stroke="currentColor" stroke-width="1.6" />,
  late: (
    <path
      d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M7.2 4h1.6v4.4l2.8 1.7-.8 1.3-3.6-2.2Z"
      fill="currentColor"
      fill-rule="evenodd"
    />
  ),
  silence: (
    <path
      d="M1 12 4.4 4l2 8h8.6"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linejoin="round"
      stroke-linecap="round"
    />
  ),
  spike: (
    <path
      d="M1 12h3.4L7 3l3 11 2-5h3"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linejoin="round"
      stroke-linecap="round"
    />
  ),
  tick: (
    <path
      d="m2.5 8.5 3.6 3.6 7.4-8"
      fill="none"
      stroke="currentColor"
      stroke-width="2.2"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  cross: <path d="m3.5 3.5 9 9m0-9-9 9" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" />,
  search: (
    <path
      d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.4 7.9 3.6 3.6"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linecap="round"
    />
  ),
  person: (
    <path d="M8 8.2a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5.6 6c.5-3 2.7-4.6 5.6-4.6s5.1 1.6 5.6 4.6Z" fill="currentColor" />
  ),
  phone: (
    <path
      d="M5.5 1.2h5a1.3 1.3 0 0 1 1.3 1.3v11a1.3 1.3 0 0 1-1.3 1.3h-5a1.3 1.3 0 0 1-1.3-1.3v-11a1.3 1.3 0 0 1 1.3-1.3Zm1.5 11.2h2"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
    />
  ),
  back: (
    <path
      d="M9.5 3 4.5 8l5 5"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  out: (
    <path
      d="M6.5 2.5h-4v11h4M6.5 8h7.5m-2.8-2.8L14 8l-2.8 2.8"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  campaign: (
    <path
      d="M2.5 6.5v3l2 .3 1 3.7h1.7l-.7-3.3L13 12.8V3.2L4.5 6.2Z"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linejoin="round"
    />
  ),
  drill: (
    <path
      d="M3 2v12M3.5 3h8.5l-2 2.8L12 8.6H3.5"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linejoin="round"
      stroke-linecap="round"
    />
  ),
};

export function Glyph({ name }: { name: GlyphName }): JSX.Element {
  return (
    <svg class={`glyph g-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}

/** An urgency as colour, shape and word. */
export function Urgency({ level, word = false }: { level: string; word?: boolean }): JSX.Element {
  const app = useApp();
  const known = (["critical", "high", "normal", "low"] as const).find((each) => each === level) ?? "normal";
  return (
    <span class={`urgency u-${known}`} title={`${app.say("urgency")}: ${classInWords(app, level)}`}>
      <Glyph name={known} />
      <span class={word ? "" : "unseen"}>{classInWords(app, level)}</span>
    </span>
  );
}

export function Drill({ on }: { on: boolean }): JSX.Element | null {
  const app = useApp();
  if (!on) return null;
  return (
    <span class="tag drill">
      <Glyph name="drill" />
      {app.say("drill")}
    </span>
  );
}

export interface ActionProps {
  onClick: () => void;
  children: ComponentChildren;
  kind?: "main" | "danger" | "plain";
  hotkey?: string;
  disabled?: boolean;
}

export function Action({ onClick, children, kind = "plain", hotkey, disabled = false }: ActionProps): JSX.Element {
  return (
    <button
      type="button"
      class={`action ${kind}`}
      onClick={onClick}
      disabled={disabled}
      {...(hotkey ? { "aria-keyshortcuts": hotkey } : {})}
    >
      {children}
      {hotkey && <kbd aria-hidden="true">{hotkey}</kbd>}
    </button>
  );
}

export interface TabsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, ComponentChildren])[];
  onChange: (value: T) => void;
}

/** One choice of a few, as a row of buttons. */
export function Choice<T extends string>({ label, value, options, onChange }: TabsProps<T>): JSX.Element {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([option, words]) => (
        <button type="button" key={option} aria-pressed={option === value} onClick={() => onChange(option)}>
          {words}
        </button>
      ))}
    </div>
  );
}
