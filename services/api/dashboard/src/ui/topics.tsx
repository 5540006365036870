// What an incident or an item is about: the words that stand out against the brand's history. Each of them searches.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Topics as About } from "../api/types.ts";
import { asQuestion, basis, caution, rate } from "../logic/topics.ts";
import { useApp } from "./parts.tsx";

const MOST = 8;
const AGAIN_MS = 60_000;

interface Subject {
  /** Its address in the api. */
  of: string;
  brand: string;
  /** More is said of it meanwhile: read it again now and then. */
  goesOn?: boolean;
}

export function Topics({ of, brand, goesOn = false }: Subject): JSX.Element {
  const app = useApp();
  const [about, tell] = useState<About | "away" | null>(null);
  useEffect(() => {
    let shown = true;
    const read = () =>
      get<About>(`${of}/topics`, { limit: MOST }).then(
        (answer) => shown && tell(answer),
        () => shown && tell((before) => before ?? "away"),
      );
    void read();
    const timer = goesOn ? setInterval(() => void read(), AGAIN_MS) : undefined;
    return () => {
      shown = false;
      clearInterval(timer);
    };
  }, [of, goesOn]);
  return (
    <section class="topics" aria-labelledby="h-topics" aria-busy={about === null}>
      <h3 id="h-topics">{app.say("topics")}</h3>
      {about === null && <p class="dim">{app.say("loading")}</p>}
      {about === "away" && <p class="dim">{app.say("topics_away")}</p>}
      {about !== null && about !== "away" && <Terms about={about} brand={brand} />}
    </section>
  );
}

function Terms({ about, brand }: { about: About; brand: string }): JSX.Element {
  const app = useApp();
  const minded = caution(about, app.say);
  const search = (question: string) => {
    if (app.state.brand !== null && app.state.brand !== brand) app.setBrand(brand);
    app.openSearch({ text: question });
  };
  return (
    <>
      {about.topics.length > 0 && (
        <ul>
          {about.topics.map((topic) => (
            <li key={topic.term}>
              <button
                type="button"
                class="link"
                aria-label={app.say("topic_search", { term: topic.written })}
                onClick={() => search(asQuestion(topic))}
              >
                {topic.written}
              </button>{" "}
              <span class="dim">{rate(topic, about, app.say)}</span>
            </li>
          ))}
        </ul>
      )}
      {minded && <p class="dim">{minded}</p>}
      {about.now.mentions > 0 && <p class="hint">{basis(about, app.say, app.state.lang)}</p>}
    </>
  );
}
