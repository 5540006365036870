// What people say a verdict should have been: beside the verdict, with a small form to say it.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Correction, Heads, Mention, MentionCorrections } from "../api/types.ts";
import { against, choices, HEADS, languageName, prefilled, type Head } from "../logic/corrections.ts";
import type { Word } from "../words.ts";
import { Action, classInWords, Glyph, Moment, useApp } from "./parts.tsx";

interface CorrectionsProps {
  item: string;
  mention: Mention;
  told: MentionCorrections | undefined;
}

export function Corrections({ item, mention, told }: CorrectionsProps): JSX.Element | null {
  const app = useApp();
  const [open, setOpen] = useState(false);
  if (!told && !app.mayAct()) return null;
  return (
    <div class="corrections">
      {told && (
        <ul aria-label={app.say("corrections")}>
          {told.given.map((given) => (
            <Given key={given.person} given={given} mention={mention} />
          ))}
          {told.disputed.length > 0 && (
            <li class="disputed">
              <Glyph name="high" />
              {app.say("cor_disputed", { heads: told.disputed.map((head) => headInWords(app, head as Head)).join(", ") })}
            </li>
          )}
        </ul>
      )}
      {app.mayAct() && !open && (
        <button type="button" class="tag" aria-expanded={false} onClick={() => setOpen(true)}>
          {app.say("cor_open")}
        </button>
      )}
      {open && <Form item={item} mention={mention} told={told} close={() => setOpen(false)} />}
    </div>
  );
}

function Given({ given, mention }: { given: Correction; mention: Mention }): JSX.Element {
  const app = useApp();
  const said = against(given, mention.verdict);
  const words = said.map(([head, value]) => `${headInWords(app, head)}: ${valueInWords(app, head, value)}`).join(", ");
  return (
    <li class={given.outdated ? "dim" : ""}>
      <b>{app.person(given.person)}</b>{" "}
      {words ? app.say("cor_said", { what: words }) : app.say("cor_confirmed")} <Moment at={given.at} />{" "}
      {given.settles && <span class="tag">{app.say("cor_decides")}</span>}
      {given.outdated && <span class="tag">{app.say("cor_outdated")}</span>}
    </li>
  );
}

function Form({ item, mention, told, close }: CorrectionsProps & { close: () => void }): JSX.Element {
  const app = useApp();
  const first = useRef<HTMLSelectElement>(null);
  const [heads, setHeads] = useState<Partial<Heads>>(() => prefilled(mention.verdict, told, app.state.me?.name ?? ""));
  useEffect(() => {
    first.current?.focus();
    first.current?.form?.scrollIntoView({ block: "nearest" });
  }, []);
  const save = async () => {
    if (await app.actions.correct(item, mention, heads)) close();
  };
  return (
    <form
      class="correct"
      aria-label={app.say("cor_open")}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {HEADS.map((head, index) => (
        <label key={head}>
          <span>{headInWords(app, head)}</span>
          <select
            ref={index === 0 ? first : null}
            name={head}
            value={heads[head]}
            onChange={(event) => setHeads({ ...heads, [head]: event.currentTarget.value })}
          >
            {choices(head, mention.verdict).map((choice) => (
              <option key={choice} value={choice}>
                {valueInWords(app, head, choice)}
              </option>
            ))}
          </select>
        </label>
      ))}
      <p class="hint">{app.say("cor_hint")}</p>
      <p class="foot">
        <button type="submit" class="action main" disabled={app.state.busy}>
          {app.say("cor_save")}
        </button>
        <Action onClick={close}>{app.say("cor_cancel")}</Action>
      </p>
    </form>
  );
}

const HEAD_WORDS: Record<Head, Word> = {
  urgency: "urgency",
  sentiment: "sentiment",
  intent: "intent",
  care: "care",
  lang: "cor_lang",
};

function headInWords(app: ReturnType<typeof useApp>, head: Head): string {
  return app.say(HEAD_WORDS[head]);
}

function valueInWords(app: ReturnType<typeof useApp>, head: Head, value: string): string {
  return head === "lang" ? languageName(value, app.state.lang, app.say("cor_unknown")) : classInWords(app, value);
}
