// Declaring campaigns and ending them; what the server refuses is told at the field.

import type { App } from "./app.ts";
import { newKey, post, Problem } from "./api/client.ts";
import type { Campaign, Declared } from "./api/types.ts";
import { faultsOf, withOne, type Faults } from "./logic/campaigns.ts";
import { refusal } from "./refusals.ts";

export class Campaigning {
  private key: { said: string; key: string } | null = null;

  constructor(private readonly app: App) {}

  open(): void {
    this.app.store.set({ campaigning: true });
    this.app.readNow("campaigns");
  }

  close(): void {
    this.app.store.set({ campaigning: false });
  }

  /** The same campaign carries the same key until it is stored, so that trying again never declares it twice. */
  async declare(declared: Declared): Promise<Faults | null> {
    const said = JSON.stringify(declared);
    if (this.key?.said !== said) this.key = { said, key: newKey() };
    const { key } = this.key;
    const faults = await this.act(() => post<Campaign>("/campaigns", declared, key));
    if (faults === null) this.key = null;
    return faults;
  }

  /** One that ended meanwhile stays as it is: no matter what was seen of it, nothing is lost. */
  async end(campaign: Campaign): Promise<Faults | null> {
    return this.act(() => post<Campaign>(`/campaigns/${encodeURIComponent(campaign.id)}/end`));
  }

  /** Null: it was done, and is shown as the server answered. */
  private async act(send: () => Promise<Campaign>): Promise<Faults | null> {
    const { app } = this;
    if (app.state.busy) return { whole: app.say("camp_busy") };
    app.store.set({ busy: true });
    try {
      const campaign = await send();
      app.store.set({ campaigns: withOne(app.state.campaigns ?? [], campaign) });
      return null;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) app.leave("key_ended");
      return this.told(error);
    } finally {
      app.store.set({ busy: false });
      app.touch(["campaigns", "oncall"]);
    }
  }

  private told(error: unknown): Faults {
    const { app } = this;
    const faults = error instanceof Problem ? faultsOf(error, app.say) : {};
    if (Object.keys(faults).length > 0) return faults;
    const person = (name: string) => app.person(name);
    const context = { say: app.say, person, calendar: app.calendar(), now: app.now(), drafted: false };
    return { whole: refusal(error, context) };
  }
}
