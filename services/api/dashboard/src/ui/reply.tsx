// Writing an answer. The text stays until the server has stored it.

import type { JSX } from "preact";
import type { Item } from "../api/types.ts";
import { figure } from "../logic/figures.ts";
import { limitOf } from "../logic/limits.ts";
import { Action, useApp } from "./parts.tsx";

/** Stays while there is a text in it, also when somebody else took the item: then it can be read and not be sent. */
export function ReplyBox({ item, mine }: { item: Item; mine: boolean }): JSX.Element {
  const app = useApp();
  const { drafts, busy, lang } = app.state;
  const text = drafts[item.id] ?? "";
  const used = [...text].length;
  const most = limitOf(item.channel);
  const over = most !== null && used > most ? used - most : 0;
  const who = item.author_name ?? app.say("unknown_author");
  return (
    <form
      class="reply"
      onSubmit={(event) => {
        event.preventDefault();
        void app.actions.reply(item);
      }}
    >
      <label for="reply">{app.say("reply_label", { who })}</label>
      <textarea
        id="reply"
        rows={4}
        maxLength={5000}
        value={text}
        aria-describedby="reply-count"
        onInput={(event) => app.setDraft(item.id, event.currentTarget.value)}
      />
      {!mine && (
        <p class="kept">
          {app.say(item.state === "done" ? "kept_done" : item.holder ? "kept_held" : "kept_free", {
            who: app.person(item.holder ?? ""),
          })}
        </p>
      )}
      <p class="foot">
        <span id="reply-count" class={over ? "over" : "dim"}>
          {over
            ? app.say("too_long", { channel: item.channel, n: figure(over, lang) })
            : most === null
              ? app.say("characters", { n: figure(used, lang) })
              : app.say("characters_of", { n: figure(used, lang), most: figure(most, lang) })}
        </span>
        <Action kind="main" disabled={busy || !mine || !text.trim()} onClick={() => void app.actions.reply(item)}>
          {app.say("send")} <kbd aria-hidden="true">Ctrl ⏎</kbd>
        </Action>
      </p>
    </form>
  );
}
