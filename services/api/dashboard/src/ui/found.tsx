// What was found in the archive.

import type { JSX } from "preact";
import type { Found as Hit } from "../api/types.ts";
import { pieces } from "../logic/highlight.ts";
import { figure } from "../logic/figures.ts";
import { Action, classInWords, Drill, Moment, Urgency, useApp } from "./parts.tsx";

export function Found(): JSX.Element {
  const app = useApp();
  const { search, found, lang, channels } = app.state;
  const option = (code: string) => [code, code === "" ? app.say("filter_any") : classInWords(app, code)] as const;
  return (
    <section class="panel items found" aria-labelledby="h-found">
      <div class="head">
        <h2 id="h-found">{app.say("search_results")}</h2>
        <q>{search?.text}</q>
        {found && (
          <span class="dim" role="status">
            {app.say("search_total", { n: figure(found.total, lang) })}
          </span>
        )}
        <button type="button" class="link" onClick={() => app.closeSearch()}>
          {app.say("search_close")}
        </button>
      </div>
      <div class="filters">
        <Filter
          label={app.say("filter_urgency")}
          value={search?.urgency ?? ""}
          options={["", "critical", "high", "normal", "low"].map(option)}
          onChange={(urgency) => app.openSearch({ urgency })}
        />
        <Filter
          label={app.say("filter_sentiment")}
          value={search?.sentiment ?? ""}
          options={["", "negative", "neutral", "positive"].map(option)}
          onChange={(sentiment) => app.openSearch({ sentiment })}
        />
        <Filter
          label={app.say("filter_channel")}
          value={search?.channel ?? ""}
          options={["", ...channels].map((each) => [each, each || app.say("filter_any")] as const)}
          onChange={(channel) => app.openSearch({ channel })}
        />
      </div>
      <div class="body" id="items" tabIndex={-1}>
        {found === null && <p class="empty">{app.say("loading")}</p>}
        {found?.hits.length === 0 && <p class="empty">{app.say("search_none")}</p>}
        <ul class="rows">
          {found?.hits.map((hit) => (
            <Row key={hit.id} hit={hit} />
          ))}
        </ul>
        {found?.next && <Action onClick={() => app.moreFound()}>{app.say("more")}</Action>}
      </div>
    </section>
  );
}

interface FilterProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

function Filter({ label, value, options, onChange }: FilterProps): JSX.Element {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([code, words]) => (
          <option key={code} value={code}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Row({ hit }: { hit: Hit }): JSX.Element {
  const app = useApp();
  const { chosen } = app.state;
  const current = chosen?.kind === "found" && chosen.id === hit.id;
  return (
    <li class={`item i-${hit.verdict.urgency}${current ? " current" : ""}`}>
      <button
        type="button"
        class="open"
        aria-current={current}
        onClick={() => app.choose({ kind: "found", id: hit.id })}
      >
        <Urgency level={hit.verdict.urgency ?? "normal"} />
        <span class="what">
          <span class="line">
            <b class="author">{hit.author_name ?? hit.author_handle ?? app.say("unknown_author")}</b>
            <span class="dim">{hit.channel}</span>
            <span class="tag">{hit.brand}</span>
            {hit.private && <span class="tag">{app.say("private")}</span>}
            <Drill on={hit.drill} />
            <span class="age">
              <Moment at={hit.created_at} />
            </span>
          </span>
          <span class="excerpt">
            {hit.highlight
              ? pieces(hit.highlight).map((piece, index) =>
                  piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text,
                )
              : hit.text}
          </span>
        </span>
      </button>
    </li>
  );
}
