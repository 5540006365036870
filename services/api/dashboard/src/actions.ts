// What people do: each asks the server, and says what came of it.

import type { App } from "./app.ts";
import { newKey, post, Problem } from "./api/client.ts";
import type { Heads, Incident, Item, Mention, ReplyDone } from "./api/types.ts";
import { refusal, type Context } from "./refusals.ts";
import type { Note } from "./state.ts";
import type { Word } from "./words.ts";

const GOOD_NEWS_MS = 4_000;

export class Actions {
  private replyKey: { item: string; text: string; key: string } | null = null;

  constructor(private readonly app: App) {}

  async claim(item: Item): Promise<boolean> {
    return this.act(() => post<Item>(`/items/${item.id}/claim`), "say_claimed");
  }

  async release(item: Item): Promise<boolean> {
    return this.act(() => post<Item>(`/items/${item.id}/release`, { fence: item.fence }), "say_released");
  }

  async resolve(item: Item): Promise<boolean> {
    return this.act(() => post<Item>(`/items/${item.id}/resolve`, { fence: item.fence }), "say_resolved");
  }

  /** The same words to the same item carry the same key until they are stored, so that trying again never says it twice. */
  async reply(item: Item): Promise<boolean> {
    const text = (this.app.state.drafts[item.id] ?? "").trim();
    if (!text) return false;
    if (this.replyKey?.item !== item.id || this.replyKey.text !== text)
      this.replyKey = { item: item.id, text, key: newKey() };
    const key = this.replyKey.key;
    const sent = await this.act(
      () => post<ReplyDone>(`/items/${item.id}/reply`, { fence: item.fence, text }, key),
      "replied",
    );
    if (sent) {
      this.replyKey = null;
      this.app.setDraft(item.id, "");
    }
    return sent;
  }

  async correct(item: string, mention: Mention, heads: Partial<Heads>): Promise<boolean> {
    const said = { mention_id: mention.id, revision: mention.revision, ...heads };
    return this.act(() => post(`/items/${item}/corrections`, said), "say_corrected");
  }

  async acknowledge(incident: Incident): Promise<boolean> {
    return this.act(() => post<Incident>(`/incidents/${incident.id}/acknowledge`), "say_ack");
  }

  async closeIncident(incident: Incident): Promise<boolean> {
    return this.act(() => post<Incident>(`/incidents/${incident.id}/resolve`), "say_closed");
  }

  private async act(send: () => Promise<unknown>, done: Word): Promise<boolean> {
    if (this.app.state.busy || !this.app.mayAct()) return false;
    this.app.store.set({ busy: true, note: null });
    try {
      await send();
      const note: Note = { tone: "good", text: this.app.say(done) };
      this.app.store.set({ note, announcement: note.text });
      setTimeout(() => this.app.state.note === note && this.app.store.set({ note: null }), GOOD_NEWS_MS);
      return true;
    } catch (error) {
      const text = refusal(error, this.refusalContext());
      this.app.store.set({ note: { tone: "bad", text }, announcement: text });
      if (error instanceof Problem && error.status === 401) this.app.leave("key_ended");
      return false;
    } finally {
      this.app.store.set({ busy: false });
      void this.app.readDetail();
      this.app.touch(["items", "queues", "incidents"]);
    }
  }

  private refusalContext(): Context {
    const { chosen, drafts } = this.app.state;
    const drafted = chosen?.kind === "item" && Boolean(drafts[chosen.id]?.trim());
    return {
      say: this.app.say,
      person: (name) => this.app.person(name),
      calendar: this.app.calendar(),
      now: this.app.now(),
      drafted,
    };
  }

  /** To answer is to hold: a waiting item is claimed first. */
  async startReply(item: Item): Promise<void> {
    const mine = item.holder === this.app.state.me?.name && item.state === "claimed";
    if (mine || (await this.claim(item))) {
      await this.app.readDetail();
      document.getElementById("reply")?.focus();
    }
  }
}
