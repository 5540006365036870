// What a key comes to, as the page stands.

import type { App } from "./app.ts";
import { ordered } from "./logic/groups.ts";
import { moved, type Wish } from "./logic/keys.ts";

/** Returns whether the wish meant something here. */
export function grant(app: App, wish: Wish): boolean {
  switch (wish) {
    case "next":
    case "previous":
      return step(app, wish === "next" ? 1 : -1);
    case "incident":
      return stepIncident(app);
    case "escape":
      return escape(app);
    case "help":
      app.setHelp(!app.state.help);
      return true;
    case "acknowledge":
      return wishAcknowledge(app);
    case "search":
      document.getElementById("search")?.focus();
      return true;
    default:
      return wishOnItem(app, wish);
  }
}

function step(app: App, by: number): boolean {
  const { search, found, items, chosen } = app.state;
  const kind = search ? "found" : "item";
  const ids = (search ? found?.hits : items)?.map((each) => each.id) ?? [];
  const id = moved(ids, chosen?.kind === kind ? chosen.id : null, by);
  if (id) app.choose({ kind, id });
  return id !== null;
}

function stepIncident(app: App): boolean {
  const { incidents, chosen } = app.state;
  const ids = ordered(incidents ?? []).map((incident) => incident.id);
  const last = chosen?.kind === "incident" && chosen.id === ids.at(-1);
  const id = last ? ids[0] : moved(ids, chosen?.kind === "incident" ? chosen.id : null, 1);
  if (id) app.choose({ kind: "incident", id });
  return Boolean(id);
}

function escape(app: App): boolean {
  const { help, chosen, search } = app.state;
  if (help) app.setHelp(false);
  else if (chosen) app.choose(null);
  else if (search) app.closeSearch();
  else return false;
  return true;
}

function wishAcknowledge(app: App): boolean {
  const { incident, item, incidents, chosen } = app.state;
  if (chosen?.kind === "incident" && incident && incident.incident.state !== "resolved") {
    void app.actions.acknowledge(incident.incident);
    return true;
  }
  const id = chosen?.kind === "item" ? item?.item.incident_id : ordered(incidents ?? [])[0]?.id;
  if (id) app.choose({ kind: "incident", id });
  return Boolean(id);
}

function wishOnItem(app: App, wish: Wish): boolean {
  const item = app.state.chosen?.kind === "item" ? app.state.item?.item : undefined;
  if (!item) return false;
  if (wish === "claim") void app.actions.claim(item);
  else if (wish === "resolve") void app.actions.resolve(item);
  else if (wish === "send") void app.actions.reply(item);
  else if (wish === "reply") void app.actions.startReply(item);
  return true;
}
