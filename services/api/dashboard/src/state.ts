// What the page knows, and who is told when it changes.

import type {
  Campaign,
  Conservation,
  DemoPage,
  Extra,
  Found,
  Incident,
  IncidentDetail,
  Item,
  ItemDetail,
  Me,
  OnCall,
  Page,
  Queue,
  SearchPage,
  Spike,
  Volume,
} from "./api/types.ts";
import type { Connection } from "./api/stream.ts";
import type { Range } from "./logic/chart.ts";
import type { Lang } from "./logic/time.ts";

/** What is shown in the detail pane. */
export type Chosen = { kind: "item" | "incident" | "found"; id: string };

/** Which items are listed: of every queue, of one, those the person holds, or those that are done. */
export type ItemView = { kind: "all" } | { kind: "mine" } | { kind: "done" } | { kind: "queue"; queue: string };

export interface Search {
  text: string;
  sentiment: string;
  urgency: string;
  channel: string;
}

export interface Note {
  tone: "good" | "bad";
  text: string;
}

export interface State {
  lang: Lang;
  door: "checking" | "closed" | "open";
  doorNote: "key_wrong" | "key_ended" | "server_away" | null;
  me: Me | null;
  connection: Connection;
  /** The server's clock minus ours, in milliseconds. */
  offset: number;
  readAt: number;
  brands: string[];
  brand: string | null;
  channels: string[];
  onCall: OnCall[] | null;
  /** Who is paged as well, because of a campaign. */
  extra: Extra[];
  /** Of every brand; those that are over only while the panel is open. */
  campaigns: Campaign[] | null;
  /** Whether the panel of campaigns is open. */
  campaigning: boolean;
  queues: Queue[] | null;
  items: Item[] | null;
  itemsMore: boolean;
  itemLimit: number;
  view: ItemView;
  incidents: Incident[] | null;
  closed: Incident[];
  incidentTab: "open" | "closed" | "pages";
  pages: Page[];
  spikes: Spike[];
  range: Range;
  volumes: Record<string, Volume>;
  conservation: Conservation | null;
  chosen: Chosen | null;
  item: ItemDetail | null;
  incident: IncidentDetail | null;
  demoPages: DemoPage[];
  search: Search | null;
  found: SearchPage | null;
  drafts: Record<string, string>;
  /** What the last action on the chosen thing came to. */
  note: Note | null;
  busy: boolean;
  help: boolean;
  /** For screen readers: the newest thing that cannot wait. */
  announcement: string;
}

export const EMPTY_SEARCH: Search = { text: "", sentiment: "", urgency: "", channel: "" };

export function initial(lang: Lang): State {
  return {
    lang,
    door: "checking",
    doorNote: null,
    me: null,
    connection: { state: "connecting" },
    offset: 0,
    readAt: 0,
    brands: [],
    brand: null,
    channels: [],
    onCall: null,
    extra: [],
    campaigns: null,
    campaigning: false,
    queues: null,
    items: null,
    itemsMore: false,
    itemLimit: 50,
    view: { kind: "all" },
    incidents: null,
    closed: [],
    incidentTab: "open",
    pages: [],
    spikes: [],
    range: "24h",
    volumes: {},
    conservation: null,
    chosen: null,
    item: null,
    incident: null,
    demoPages: [],
    search: null,
    found: null,
    drafts: {},
    note: null,
    busy: false,
    help: false,
    announcement: "",
  };
}

export class Store {
  private readonly listeners = new Set<() => void>();

  constructor(private current: State) {}

  get(): State {
    return this.current;
  }

  set(patch: Partial<State>): void {
    this.current = { ...this.current, ...patch };
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** What is chosen as it stands in the address, and back. */
export function chosenIn(hash: string): Chosen | null {
  const found = /^#\/(item|incident)\/([\w.:|-]+)$/.exec(hash);
  return found ? { kind: found[1] as "item" | "incident", id: found[2] ?? "" } : null;
}

export function hashOf(chosen: Chosen | null): string {
  return chosen && chosen.kind !== "found" ? `#/${chosen.kind}/${chosen.id}` : "#/";
}

export function foundHit(state: State): Found | undefined {
  return state.chosen?.kind === "found" ? state.found?.hits.find((hit) => hit.id === state.chosen?.id) : undefined;
}
