// The incidents that are open, what they rest on, and who took them on.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Incident, Page } from "../api/types.ts";
import { tell } from "../logic/evidence.ts";
import { grouped, ordered, type Group } from "../logic/groups.ts";
import { MOST_PAGES } from "../reads.ts";
import { asToldLast, isCounted, phaseOf } from "../logic/spikes.ts";
import { channelKind } from "../logic/timeline.ts";
import { span } from "../logic/time.ts";
import { codeInWords, type Word } from "../words.ts";
import { PhaseMark } from "./spike.tsx";
import { Action, Age, Choice, Drill, Glyph, Left, Moment, useApp, useNow } from "./parts.tsx";

export function Incidents(): JSX.Element {
  const app = useApp();
  const { incidents, incidentTab, pages } = app.state;
  const waking = incidents?.filter((each) => each.state === "triggered").length ?? 0;
  return (
    <section class="panel incidents" aria-labelledby="h-incidents">
      <div class="head">
        <h2 id="h-incidents">{app.say("incidents")}</h2>
        {waking > 0 && <span class="count alarm">{waking}</span>}
        <Choice
          label={app.say("incidents")}
          value={incidentTab}
          onChange={(tab) => app.setIncidentTab(tab)}
          options={[
            ["open", `${app.say("tab_open")} ${incidents?.length ?? ""}`.trim()],
            ["closed", app.say("tab_closed")],
            [
              "pages",
              `${app.say("pages")} ${pages.length < MOST_PAGES ? pages.length || "" : `${MOST_PAGES}+`}`.trim(),
            ],
          ]}
        />
      </div>
      <div class="body">{incidentTab === "pages" ? <Pages pages={pages} /> : <List />}</div>
    </section>
  );
}

function List(): JSX.Element {
  const app = useApp();
  const { incidents, closed, incidentTab } = app.state;
  const shown = incidentTab === "closed" ? closed : ordered(incidents ?? []);
  if (incidents === null) return <p class="empty">{app.say("loading")}</p>;
  if (!shown.length) {
    return (
      <p class="empty">
        <Glyph name="tick" />
        {app.say(incidentTab === "closed" ? "no_closed" : "no_incidents")}
      </p>
    );
  }
  return (
    <ul class="rows">
      {grouped(shown).map((group) =>
        group.incidents.length > 1 ? (
          <Many key={group.key} group={group} />
        ) : (
          group.incidents.map((each) => <Row key={each.id} incident={each} />)
        ),
      )}
    </ul>
  );
}

/** Incidents of one cause, folded until somebody wants to see each. */
function Many({ group }: { group: Group }): JSX.Element {
  const app = useApp();
  const { lang, chosen } = app.state;
  const { incidents } = group;
  const [unfolded, unfold] = useState(false);
  const now = useNow();
  const first = incidents[0] as Incident;
  const told = tell(first, { say: app.say, lang, calendar: app.calendar(), now });
  const ages = incidents.map((each) => now - Date.parse(each.opened_at));
  const cause = Array.isArray(first.evidence["reasons"])
    ? codeInWords(String(first.evidence["reasons"][0] ?? ""), lang)
    : "";
  const current = !unfolded && chosen?.kind === "incident" && incidents.some((each) => each.id === chosen.id);
  return (
    <>
      <li class={`incident many s-${first.state}${current ? " current" : ""}`}>
        <button type="button" class="open" aria-expanded={unfolded} onClick={() => unfold(!unfolded)}>
          <Sign incident={first} />
          <span class="what">
            <span class="line">
              <b>
                {incidents.length}× {told.title}
              </b>
              <Drill on={first.drill} />
            </span>
            <span class="lead">{app.say("ev_why", { why: cause || app.say("ev_whole") })}</span>
            <span class="facts">
              {app.say("oldest_newest", {
                oldest: span(Math.max(...ages), lang),
                newest: span(Math.min(...ages), lang),
              })}
            </span>
          </span>
        </button>
        <span class="status">
          <IncidentStatus incident={first} />
          <button type="button" class="link" onClick={() => unfold(!unfolded)}>
            {unfolded ? app.say("fold") : app.say("show_all", { n: incidents.length })}
          </button>
        </span>
      </li>
      {unfolded && incidents.map((incident) => <Row key={incident.id} incident={incident} inner />)}
    </>
  );
}

