// One incident: what it rests on, what was done about it and when, and the page as it arrived.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DemoPage, Incident, IncidentDetail as Detail, Page } from "../api/types.ts";
import { becauseOf } from "../logic/campaigns.ts";
import { tell } from "../logic/evidence.ts";
import { receivedText } from "../logic/received.ts";
import { asToldLast, isCounted } from "../logic/spikes.ts";
import { channelKind, timeline } from "../logic/timeline.ts";
import { glyphOf, IncidentStatus } from "./incidents.tsx";
import { Note } from "./item-detail.tsx";
import { Action, Age, Drill, Glyph, Moment, useApp } from "./parts.tsx";
import { Course } from "./spike.tsx";
import { Topics } from "./topics.tsx";
import type { Word } from "../words.ts";

export function IncidentDetail({ detail }: { detail: Detail }): JSX.Element {
  const app = useApp();
  const { pages } = detail;
  const incident = asToldLast(detail.incident, app.state.spikes);
  const told = tell(incident, { say: app.say, lang: app.state.lang, calendar: app.calendar(), now: app.now() });
  return (
    <>
      <div class={`summary s-${incident.state}`}>
        <h2>
          <Glyph name={glyphOf(incident.kind)} />
          {told.title}
          <Drill on={incident.drill} />
        </h2>
        <p class="evidence">{told.lead}</p>
        <p class="facts">
          {[incident.brand, ...told.facts].join(" · ")} · <code>{incident.id.slice(-6).toUpperCase()}</code> ·{" "}
          <Age since={incident.opened_at} long />
        </p>
        <p class="standing">
          <IncidentStatus incident={incident} />
        </p>
        <Actions incident={incident} />
        <Note />
      </div>
      <div class="story" tabIndex={0} role="region" aria-label={app.say("timeline")}>
        {isCounted(incident.kind) && <Course incident={incident} />}
        <Topics
          key={incident.id}
          of={`/incidents/${encodeURIComponent(incident.id)}`}
          brand={incident.brand}
          goesOn={isCounted(incident.kind) && incident.state !== "resolved"}
        />
        <Timeline detail={detail} />
        <Received pages={pages} />
      </div>
    </>
  );
}

function Actions({ incident }: { incident: Incident }): JSX.Element | null {
  const app = useApp();
  const { busy, me } = app.state;
  const [sure, setSure] = useState(false);
  const mine = incident.acked_by === me?.name;
  if (!app.mayAct()) return null;
  return (
    <p class="actions">
      {incident.state === "triggered" && (
        <Action kind="danger" hotkey="a" disabled={busy} onClick={() => void app.actions.acknowledge(incident)}>
          {app.say("acknowledge")}
        </Action>
      )}
      {incident.state === "acknowledged" && mine && (
        <Action hotkey="a" disabled={busy} onClick={() => void app.actions.acknowledge(incident)}>
          {app.say("acknowledge_again")}
        </Action>
      )}
      {incident.item_id && (
        <Action onClick={() => app.choose({ kind: "item", id: incident.item_id ?? "" })}>{app.say("to_item")}</Action>
      )}
      {incident.state !== "resolved" && (
        <Action disabled={busy} onClick={() => (sure ? void app.actions.closeIncident(incident) : setSure(true))}>
          {app.say(sure ? "resolve_sure" : "resolve_incident")}
        </Action>
      )}
    </p>
  );
}

function Timeline({ detail }: { detail: Detail }): JSX.Element {
  const app = useApp();
  const calendar = app.calendar();
  const entries = timeline(detail, {
    say: app.say,
    lang: app.state.lang,
    clock: (at) => calendar.time(at),
    person: (name) => app.person(name),
  });
  return (
    <section>
      <h3>{app.say("timeline")}</h3>
      <ol class="timeline">
        {entries.map((entry) => (
          <li key={entry.key} class={`t-${entry.mark}`}>
            <Moment at={new Date(entry.at).toISOString()} seconds />
            <span class="what">
              {entry.text}
              {entry.count > 1 && <span class="dim"> ({app.say("tl_times", { n: entry.count })})</span>}
              {entry.notes.length > 0 && <span class="notes">{entry.notes.join(" · ")}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const NEWEST = 3;

/** The pages, as they were sent or as the demonstration's receiver got them. */
function Received({ pages }: { pages: readonly Page[] }): JSX.Element | null {
  const app = useApp();
  const { demoPages } = app.state;
  const [all, showAll] = useState(false);
  if (!pages.length) return null;
  const newest = [...pages].reverse();
  const got = new Map(demoPages.map((page) => [page.id, page]));
  return (
    <section class="received">
      <h3>{app.say("pages")}</h3>
      {(all ? newest : newest.slice(0, NEWEST)).map((page) => (
        <PageCard key={page.id} page={page} got={got.get(page.id)} />
      ))}
      {!all && pages.length > NEWEST && (
        <button type="button" class="link" onClick={() => showAll(true)}>
          {app.say("all_pages", { n: pages.length })}
        </button>
      )}
      <p class="hint">{app.say("accepted_only")}</p>
    </section>
  );
}

function PageCard({ page, got }: { page: Page; got: DemoPage | undefined }): JSX.Element {
  const app = useApp();
  const because = becauseOf(page.reason, app.state.lang);
  const text = (got && receivedText(got.body)) ?? { title: page.title, body: page.body };
  return (
    <article class={`call p-${page.state}`}>
      <p class="by">
        <Glyph name="phone" />
        <b>{app.person(page.person)}</b>
        <span class="dim">{channelKind(page.channel)}</span>
        <span class={`badge p-${page.state}`}>{app.say(`page_${page.state}` as Word)}</span>
      </p>
      {because && <p class="dim">{because}</p>}
      <p class="title">{text.title}</p>
      <p class="said">{text.body}</p>
      {got && (
        <p class="got">
          <Glyph name="tick" />
          {app.say("received_by_demo")} <Moment at={got.at} seconds />
          {got.seen > 1 && ` · ${app.say("received_times", { n: got.seen })}`}
        </p>
      )}
    </article>
  );
}
