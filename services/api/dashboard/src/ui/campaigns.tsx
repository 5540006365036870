// Campaigns: which run, are planned or ended lately. Leads declare one here and end it.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Campaign } from "../api/types.ts";
import { blank, inOrder, running, stateOf, times, type Draft } from "../logic/campaigns.ts";
import { DRILL_BRAND } from "../reads.ts";
import { CampaignForm } from "./campaign-form.tsx";
import { Action, Glyph, useApp, useNow } from "./parts.tsx";

const MOST_SHOWN = 2;

/** What runs now, for everybody to see; it opens the panel. */
export function RunningCampaigns(): JSX.Element | null {
  const app = useApp();
  const now = useNow();
  const { campaigns, brand, brands, lang } = app.state;
  const shown = running(campaigns ?? [], brand, now);
  if (!shown.length) return null;
  return (
    <ul class="campaigns-now" aria-label={app.say("camp_now")}>
      {shown.slice(0, MOST_SHOWN).map((each) => (
        <li key={each.id}>
          <button
            type="button"
            class="tag campaign"
            title={app.say("camp_expects", { n: times(each.factor, lang) })}
            onClick={() => app.campaigning.open()}
          >
            <Glyph name="campaign" />
            {brand === null && brands.length > 1 && `${each.brand} · `}
            <b>{each.name}</b> {times(each.factor, lang)}{" "}
            {app.say("on_call_until", { at: app.calendar().short(Date.parse(each.ends_at), now) })}
          </button>
        </li>
      ))}
      {shown.length > MOST_SHOWN && (
        <li>
          <button type="button" class="tag campaign" onClick={() => app.campaigning.open()}>
            {app.say("camp_more", { n: shown.length - MOST_SHOWN })}
          </button>
        </li>
      )}
    </ul>
  );
}

/** The panel, in front of the page. */
export function Campaigns(): JSX.Element {
  const app = useApp();
  const { brand, me } = app.state;
  const box = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const brands = (me?.watched ?? []).filter((each) => each !== DRILL_BRAND);
  const [declaring, setDeclaring] = useState(false);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [done, setDone] = useState("");
  useEffect(() => box.current?.showModal(), []);
  const home = (said = "") => {
    setDone(said);
    heading.current?.focus();
  };
  const begin = () => {
    setDone("");
    const likely = brand ?? (brands.length === 1 ? brands[0] : undefined) ?? "";
    setDraft((before) => before ?? blank(likely, app.now(), app.calendar().zone));
    setDeclaring(true);
  };
  const leaveForm = () => {
    setDeclaring(false);
    home();
  };
  const declared = () => {
    setDeclaring(false);
    setDraft(null);
    home(app.say("camp_declared"));
  };
  const cancel = (event: Event) => {
    if (!declaring) return;
    event.preventDefault();
    leaveForm();
  };
  return (
    <dialog
      ref={box}
      class="help campaigns"
      aria-labelledby="h-campaigns"
      onCancel={cancel}
      onClose={() => app.campaigning.close()}
    >
      <h2 id="h-campaigns" ref={heading} tabIndex={-1}>
        {app.say("campaigns")}
      </h2>
      <p class="hint">{app.say("camp_hint")}</p>
      <p class="done" role="status">
        {done && <Glyph name="tick" />}
        {done}
      </p>
      {declaring && draft ? (
        <CampaignForm brands={brands} draft={draft} change={setDraft} done={declared} cancel={leaveForm} />
      ) : (
        <>
          <List ended={({ name }) => home(app.say("camp_was_ended", { name }))} />
          <p class="foot">
            {app.mayLead() && (
              <Action kind="main" onClick={begin}>
                {app.say("camp_new")}
              </Action>
            )}
            <Action onClick={() => box.current?.close()}>{app.say("close")}</Action>
          </p>
        </>
      )}
    </dialog>
  );
}

function List({ ended }: { ended: (campaign: Campaign) => void }): JSX.Element {
  const app = useApp();
  const now = useNow();
  const { campaigns } = app.state;
  const shown = inOrder(campaigns ?? [], now);
  if (campaigns === null) return <p class="dim">{app.say("loading")}</p>;
  if (!shown.length) return <p class="dim none">{app.say("camp_none")}</p>;
  return (
    <ul class="list">
      {shown.map((each) => (
        <Row key={each.id} campaign={each} now={now} ended={() => ended(each)} />
      ))}
    </ul>
  );
}

interface RowProps {
  campaign: Campaign;
  now: number;
  ended: () => void;
}

function Row({ campaign, now, ended }: RowProps): JSX.Element {
  const app = useApp();
  const { lang } = app.state;
  const calendar = app.calendar();
  const state = stateOf(campaign, now);
  const [start, end] = [Date.parse(campaign.starts_at), Date.parse(campaign.ends_at)];
  const facts = [
    campaign.brand,
    app.say("camp_expects", { n: times(campaign.factor, lang) }),
    campaign.caution > 1 ? app.say("camp_careful", { n: times(campaign.caution, lang) }) : "",
  ].filter(Boolean);
  return (
    <li class={`c-${state}`}>
      <div class="what">
        <p class="line">
          <b>{campaign.name}</b>
          <span class={`badge c-${state}`}>{app.say(`camp_${state}`)}</span>
        </p>
        <p>
          <time dateTime={campaign.starts_at}>{calendar.short(start, now)}</time> –{" "}
          <time dateTime={campaign.ends_at}>{calendar.short(end, now)}</time>
        </p>
        <p class="dim">{facts.join(" · ")}</p>
        {campaign.people.length > 0 && (
          <p class="dim">
            {app.say("camp_people", { who: campaign.people.map((each) => app.person(each)).join(", ") })}
          </p>
        )}
        <p class="dim">{origin(app, campaign)}</p>
      </div>
      {app.mayLead() && campaign.source === "desk" && state !== "ended" && (
        <End campaign={campaign} planned={state === "planned"} ended={ended} />
      )}
    </li>
  );
}

/** Where it stands: who declared it and who ended it, or the configuration. */
function origin(app: ReturnType<typeof useApp>, campaign: Campaign): string {
  if (campaign.source === "configuration") return app.say(app.mayLead() ? "camp_configured" : "camp_in_configuration");
  const declared = app.say("camp_by", { who: app.person(campaign.declared_by ?? "") });
  if (campaign.ended_by === null) return declared;
  return `${declared} · ${app.say("camp_ended_by", { who: app.person(campaign.ended_by) })}`;
}

/** Ending asks twice: people who stood by are no longer paged, and ordinary success may page again. */
function End({ campaign, planned, ended }: { campaign: Campaign; planned: boolean; ended: () => void }): JSX.Element {
  const app = useApp();
  const [sure, setSure] = useState(false);
  const [fault, setFault] = useState("");
  const end = async () => {
    const faults = await app.campaigning.end(campaign);
    setSure(false);
    setFault(Object.values(faults ?? {})[0] ?? "");
    if (faults === null) ended();
  };
  const word = app.say(planned ? "camp_call_off" : "camp_end");
  return (
    <div class="end">
      <button
        type="button"
        class={`action ${sure ? "danger" : "plain"}`}
        aria-label={sure ? app.say("camp_sure_named", { name: campaign.name }) : `${word}: ${campaign.name}`}
        disabled={app.state.busy}
        onBlur={() => setSure(false)}
        onClick={() => (sure ? void end() : setSure(true))}
      >
        {sure ? app.say("camp_sure") : word}
      </button>
      {fault && (
        <p class="note bad" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
