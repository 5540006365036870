// Who we are, whether we are live, who is on call.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { becauseOf, standingBy } from "../logic/campaigns.ts";
import { Logo } from "./door.tsx";
import { Glyph, useApp, useNow } from "./parts.tsx";

const OTHER_CLOCK_MS = 90_000;

export function Header(): JSX.Element {
  const app = useApp();
  const { me, lang } = app.state;
  const other = lang === "nl" ? "en" : "nl";
  return (
    <header class="top">
      <a class="skip" href="#items" onClick={(event) => skip(event)}>
        {app.say("skip")}
      </a>
      <Logo />
      <h1 class="organisation">{me?.organisation ?? "Webcare"}</h1>
      <BrandChoice />
      <OnCall />
      <SearchBox />
      <Connection />
      <button
        type="button"
        class="quiet to-campaigns"
        aria-haspopup="dialog"
        aria-label={app.say("campaigns")}
        title={app.say("campaigns")}
        onClick={() => app.campaigning.open()}
      >
        <Glyph name="campaign" />
        <span class="word">{app.say("campaigns")}</span>
      </button>
      <span class="me" title={me?.by === "open" ? app.say("open_demo") : ""}>
        <Glyph name="person" />
        <span class="me-name">{me?.display}</span>
      </span>
      <button
        type="button"
        class="quiet"
        lang={other}
        title={app.say("language_hint")}
        aria-label={app.say("language_hint")}
        onClick={() => app.setLang(other)}
      >
        {other.toUpperCase()}
      </button>
      <button
        type="button"
        class="quiet keys"
        aria-label={app.say("keys")}
        title={app.say("keys")}
        onClick={() => app.setHelp(true)}
      >
        ?
      </button>
      {me?.by === "session" && (
        <button
          type="button"
          class="quiet out"
          aria-label={app.say("sign_out")}
          title={app.say("sign_out")}
          onClick={() => void app.signOut()}
        >
          <Glyph name="out" />
        </button>
      )}
    </header>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("items")?.focus();
}

function BrandChoice(): JSX.Element | null {
  const app = useApp();
  const { brands, brand } = app.state;
  if (brands.length < 2) return null;
  return (
    <select
      class="brand"
      aria-label={app.say("brand")}
      value={brand ?? ""}
      onChange={(event) => app.setBrand(event.currentTarget.value || null)}
    >
      <option value="">{app.say("all_brands")}</option>
      {brands.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

function OnCall(): JSX.Element {
  const app = useApp();
  const { onCall } = app.state;
  const now = useNow();
  if (onCall?.length === 0) {
    return (
      <p class="oncall nobody" role="status">
        <Glyph name="high" />
        {app.say("on_call_nobody")}
        <Extra />
      </p>
    );
  }
  return (
    <p class="oncall">
      <span class="label">{app.say("on_call")}</span>
      {onCall?.map((row) => (
        <span key={row.schedule} class="duty" title={row.schedule}>
          <Glyph name="phone" />
          <b>{row.display}</b>
          {row.until && (
            <span class="until">
              {app.say("on_call_until", { at: app.calendar().short(Date.parse(row.until), now) })}
            </span>
          )}
        </span>
      ))}
      <Extra />
    </p>
  );
}

/** Who is paged as well, and because of which campaign. */
function Extra(): JSX.Element {
  const app = useApp();
  const { extra, brand, lang } = app.state;
  const now = useNow();
  return (
    <>
      {standingBy(extra, brand, now).map(({ person, display, campaigns, until }) => {
        const campaign = campaigns.join(", ");
        const why = becauseOf(`campaign:${campaign}`, lang);
        return (
          <span
            key={person}
            class="duty extra"
            title={app.say("on_call_extra_hint", { why, at: app.calendar().short(until, now) })}
          >
            <Glyph name="campaign" />
            <b>{display}</b>
            <span class="until">{app.say("on_call_extra", { campaign })}</span>
          </span>
        );
      })}
    </>
  );
}

function SearchBox(): JSX.Element {
  const app = useApp();
  const { search } = app.state;
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!search) setText("");
  }, [search]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim()) app.openSearch({ text: text.trim() });
    field.current?.blur();
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <Glyph name="search" />
      <input
        id="search"
        ref={field}
        type="search"
        autocomplete="off"
        maxLength={500}
        placeholder={app.say("search_placeholder")}
        aria-label={app.say("search_placeholder")}
        aria-keyshortcuts="/"
        title={app.say("search_hint")}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function Connection(): JSX.Element {
  const app = useApp();
  const { connection, offset } = app.state;
  const now = useNow();
  const clock = app.calendar().seconds(now);
  const elsewhere = Math.abs(offset) > OTHER_CLOCK_MS;
  const shown = elsewhere ? `${app.calendar().day(now)} ${clock}` : clock;
  const seconds = connection.state === "lost" ? Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1000)) : 0;
  const words = connection.state === "lost" ? app.say("lost", { s: seconds }) : app.say(connection.state);
  return (
    <p class={`connection ${connection.state}`}>
      <span class="dot" aria-hidden="true" />
      <span role="status">{connection.state === "lost" ? <span aria-hidden="true">{words}</span> : words}</span>
      <time class={elsewhere ? "elsewhere" : ""} title={elsewhere ? app.say("other_clock") : ""}>
        {shown}
      </time>
    </p>
  );
}
