// One item: the conversation, who has it, and answering it.

import { Fragment, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Item, ItemDetail as Detail, Mention, Reply } from "../api/types.ts";
import { deadline } from "../logic/time.ts";
import { Corrections } from "./correction.tsx";
import { Action, Age, classInWords, Drill, DueClock, Glyph, Left, Moment, Urgency, useApp, useNow } from "./parts.tsx";
import { ReplyBox } from "./reply.tsx";
import { SameStory } from "./story.tsx";
import { Topics } from "./topics.tsx";
import { Said, WhyVerdict } from "./verdict.tsx";

export function ItemDetail({ detail }: { detail: Detail }): JSX.Element {
  const app = useApp();
  const { item } = detail;
  const mine = item.state === "claimed" && item.holder === app.state.me?.name;
  return (
    <>
      <div class={`summary i-${item.urgency}`}>
        <h2>
          <Urgency level={item.urgency} word />
          {item.author_name ?? app.say("unknown_author")}
          <Drill on={item.drill} />
        </h2>
        <p class="facts">
          {item.brand} · {item.channel} · {item.queue} · {classInWords(app, item.intent)} ·{" "}
          <Age since={item.opened_at} long />
          {" · "}
          <span title={app.say("rule")}>
            {app.say("rule")} ‘{item.reason}’
          </span>
        </p>
        <Standing item={item} mine={mine} />
        <Actions item={item} mine={mine} />
        <Note />
      </div>
      {detail.story && detail.story.mentions > 1 && <SameStory key={detail.story.id} story={detail.story} />}
      <Conversation detail={detail} />
      {(mine || app.state.drafts[item.id]?.trim()) && <ReplyBox item={item} mine={mine} />}
    </>
  );
}

function Standing({ item, mine }: { item: Item; mine: boolean }): JSX.Element | null {
  const app = useApp();
  const now = useNow();
  if (item.state === "done") {
    return (
      <p class="standing met">
        <Glyph name="tick" />
        {app.say("done")} {item.resolved_at && <Moment at={item.resolved_at} />}
      </p>
    );
  }
  return (
    <p class={`standing${mine ? " mine" : item.holder ? " other" : ""}`}>
      {item.holder && (
        <span>
          <Glyph name="person" />
          <b>{mine ? app.say("yours") : app.say("held_now", { who: app.person(item.holder) })}</b>{" "}
          {item.lease_until && (
            <span class="dim">
              {mine
                ? app.say("lease_left", { left: "" }).trim()
                : app.say("on_call_until", { at: app.calendar().time(Date.parse(item.lease_until)) })}{" "}
              <Left until={item.lease_until} />
            </span>
          )}
        </span>
      )}
      {item.first_reply_at ? (
        <span class="clock met">
          <Glyph name="tick" />
          {app.say("answered")} <Moment at={item.first_reply_at} />
        </span>
      ) : (
        item.due_at && (
          <span title={deadline(Date.parse(item.due_at), now, app.state.lang)}>
            <DueClock due={item.due_at} />{" "}
            <span class="dim">
              (<Moment at={item.due_at} />)
            </span>
          </span>
        )
      )}
    </p>
  );
}

function Actions({ item, mine }: { item: Item; mine: boolean }): JSX.Element | null {
  const app = useApp();
  const { busy } = app.state;
  if (!app.mayAct()) return null;
  return (
    <p class="actions">
      {item.state !== "done" && !mine && (
        <>
          <Action kind="main" hotkey="r" disabled={busy} onClick={() => void app.actions.startReply(item)}>
            {app.say("claim_and_reply")}
          </Action>
          <Action hotkey="c" disabled={busy} onClick={() => void app.actions.claim(item)}>
            {app.say("claim")}
          </Action>
        </>
      )}
      {mine && (
        <>
          <Action
            kind={item.first_reply_at ? "main" : "plain"}
            hotkey="e"
            disabled={busy}
            onClick={() => void app.actions.resolve(item)}
          >
            {app.say("resolve")}
          </Action>
          <Action disabled={busy} onClick={() => void app.actions.release(item)}>
            {app.say("release")}
          </Action>
        </>
      )}
      {item.incident_id && (
        <Action onClick={() => app.choose({ kind: "incident", id: item.incident_id ?? "" })}>
          {app.say("to_incident")}
        </Action>
      )}
    </p>
  );
}

/** What the last action came to. */
export function Note(): JSX.Element | null {
  const { note } = useApp().state;
  if (!note) return null;
  return (
    <p class={`note ${note.tone}`} role={note.tone === "bad" ? "alert" : "status"}>
      <Glyph name={note.tone === "bad" ? "high" : "tick"} />
      {note.text}
    </p>
  );
}

function Conversation({ detail }: { detail: Detail }): JSX.Element {
  const app = useApp();
  const { item, story } = detail;
  const newest = useRef<HTMLElement>(null);
  useEffect(() => newest.current?.scrollTo(0, newest.current.scrollHeight), []);
  const turns = [
    ...detail.mentions.map((mention) => ({
      at: mention.created_at,
      node: <Spoken key={mention.id} mention={mention} detail={detail} />,
    })),
    ...detail.replies.map((reply) => ({ at: reply.at, node: <Answered key={reply.id} reply={reply} /> })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return (
    <section ref={newest} class="conversation" aria-label={app.say("conversation")} tabIndex={0}>
      {story && story.mentions > 1 && (
        <Topics key={item.id} of={`/items/${encodeURIComponent(item.id)}`} brand={item.brand} />
      )}
      {turns.map((turn) => (
        <Fragment key={turn.node.key}>{turn.node}</Fragment>
      ))}
    </section>
  );
}

function Spoken({ mention, detail }: { mention: Mention; detail: Detail }): JSX.Element {
  const app = useApp();
  const { channel, id } = detail.item;
  const told = detail.corrections.find((each) => each.mention_id === mention.id);
  return (
    <article class="turn them">
      <p class="by">
        <b>{mention.author_name ?? app.say("unknown_author")}</b>
        <Moment at={mention.created_at} />
        {mention.revision > 0 && <span class="tag">{app.say("edited")}</span>}
        {mention.url && /^https?:/.test(mention.url) && (
          <a href={mention.url} target="_blank" rel="noreferrer noopener">
            {app.say("source_link", { channel })}
          </a>
        )}
      </p>
      <Said text={mention.text} verdict={mention.verdict} />
      <WhyVerdict verdict={mention.verdict} />
      <Corrections item={id} mention={mention} told={told} />
    </article>
  );
}

function Answered({ reply }: { reply: Reply }): JSX.Element {
  const app = useApp();
  return (
    <article class="turn us">
      <p class="by">
        <b>{app.say("from_team", { who: app.person(reply.author) })}</b>
        <Moment at={reply.at} />
      </p>
      <p class="said">{reply.text}</p>
    </article>
  );
}
