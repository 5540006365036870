// What waits, in the order in which it should be handled.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Item } from "../api/types.ts";
import { Action, Age, classInWords, Drill, DueClock, Glyph, Left, Urgency, useApp } from "./parts.tsx";

export function Items(): JSX.Element {
  const app = useApp();
  const { items, itemsMore, view } = app.state;
  const title = { all: app.say("all_queues"), mine: app.say("mine"), done: app.say("done_too"), queue: "" }[view.kind];
  return (
    <section class="panel items" aria-labelledby="h-items">
      <div class="head">
        <h2 id="h-items">{view.kind === "queue" ? app.say("items_in", { queue: view.queue }) : title}</h2>
        <span class="dim order">{app.say("handling_order")}</span>
      </div>
      <div class="body" id="items" tabIndex={-1}>
        {items === null && <p class="empty">{app.say("loading")}</p>}
        {items?.length === 0 && (
          <p class="empty">
            <Glyph name="tick" />
            {app.say("no_items")}
          </p>
        )}
        <ul class="rows">
          {items?.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ul>
        {itemsMore && <Action onClick={() => app.more()}>{app.say("more")}</Action>}
      </div>
    </section>
  );
}

function Row({ item }: { item: Item }): JSX.Element {
  const app = useApp();
  const { chosen, view, brands, brand } = app.state;
  const current = chosen?.kind === "item" && chosen.id === item.id;
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <li ref={row} class={`item i-${item.urgency} s-${item.state}${current ? " current" : ""}`}>
      <button
        type="button"
        class="open"
        aria-current={current}
        onClick={() => app.choose({ kind: "item", id: item.id })}
      >
        <Urgency level={item.urgency} />
        <span class="what">
          <span class="line">
            <b class="author">{item.author_name ?? app.say("unknown_author")}</b>
            <span class="dim">{item.channel}</span>
            {brand === null && brands.length > 1 && <span class="tag">{item.brand}</span>}
            {view.kind !== "queue" && <span class="dim queue">{item.queue}</span>}
            {item.mentions > 1 && <span class="tag">{item.mentions}×</span>}
            {item.people > 1 && <span class="tag">{app.say("people", { n: item.people })}</span>}
            {item.unsure && (
              <span class="tag unsure" title={app.say("unsure_hint")}>
                ? {app.say("unsure")}
              </span>
            )}
            <Drill on={item.drill} />
            <span class="age">
              <Age since={item.opened_at} />
            </span>
          </span>
          <span class="excerpt">{item.excerpt}</span>
          <span class="line under">
            <span class={`dim mood m-${item.sentiment}`}>
              {classInWords(app, item.intent)} · {classInWords(app, item.sentiment)}
            </span>
            <Holder item={item} />
            <ItemClock item={item} />
          </span>
        </span>
      </button>
    </li>
  );
}

function ItemClock({ item }: { item: Item }): JSX.Element {
  const app = useApp();
  if (item.state === "done" || item.first_reply_at) {
    return (
      <span class="clock met">
        <Glyph name="tick" />
        {app.say(item.state === "done" ? "done" : "answered")}
      </span>
    );
  }
  return <DueClock due={item.due_at} />;
}

/** Who holds it and for how long. */
export function Holder({ item }: { item: Item }): JSX.Element | null {
  const app = useApp();
  if (!item.holder || item.state !== "claimed") return null;
  const mine = item.holder === app.state.me?.name;
  return (
    <span class={`holder${mine ? " mine" : ""}`}>
      <Glyph name="person" />
      {mine ? app.say("you") : app.person(item.holder)}
      {item.lease_until && <Left until={item.lease_until} />}
    </span>
  );
}
