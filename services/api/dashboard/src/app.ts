// The page as a whole: who is signed in, what is read when, what is chosen. Nothing is shown ahead of the server.

import { Actions } from "./actions.ts";
import { Campaigning } from "./campaigning.ts";
import { get, post, Problem, remove } from "./api/client.ts";
import { Stream, type Connection } from "./api/stream.ts";
import type { Incident, Me } from "./api/types.ts";
import { tell } from "./logic/evidence.ts";
import { ordered } from "./logic/groups.ts";
import { ALL, Refresher, touched, type Resource } from "./logic/refresh.ts";
import { Calendar, type Lang } from "./logic/time.ts";
import { Reads } from "./reads.ts";
import {
  chosenIn,
  EMPTY_SEARCH,
  hashOf,
  type Chosen,
  type ItemView,
  type Search,
  type State,
  type Store,
} from "./state.ts";
import { speaker, type Say } from "./words.ts";

const ZONE = "Europe/Amsterdam";
const LANGUAGE = "webcare.language";
const WIDE = "(min-width: 861px)";

export class App {
  readonly actions = new Actions(this);
  readonly campaigning = new Campaigning(this);
  private readonly reads: Reads;
  private readonly refresher = new Refresher();
  private readonly stream: Stream;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading = false;
  private known: Set<string> | null = null;

  constructor(readonly store: Store) {
    this.reads = new Reads(store);
    this.stream = new Stream("/v1/stream", {
      heard: (name, data) => this.touch(touched(name, String(data["kind"] ?? ""))),
      anew: () => this.anew(),
      changed: (connection) => this.connected(connection),
    });
  }

  // what is at hand

  get state(): State {
    return this.store.get();
  }

  say: Say = (word, fill) => speaker(this.state.lang)(word, fill);

  calendar(): Calendar {
    return new Calendar(this.state.lang, this.state.me?.timezone ?? ZONE);
  }

  now(): number {
    return this.reads.now();
  }

  /** Whether this person may do more than look. */
  mayAct(): boolean {
    return this.state.me?.roles.some((role) => role !== "reader") ?? false;
  }

  /** Whether this person may declare campaigns and end them. */
  mayLead(): boolean {
    return this.state.me?.roles.some((role) => role === "lead" || role === "admin") ?? false;
  }

  /** A person's name as people know it. */
  person(name: string): string {
    const { me, onCall } = this.state;
    if (name === me?.name) return me.display;
    const known = me?.people?.[name] ?? onCall?.find((row) => row.person === name)?.display;
    if (known) return known;
    return ["router", "pager", "system", "timers", ""].includes(name)
      ? this.say("system")
      : name.charAt(0).toUpperCase() + name.slice(1);
  }

  // the door

  async start(): Promise<void> {
    const key = /^#key=(.+)$/.exec(location.hash)?.[1];
    if (key) {
      history.replaceState(null, "", `${location.pathname}#/`);
      await this.signIn(decodeURIComponent(key));
      return;
    }
    try {
      this.enter(await get<Me>("/me"));
    } catch (error) {
      const away = error instanceof Problem && error.status !== 401;
      this.store.set({ door: "closed", doorNote: away ? "server_away" : null });
    }
  }

  async signIn(key: string): Promise<void> {
    try {
      this.enter(await post<Me>("/session", { key: key.trim() }));
    } catch (error) {
      const unknown = error instanceof Problem && [401, 422].includes(error.status);
      this.store.set({ door: "closed", doorNote: unknown ? "key_wrong" : "server_away" });
    }
  }

  async signOut(): Promise<void> {
    await remove("/session").catch(() => undefined);
    this.leave(null);
  }

  private enter(me: Me): void {
    this.store.set({ me, door: "open", doorNote: null, chosen: chosenIn(location.hash) });
    this.stream.open();
    this.anew();
  }

  leave(doorNote: State["doorNote"]): void {
    this.stream.stop();
    clearTimeout(this.timer);
    this.known = null;
    const nothing = { me: null, chosen: null, item: null, incident: null, drafts: {}, campaigning: false };
    this.store.set({ door: "closed", doorNote, ...nothing });
  }

  private connected(connection: Connection): void {
    this.store.set({ connection });
    if (connection.state === "lost") void this.stillKnown();
  }

