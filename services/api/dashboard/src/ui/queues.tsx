// The queues with their clocks; choosing one shows its items.

import type { JSX } from "preact";
import type { Queue } from "../api/types.ts";
import type { ItemView } from "../state.ts";
import { span } from "../logic/time.ts";
import { Age, classInWords, DueClock, Glyph, useApp } from "./parts.tsx";

export function Queues(): JSX.Element {
  const app = useApp();
  const { queues, view } = app.state;
  const total = (queues ?? []).reduce((sum, queue) => sum + queue.waiting + queue.claimed, 0);
  const overdue = (queues ?? []).reduce((sum, queue) => sum + queue.overdue, 0);
  return (
    <nav class="panel queues" aria-labelledby="h-queues">
      <div class="head">
        <h2 id="h-queues">{app.say("queues")}</h2>
        {overdue > 0 && (
          <span class="badge b-late">
            <Glyph name="late" />
            {overdue} {app.say("overdue")}
          </span>
        )}
      </div>
      <ul class="body">
        <Plain view={{ kind: "all" }} words={app.say("all_queues")} count={queues === null ? null : total} />
        <Plain view={{ kind: "mine" }} words={app.say("mine")} count={null} />
        {queues?.map((queue) => (
          <Row key={queue.queue} queue={queue} current={view.kind === "queue" && view.queue === queue.queue} />
        ))}
        <Plain view={{ kind: "done" }} words={app.say("done_too")} count={null} />
      </ul>
    </nav>
  );
}

function Plain({ view, words, count }: { view: ItemView; words: string; count: number | null }): JSX.Element {
  const app = useApp();
  const current = app.state.view.kind === view.kind;
  return (
    <li class={`plain${current ? " current" : ""}`}>
      <button type="button" aria-current={current} onClick={() => app.setView(view)}>
        <b>{words}</b>
        {count !== null && <span class="n">{count}</span>}
      </button>
    </li>
  );
}

function Row({ queue, current }: { queue: Queue; current: boolean }): JSX.Element {
  const app = useApp();
  const busy = queue.waiting + queue.claimed > 0;
  return (
    <li class={`${current ? "current" : ""}${busy ? "" : " idle"}`}>
      <button
        type="button"
        aria-current={current}
        title={promise(app, queue)}
        onClick={() => app.setView({ kind: "queue", queue: queue.queue })}
      >
        <span class="line">
          <b>{queue.queue}</b>
          {queue.critical > 0 && (
            <span class="urgency u-critical" title={app.say("critical")}>
              <Glyph name="critical" />
              {queue.critical}
              <span class="unseen"> {app.say("critical")}</span>
            </span>
          )}
          {queue.high > 0 && (
            <span class="urgency u-high" title={app.say("high")}>
              <Glyph name="high" />
              {queue.high}
              <span class="unseen"> {app.say("high")}</span>
            </span>
          )}
          <span class="n">{busy ? queue.waiting : <span class="dim">{app.say("empty_queue")}</span>}</span>
        </span>
        {busy && (
          <span class="figures">
            {queue.claimed > 0 && (
              <span>
                {queue.claimed} {app.say("claimed")}
              </span>
            )}
            {queue.overdue > 0 && (
              <span class="late">
                {queue.overdue} {app.say("overdue")}
              </span>
            )}
            {queue.oldest_at && (
              <span class="oldest">
                {app.say("oldest")} <Age since={queue.oldest_at} />
              </span>
            )}
          </span>
        )}
        {queue.next_due_at && (
          <span class="due">
            {queue.overdue === 0 && <span class="dim">{app.say("next_due")} </span>}
            <DueClock due={queue.next_due_at} />
          </span>
        )}
      </button>
    </li>
  );
}

function promise(app: ReturnType<typeof useApp>, queue: Queue): string {
  const { lang } = app.state;
  const each = queue.targets.map(({ urgency, within_s }) =>
    app.say("promise_within", { urgency: classInWords(app, urgency), span: span(within_s * 1000, lang) }),
  );
  return [`${app.say("promise")}: ${each.join(", ") || "–"}`, queue.hours ?? ""].filter(Boolean).join(" · ");
}
