// Reading from the server into the store, one function per thing that is shown.

import { get, Problem } from "./api/client.ts";
import type {
  CampaignList,
  Conservation,
  DemoPage,
  Extra,
  IncidentDetail,
  IncidentList,
  ItemDetail,
  ItemList,
  OnCall,
  Page,
  Queue,
  SearchPage,
  Spike,
  Volume,
} from "./api/types.ts";
import { period } from "./logic/chart.ts";
import type { Resource } from "./logic/refresh.ts";
import type { ItemView, State, Store } from "./state.ts";

export const MOST_BRANDS = 6;
export const MOST_PAGES = 100;
/** Where drills are played: shown only once one was. */
export const DRILL_BRAND = "drill";
const HISTORY_DAYS = 30;

export class Reads {
  private demo = true;

  constructor(private readonly store: Store) {}

  readonly of: Record<Resource, () => Promise<void>> = {
    oncall: () => this.onCall(),
    campaigns: () => this.campaigns(),
    queues: () => this.queues(),
    items: () => this.items(),
    incidents: () => this.incidents(),
    detail: () => this.detail(),
    pages: () => this.pages(),
    spikes: () => this.spikes(),
    volume: () => this.volume(),
    conservation: () => this.conservation(),
  };

  private async onCall(): Promise<void> {
    const answer = await get<{ at: string; on_call: OnCall[]; extra: Extra[] }>("/oncall");
    this.store.set({ onCall: answer.on_call, extra: answer.extra, ...this.clock(answer.at) });
  }

  private async campaigns(): Promise<void> {
    const { campaigning } = this.store.get();
    const answer = await get<CampaignList>("/campaigns", { ended: campaigning });
    this.store.set({ campaigns: answer.campaigns, ...this.clock(answer.at) });
  }

  private async queues(): Promise<void> {
    const answer = await get<{ at: string; queues: Queue[] }>("/queues", this.brand());
    this.store.set({ queues: answer.queues, ...this.clock(answer.at) });
  }

  async items(): Promise<void> {
    const { view, itemLimit } = this.store.get();
    const answer = await get<ItemList>("/items", { ...this.brand(), ...itemQuery(view), limit: itemLimit });
    if (this.store.get().view !== view) return;
    this.store.set({
      items: answer.items,
      itemsMore: answer.next !== null && itemLimit < 200,
      ...this.clock(answer.at),
    });
  }

  private async incidents(): Promise<void> {
    const { incidentTab } = this.store.get();
    const answer = await get<IncidentList>("/incidents", {
      ...this.brand(),
      state: ["triggered", "acknowledged"],
      limit: 100,
    });
    this.store.set({ incidents: answer.incidents, ...this.clock(answer.at) });
    if (incidentTab === "closed") await this.closed();
  }

  async closed(): Promise<void> {
    const answer = await get<IncidentList>("/incidents", { ...this.brand(), state: "resolved", limit: 50 });
    this.store.set({ closed: answer.incidents });
  }

  async pages(): Promise<void> {
    const answer = await get<{ pages: Page[] }>("/pages", { ...this.brand(), hours: 24, limit: MOST_PAGES });
    this.store.set({ pages: answer.pages });
  }

  private async spikes(): Promise<void> {
    const answer = await get<{ spikes: Spike[] }>("/spikes", { ...this.brand(), limit: 50 });
    this.store.set({ spikes: answer.spikes });
  }

  async volume(): Promise<void> {
    const before = this.store.get();
    if (!before.brands.length) await this.brands();
    const { brand, brands, range } = this.store.get();
    const shown = brand === null ? brands.slice(0, MOST_BRANDS) : [brand];
    const volumes: Record<string, Volume> = {};
    for (const each of shown) volumes[each] = await get<Volume>("/volume", { brand: each, ...this.span() });
    const now = this.store.get();
    if (now.range === range && now.brand === brand) this.store.set({ volumes });
  }

  private async brands(): Promise<void> {
    const { me } = this.store.get();
    const since = new Date(this.now() - HISTORY_DAYS * 86_400_000).toISOString();
    const { facets } = await get<{ facets: Record<string, Record<string, number>> }>("/facets", {
      field: ["brand", "channel"],
      since,
    });
    const named = Object.keys(facets["brand"] ?? {});
    const watched = (me?.watched ?? me?.brands ?? []).filter((brand) => brand !== DRILL_BRAND);
    this.store.set({
      brands: [...new Set([...named, ...watched])],
      channels: Object.keys(facets["channel"] ?? {}),
    });
  }

  private async conservation(): Promise<void> {
    this.store.set({ conservation: await get<Conservation>("/conservation") });
  }

  async detail(): Promise<void> {
    const { chosen } = this.store.get();
    if (chosen?.kind === "item") {
      const item = await get<ItemDetail>(`/items/${encodeURIComponent(chosen.id)}`);
      if (this.store.get().chosen === chosen) this.store.set({ item });
    } else if (chosen?.kind === "incident") {
      const incident = await get<IncidentDetail>(`/incidents/${encodeURIComponent(chosen.id)}`);
      if (this.store.get().chosen === chosen) this.store.set({ incident });
      await this.demoPages();
    }
  }

  /** Only a demonstration has a receiver of pages; elsewhere we ask once. */
  private async demoPages(): Promise<void> {
    if (!this.demo || this.store.get().me?.demo === false) return;
    try {
      this.store.set({ demoPages: (await get<{ pages: DemoPage[] }>("/demo/pages")).pages });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      this.demo = false;
    }
  }

  async search(cursor?: string): Promise<void> {
    const { search, found } = this.store.get();
    if (!search) return;
    const { text, sentiment, urgency, channel } = search;
    const answer = await get<SearchPage>("/search", {
      ...this.brand(),
      q: text,
      sentiment,
      urgency,
      channel,
      cursor,
      limit: 50,
    });
    if (this.store.get().search !== search) return;
    this.store.set({ found: cursor && found ? { ...answer, hits: [...found.hits, ...answer.hits] } : answer });
  }

  now(): number {
    return Date.now() + this.store.get().offset;
  }

  private span(): { since: string; until: string; interval: number } {
    const { since, until, interval } = period(this.now(), this.store.get().range);
    return { since: new Date(since).toISOString(), until: new Date(until).toISOString(), interval };
  }

  private brand(): { brand: string | null } {
    return { brand: this.store.get().brand };
  }

  private clock(at: string): Pick<State, "offset" | "readAt"> {
    return { offset: Date.parse(at) - Date.now(), readAt: Date.now() };
  }
}

function itemQuery(view: ItemView): Record<string, string | string[]> {
  switch (view.kind) {
    case "all":
      return {};
    case "mine":
      return { holder: "me" };
    case "done":
      return { state: "done" };
    case "queue":
      return { queue: view.queue };
  }
}