function Sign({ incident }: { incident: Incident }): JSX.Element {
  return (
    <span class="sign">
      <Glyph name={glyphOf(incident.kind)} />
    </span>
  );
}

export function glyphOf(kind: string): "spike" | "silence" | "critical" {
  return kind === "spike" || kind === "silence" ? kind : "critical";
}

function Row({ incident, inner = false }: { incident: Incident; inner?: boolean }): JSX.Element {
  const app = useApp();
  const { chosen, lang, busy, items, brands, brand, spikes } = app.state;
  const item = items?.find((each) => each.id === incident.item_id);
  const told = tell(asToldLast(incident, spikes), { say: app.say, lang, calendar: app.calendar(), now: app.now() });
  const current = chosen?.kind === "incident" && chosen.id === incident.id;
  return (
    <li class={`incident s-${incident.state} k-${incident.kind}${inner ? " inner" : ""}${current ? " current" : ""}`}>
      <button
        type="button"
        class="open"
        aria-current={current}
        onClick={() => app.choose({ kind: "incident", id: incident.id })}
      >
        <Sign incident={incident} />
        <span class="what">
          <span class="line">
            <b>{told.title}</b>
            <Drill on={incident.drill} />
            {isCounted(incident.kind) && <PhaseMark phase={phaseOf(incident, spikes)} />}
            {incident.kind === "critical" && brand === null && brands.length > 1 && (
              <span class="tag">{incident.brand}</span>
            )}
            <span class="age">
              <Age since={incident.opened_at} />
            </span>
          </span>
          <span class="lead">{told.lead}</span>
          <span class="facts">
            {item ? `${item.author_name ?? ""}: ${item.excerpt}` : told.facts.slice(0, 4).join(" · ")}
          </span>
        </span>
      </button>
      <span class="status">
        <IncidentStatus incident={incident} />
        {incident.state === "triggered" && app.mayAct() && (
          <Action kind="danger" disabled={busy} onClick={() => void acknowledge(incident)}>
            {app.say("acknowledge")}
          </Action>
        )}
      </span>
    </li>
  );

  async function acknowledge(which: Incident): Promise<void> {
    app.choose({ kind: "incident", id: which.id });
    await app.actions.acknowledge(which);
  }
}

/** Its state in colour and words: who has it, and how long that lasts. */
export function IncidentStatus({ incident }: { incident: Incident }): JSX.Element {
  const app = useApp();
  if (incident.state === "resolved") {
    const who = incident.resolved_by ? app.person(incident.resolved_by) : app.say("system");
    return (
      <span class="badge b-resolved">
        <Glyph name="tick" />
        {app.say("resolved_by", { who })}
      </span>
    );
  }
  if (incident.state === "triggered") {
    return (
      <span class="badge b-triggered">
        <Glyph name="critical" />
        {app.say("triggered")}
      </span>
    );
  }
  return (
    <span class="badge b-acknowledged">
      <Glyph name="person" />
      {app.say("ack_by", { who: app.person(incident.acked_by ?? "") })}
      {incident.ack_expires_at && (
        <span class="lease" title={app.say("ack_lease", { left: "" }).replace(/\s+,/, ",")}>
          <Left until={incident.ack_expires_at} />
        </span>
      )}
    </span>
  );
}

const REACHED = ["accepted", "delivered", "read"];

function Pages({ pages }: { pages: readonly Page[] }): JSX.Element {
  const app = useApp();
  if (!pages.length) return <p class="empty">{app.say("no_pages")}</p>;
  return (
    <ul class="rows pages">
      {pages.map((page) => (
        <li key={page.id}>
          <button
            type="button"
            class="open"
            disabled={!page.incident_id}
            onClick={() => page.incident_id && app.choose({ kind: "incident", id: page.incident_id })}
          >
            <Moment at={page.accepted_at ?? page.due_at} />
            <span class="what">
              <span class="line">
                <b>{app.person(page.person)}</b>
                <Drill on={page.drill} />
                <span class="dim">{channelKind(page.channel)}</span>
              </span>
              <span class="lead">{page.title}</span>
            </span>
            <span class={`badge p-${page.state}`}>
              {REACHED.includes(page.state) ? (
                <Glyph name="tick" />
              ) : page.state === "failed" ? (
                <Glyph name="cross" />
              ) : null}
              {app.say(`page_${page.state}` as Word)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
