// How a spike goes: where it is in its life, the next hours, where it is said and what is told most.

import type { JSX } from "preact";
import type { Incident, Phase, Spike, SpikeTold } from "../api/types.ts";
import { seriesInWords } from "../logic/evidence.ts";
import { figure, percent } from "../logic/figures.ts";
import { bands, othersOf, phaseOf, toldOf } from "../logic/spikes.ts";
import { useApp } from "./parts.tsx";

export function Course({ incident }: { incident: Incident }): JSX.Element {
  const app = useApp();
  const told = toldOf(incident.evidence);
  const goesOn = incident.state !== "resolved";
  return (
    <section class="course" aria-labelledby="h-course">
      <h3 id="h-course">
        {app.say("course")} <PhaseMark phase={phaseOf(incident, app.state.spikes)} />
      </h3>
      <Rates told={told} goesOn={goesOn} />
      {goesOn && <Forecast told={told} />}
      <Shares told={told} />
      <Others incident={incident} />
    </section>
  );
}

export function PhaseMark({ phase }: { phase: Phase }): JSX.Element {
  return <span class={`badge phase-${phase}`}>{useApp().say(`phase_${phase}`)}</span>;
}

function Rates({ told, goesOn }: { told: SpikeTold; goesOn: boolean }): JSX.Element | null {
  const app = useApp();
  const { lang } = app.state;
  const peaked = told.peak_at === null ? NaN : Date.parse(told.peak_at);
  const facts = [
    goesOn && told.per_hour !== null ? app.say("course_rate", { n: figure(told.per_hour, lang) }) : "",
    told.peak_per_hour === null || Number.isNaN(peaked)
      ? ""
      : app.say("course_peak", { n: figure(told.peak_per_hour, lang), at: app.calendar().short(peaked, app.now()) }),
    told.campaign === null ? "" : app.say("course_campaign"),
  ].filter(Boolean);
  return facts.length > 0 ? <p class="dim">{facts.join(" · ")}</p> : null;
}

function Forecast({ told }: { told: SpikeTold }): JSX.Element | null {
  const app = useApp();
  const { lang } = app.state;
  const calendar = app.calendar();
  const ahead = bands(told.forecast, app.now());
  if (!ahead.length) return null;
  return (
    <table class="measured">
      <caption>{app.say("forecast")}</caption>
      <tbody>
        {ahead.map(({ hour, left, width, middle }) => (
          <tr key={hour.at}>
            <th scope="row">{calendar.short(Date.parse(hour.at), app.now())}</th>
            <td class="bar" aria-hidden="true" title={app.say("forecast_bar", { n: figure(hour.expected, lang) })}>
              <span class="band" style={{ left: `${left}%`, width: `${width}%` }} />
              <span class="likely" style={{ left: `${middle}%` }} />
            </td>
            <td>{app.say("forecast_between", { low: figure(hour.low, lang), high: figure(hour.high, lang) })}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td class="hint" colSpan={3}>
            {app.say("forecast_hint")}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

const MOST_STORIES = 3;

function Shares({ told }: { told: SpikeTold }): JSX.Element {
  const app = useApp();
  const { lang } = app.state;
  const total = told.channels.reduce((sum, one) => sum + one.seen, 0);
  const stories = told.stories.filter((one) => one.seen > 1).slice(0, MOST_STORIES);
  const most = stories[0]?.seen ?? 0;
  return (
    <>
      {total > 0 && (
        <Measured
          caption={app.say("by_channel")}
          rows={told.channels.map((one) => ({
            name: one.channel,
            part: one.seen / total,
            said: `${percent(one.seen / total)}%`,
          }))}
        />
      )}
      {most > 0 && (
        <Measured
          caption={app.say("by_story")}
          rows={stories.map((one, index) => ({
            name: app.say("story_nth", { n: index + 1 }),
            part: one.seen / most,
            said: app.say("told_times", { n: figure(one.seen, lang) }),
          }))}
        />
      )}
    </>
  );
}

interface Row {
  name: string;
  /** Of the width, 0..1. */
  part: number;
  said: string;
}

function Measured({ caption, rows }: { caption: string; rows: readonly Row[] }): JSX.Element {
  return (
    <table class="measured">
      <caption>{caption}</caption>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td class="bar" aria-hidden="true">
              <span class="part" style={{ width: `${Math.min(row.part, 1) * 100}%` }} />
            </td>
            <td>{row.said}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The series that were folded into the incident, in the reader's words. */
function Others({ incident }: { incident: Incident }): JSX.Element | null {
  const app = useApp();
  const others = othersOf(incident, app.state.spikes);
  if (!others.length) return null;
  return (
    <>
      <h4>{app.say("other_series")}</h4>
      <ul class="others">
        {others.map((spike) => (
          <Other key={spike.id} spike={spike} />
        ))}
      </ul>
    </>
  );
}

function Other({ spike }: { spike: Spike }): JSX.Element {
  const app = useApp();
  return (
    <li>
      <b>{seriesInWords(spike.series, spike.brand, app.say)}</b>{" "}
      <PhaseMark phase={spike.closed_at === null ? spike.phase : "over"} />
      {spike.told.words && <span class="dim">{spike.told.words[app.state.lang]}</span>}
    </li>
  );
}
