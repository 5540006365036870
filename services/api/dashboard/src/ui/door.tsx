// Signing in with a key.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "./parts.tsx";

export function Door(): JSX.Element {
  const app = useApp();
  const { door, doorNote, lang } = app.state;
  const [key, setKey] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    void app.signIn(key);
  };
  if (door === "checking") return <main class="door" aria-busy="true" />;
  return (
    <main class="door">
      <form onSubmit={submit}>
        <Logo />
        <h1>Webcare</h1>
        <p class="tagline">{app.say("tagline")}</p>
        <label for="key">{app.say("key_label")}</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        {doorNote && (
          <p class="note bad" role="alert">
            {app.say(doorNote)}
          </p>
        )}
        <button type="submit" class="action main">
          {app.say("sign_in")}
        </button>
        <p class="hint">{app.say("key_hint")}</p>
      </form>
      <button
        type="button"
        class="link"
        lang={lang === "nl" ? "en" : "nl"}
        onClick={() => app.setLang(lang === "nl" ? "en" : "nl")}
      >
        {app.say("language")}
      </button>
    </main>
  );
}

export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M5 17h5l3-8 5 15 3.5-7H27" />
    </svg>
  );
}
