// How many people say what an item says, and where: reposts and copies that are answered with it, and cases apart.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Mention, Story, StoryMentions } from "../api/types.ts";
import { codeInWords } from "../words.ts";
import { Action, Glyph, Moment, useApp } from "./parts.tsx";

export function SameStory({ story }: { story: Story }): JSX.Element {
  const app = useApp();
  const [shown, show] = useState<Mention[]>([]);
  const [next, goOn] = useState<string | null | undefined>(undefined);
  const more = async () => {
    const answer = await get<StoryMentions>(`/stories/${encodeURIComponent(story.id)}/mentions`, { cursor: next });
    show([...shown, ...answer.mentions]);
    goOn(answer.next);
  };
  return (
    <section class="same" aria-label={app.say("same_said", { n: story.people })}>
      <p class="telling">
        <Glyph name="person" />
        <b>{story.people > 1 ? app.say("same_said", { n: story.people }) : app.say("same_one")}</b>{" "}
        <span class="dim">
          {app.say("same_seen", { n: story.mentions, channels: Object.keys(story.channels).join(", ") })}{" "}
          <Moment at={story.first_at} />
        </span>
      </p>
      {shown.length > 0 && (
        <ul class="tellers">
          {shown.map((mention) => (
            <li key={mention.id}>
              <b>{mention.author_name ?? app.say("unknown_author")}</b> <span class="dim">{mention.channel}</span>{" "}
              <Moment at={mention.created_at} /> <span class="dim">{mention.text}</span>{" "}
              {mention.story_reason && <span class="tag">{codeInWords(mention.story_reason, app.state.lang)}</span>}
            </li>
          ))}
        </ul>
      )}
      {next !== null && (
        <p class="actions">
          <Action onClick={() => void more()}>{app.say(next === undefined ? "same_show" : "same_more")}</Action>
        </p>
      )}
    </section>
  );
}
