// The sum that shows that nothing gets lost.

import type { JSX } from "preact";
import { sumOf } from "../logic/conservation.ts";
import { figure } from "../logic/figures.ts";
import { Glyph, useApp } from "./parts.tsx";
import type { Word } from "../words.ts";

export function Footer(): JSX.Element {
  const app = useApp();
  const { conservation, lang } = app.state;
  if (!conservation) return <footer class="sum" />;
  const sum = sumOf(conservation);
  const verdict = sum.holds === null ? "not_added" : sum.holds ? "holds" : "broken";
  const part = (word: Word, count: number) => (
    <span class={count ? "" : "zero"}>
      <b>{figure(count, lang)}</b> {app.say(word)}
    </span>
  );
  return (
    <footer class={`sum ${verdict}`} aria-label={app.say("conservation")}>
      <span class="verdict">
        {sum.holds === null ? null : <Glyph name={sum.holds ? "tick" : "cross"} />}
        {app.say("conservation")}: {app.say(verdict)}
      </span>
      {sum.received !== null && (
        <span class="terms">
          {part("c_received", sum.received)} = {part("c_refused", sum.refused)} + {part("c_accepted", sum.accepted)}
        </span>
      )}
      <span class="terms">
        {sum.received === null ? part("c_accepted", sum.accepted) : app.say("c_accepted")} ={" "}
        {sum.outcomes.map(({ name, count }, index) => (
          <span key={name}>
            {index > 0 && "+ "}
            {part(`c_${name}` as Word, count)}{" "}
          </span>
        ))}
        + {part("c_in_flight", sum.inFlight)}
      </span>
    </footer>
  );
}