  /** A stream does not say why it ended: ask whether we are still signed in. */
  private async stillKnown(): Promise<void> {
    await get<Me>("/me").catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) this.leave("key_ended");
    });
  }

  reconnect(): void {
    this.stream.open();
  }

  // reading

  private anew(): void {
    this.refresher.anew(Date.now());
    this.plan();
  }

  touch(resources: readonly Resource[]): void {
    this.refresher.touch(resources, Date.now());
    this.plan();
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.reading || this.state.door !== "open") return;
    const wait = Math.max(0, this.refresher.next() - Date.now());
    this.timer = setTimeout(() => void this.read(), Math.min(wait, 60_000));
  }

  /** One after the other: a slow server is asked less, never more. */
  private async read(): Promise<void> {
    this.reading = true;
    try {
      for (const resource of this.refresher.take(Date.now())) {
        await this.reads.of[resource]();
        if (resource === "incidents") this.announce();
      }
    } catch (error) {
      this.readFailed(error);
    } finally {
      this.reading = false;
      this.plan();
    }
  }

  private readFailed(error: unknown): void {
    if (error instanceof Problem && error.status === 401) this.leave("key_ended");
    else if (error instanceof Problem && error.status === 404) this.choose(null);
    else this.touch(ALL);
  }

  private announce(): void {
    const { incidents } = this.state;
    if (!incidents) return;
    const waking = incidents.filter((incident) => incident.state === "triggered");
    if (this.known === null && !this.state.chosen && matchMedia(WIDE).matches) this.chooseFirst(incidents);
    const fresh = this.known ? waking.filter((incident) => !this.known?.has(incident.id)) : [];
    this.known = new Set(incidents.map((incident) => incident.id));
    document.title = `${waking.length ? `(${waking.length}) ` : ""}${this.say("title")}${this.state.me?.organisation ? ` · ${this.state.me.organisation}` : ""}`;
    if (fresh[0]) this.store.set({ announcement: this.say("say_incident", { what: this.described(fresh[0]) }) });
  }

  /** Where there is room for it, the page opens on what matters most. */
  private chooseFirst(incidents: readonly Incident[]): void {
    const first = incidents.find((incident) => incident.kind === "spike") ?? ordered(incidents)[0];
    if (first) this.choose({ kind: "incident", id: first.id });
  }

  private described(incident: Incident): string {
    const told = tell(incident, { say: this.say, lang: this.state.lang, calendar: this.calendar(), now: this.now() });
    return `${incident.brand}. ${told.title}. ${told.lead}`;
  }

  // choosing

  choose(chosen: Chosen | null): void {
    const { item, incident } = this.state;
    this.store.set({
      chosen,
      note: null,
      item: chosen?.kind === "item" && item?.item.id === chosen.id ? item : null,
      incident: chosen?.kind === "incident" && incident?.incident.id === chosen.id ? incident : null,
    });
    history.replaceState(null, "", `${location.pathname}${hashOf(chosen)}`);
    if (chosen) this.readNow("detail");
  }

  setView(view: ItemView): void {
    this.store.set({ view, items: null, itemLimit: 50, search: null });
    this.readNow("items");
  }

  more(): void {
    this.store.set({ itemLimit: Math.min(this.state.itemLimit * 2, 200) });
    this.readNow("items");
  }

  setBrand(brand: string | null): void {
    this.store.set({ brand, items: null, incidents: null, queues: null, volumes: {} });
    this.known = null;
    this.anew();
    if (this.state.search) this.quietly(this.reads.search());
  }

  setRange(range: State["range"]): void {
    this.store.set({ range, volumes: {} });
    this.readNow("volume");
  }

  setIncidentTab(incidentTab: State["incidentTab"]): void {
    this.store.set({ incidentTab });
    if (incidentTab === "closed") this.quietly(this.reads.closed());
    if (incidentTab === "pages") this.readNow("pages");
  }

  setLang(lang: Lang): void {
    this.store.set({ lang });
    document.documentElement.lang = lang;
    remembered(LANGUAGE, lang);
  }

  setHelp(help: boolean): void {
    this.store.set({ help });
  }

  setDraft(item: string, text: string): void {
    this.store.set({ drafts: { ...this.state.drafts, [item]: text } });
  }

  openSearch(patch: Partial<Search> = {}): void {
    this.store.set({ search: { ...(this.state.search ?? EMPTY_SEARCH), ...patch } });
    this.quietly(this.reads.search());
  }

  moreFound(): void {
    const next = this.state.found?.next;
    if (next) this.quietly(this.reads.search(next));
  }

  closeSearch(): void {
    this.store.set({ search: null, found: null });
  }

  /** What is chosen, as it is now; a failure shows by itself. */
  async readDetail(): Promise<void> {
    await this.reads.detail().catch((error: unknown) => this.readFailed(error));
  }

  readNow(resource: Resource): void {
    this.quietly(this.reads.of[resource]());
  }

  private quietly(work: Promise<void>): void {
    work.catch((error: unknown) => this.readFailed(error));
  }
}

export function rememberedLang(): Lang {
  try {
    return localStorage.getItem(LANGUAGE) === "en" ? "en" : "nl";
  } catch {
    return "nl";
  }
}

function remembered(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing still works; it only forgets the language.
  }
}
