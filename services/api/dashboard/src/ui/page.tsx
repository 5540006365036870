// The page: what stands where, and the keyboard.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wishOf } from "../logic/keys.ts";
import { grant } from "../wishes.ts";
import { foundHit } from "../state.ts";
import type { Word } from "../words.ts";
import { Campaigns } from "./campaigns.tsx";
import { Door } from "./door.tsx";
import { FoundDetail } from "./found-detail.tsx";
import { Found } from "./found.tsx";
import { Footer } from "./footer.tsx";
import { Header } from "./header.tsx";
import { IncidentDetail } from "./incident-detail.tsx";
import { Incidents } from "./incidents.tsx";
import { ItemDetail } from "./item-detail.tsx";
import { Items } from "./items.tsx";
import { Action, Glyph, useApp } from "./parts.tsx";
import { Queues } from "./queues.tsx";
import { Volume } from "./volume.tsx";

export function Page(): JSX.Element {
  const app = useApp();
  const { door, search, announcement, help, chosen, campaigning } = app.state;
  useKeyboard();
  if (door !== "open") return <Door />;
  return (
    <div class={`page${chosen ? " with-detail" : ""}`}>
      <Header />
      <Banners />
      <main class="floor">
        <Incidents />
        <Volume />
        <Queues />
        {search ? <Found /> : <Items />}
        <Detail />
      </main>
      <Footer />
      <p class="unseen" aria-live="assertive">
        {announcement}
      </p>
      {help && <Help />}
      {campaigning && <Campaigns />}
    </div>
  );
}

function Banners(): JSX.Element {
  const app = useApp();
  const { incidents, items, connection, readAt } = app.state;
  const drill = [...(incidents ?? []), ...(items ?? [])].some((each) => each.drill);
  const lost = connection.state === "lost";
  return (
    <>
      {drill && (
        <p class="banner drill" role="status">
          <Glyph name="drill" />
          {app.say("drill_banner")}
        </p>
      )}
      {lost && (
        <p class="banner lost" role="alert">
          <Glyph name="high" />
          {app.say("lost_long", { at: readAt ? app.calendar().seconds(readAt + app.state.offset) : "–" })}
          <button type="button" class="link" onClick={() => app.reconnect()}>
            {app.say("try_now")}
          </button>
        </p>
      )}
    </>
  );
}

function Detail(): JSX.Element {
  const app = useApp();
  const { chosen, item, incident } = app.state;
  const hit = foundHit(app.state);
  return (
    <section
      class="panel detail"
      aria-label={app.say("details")}
      aria-busy={chosen !== null && !item && !incident && !hit}
    >
      {chosen && (
        <button type="button" class="back" onClick={() => app.choose(null)}>
          <Glyph name="back" />
          {app.say("back")}
        </button>
      )}
      {chosen?.kind === "item" && item && <ItemDetail key={item.item.id} detail={item} />}
      {chosen?.kind === "incident" && incident && <IncidentDetail key={incident.incident.id} detail={incident} />}
      {hit && <FoundDetail key={hit.id} hit={hit} />}
      {!chosen && (
        <div class="empty">
          <p>{app.say("select_something")}</p>
          <p class="hint">{app.say("select_hint")}</p>
        </div>
      )}
      {chosen && !hit && !item && !incident && <p class="empty">{app.say("loading")}</p>}
    </section>
  );
}

const KEYS: readonly (readonly [string, Word])[] = [
  ["j  k", "key_move"],
  ["i", "key_incident"],
  ["c", "key_claim"],
  ["r", "key_reply"],
  ["Ctrl ⏎", "key_send"],
  ["e", "key_resolve"],
  ["a", "key_ack"],
  ["/", "key_search"],
  ["Esc", "key_escape"],
  ["?", "key_help"],
];

function Help(): JSX.Element {
  const app = useApp();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} class="help" aria-labelledby="h-help" onClose={() => app.setHelp(false)}>
      <h2 id="h-help">{app.say("keys")}</h2>
      <dl>
        {KEYS.map(([key, word]) => (
          <div key={key}>
            <dt>
              {key.split("  ").map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{app.say(word)}</dd>
          </div>
        ))}
      </dl>
      <Action onClick={() => app.setHelp(false)}>{app.say("close")}</Action>
    </dialog>
  );
}

function useKeyboard(): void {
  const app = useApp();
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      const wish = app.state.door === "open" && !app.state.campaigning ? wishOf(event, typing) : null;
      if (!wish) return;
      if (wish === "escape" && typing) target.blur();
      else if (grant(app, wish)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [app]);
}
