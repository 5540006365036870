// One mention of the archive, with why it was judged as it was.

import type { JSX } from "preact";
import type { Found } from "../api/types.ts";
import { Drill, Moment, Urgency, useApp } from "./parts.tsx";
import { Said, WhyVerdict } from "./verdict.tsx";

export function FoundDetail({ hit }: { hit: Found }): JSX.Element {
  const app = useApp();
  return (
    <>
      <div class={`summary i-${hit.verdict.urgency}`}>
        <h2>
          <Urgency level={hit.verdict.urgency ?? "normal"} word />
          {hit.author_name ?? hit.author_handle ?? app.say("unknown_author")}
          <Drill on={hit.drill} />
        </h2>
        <p class="facts">
          {hit.brand} · {hit.channel} · <Moment at={hit.created_at} />
        </p>
      </div>
      <section class="conversation" aria-label={app.say("conversation")} tabIndex={0}>
        <article class="turn them">
          <Said text={hit.text} verdict={hit.verdict} />
          <WhyVerdict verdict={hit.verdict} />
          {hit.url && /^https?:/.test(hit.url) && (
            <p>
              <a href={hit.url} target="_blank" rel="noreferrer noopener">
                {app.say("source_link", { channel: hit.channel })}
              </a>
            </p>
          )}
        </article>
      </section>
    </>
  );
}
