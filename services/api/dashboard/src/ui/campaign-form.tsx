// The form that declares a campaign. What is wrong stands at the field it is about.

import type { ComponentChildren, InputHTMLAttributes, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { FIELDS, isDeclared, read, type Draft, type Faults, type Field } from "../logic/campaigns.ts";
import { nextQuarter, toLocal } from "../logic/local.ts";
import type { Word } from "../words.ts";
import { Action, Choice, useApp } from "./parts.tsx";

interface FormProps {
  brands: readonly string[];
  draft: Draft;
  change: (draft: Draft) => void;
  done: () => void;
  cancel: () => void;
}

type Plain = "name" | "ends_at" | "factor" | "caution";

const LONGEST_NAME = 80;

export function CampaignForm({ brands, draft, change, done, cancel }: FormProps): JSX.Element {
  const app = useApp();
  const { zone } = app.calendar();
  const form = useRef<HTMLFormElement>(null);
  const [faults, setFaults] = useState<Faults>({});
  const [refused, setRefused] = useState(0);
  useEffect(() => {
    const first = FIELDS.find((field) => faults[field]) ?? (faults.whole ? null : "name");
    if (first) form.current?.querySelector<HTMLElement>(`[data-field="${first}"]`)?.focus();
  }, [refused]);
  const set: PartProps["set"] = (field, value) => {
    change({ ...draft, [field]: value });
    const { [field]: _, whole: __, ...others } = faults;
    setFaults(others);
  };
  const refuse = (found: Faults) => {
    setFaults(found);
    setRefused(refused + 1);
  };
  const submit = async () => {
    const said = read(draft, app.now(), zone);
    if (!isDeclared(said)) return refuse(inWords(said, app.say));
    const found = await app.campaigning.declare(said);
    return found === null ? done() : refuse(found);
  };
  const plain = (field: Plain, more: InputHTMLAttributes<HTMLInputElement>) => (
    <input
      {...named(field, faults)}
      value={draft[field]}
      autocomplete="off"
      onInput={(event) => set(field, event.currentTarget.value)}
      {...more}
    />
  );
  return (
    <form
      ref={form}
      class="declare"
      noValidate
      aria-labelledby="h-declare"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h3 id="h-declare">{app.say("camp_new")}</h3>
      <Row field="name" label="camp_name" faults={faults}>
        {plain("name", { maxLength: LONGEST_NAME, required: true })}
      </Row>
      <Row field="brand" label="brand" faults={faults}>
        <select
          {...named("brand", faults)}
          value={draft.brand}
          onChange={(event) => set("brand", event.currentTarget.value)}
        >
          {draft.brand === "" && <option value="">{app.say("camp_choose")}</option>}
          {brands.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </Row>
      <Begin draft={draft} faults={faults} set={set} />
      <Row field="ends_at" label="camp_until" faults={faults} hint={app.say("camp_zone", { zone })}>
        {plain("ends_at", { type: "datetime-local", required: true })}
      </Row>
      <Row field="factor" label="camp_factor" faults={faults} hint={app.say("camp_factor_hint")}>
        {plain("factor", { inputMode: "decimal", required: true })}
      </Row>
      <Row field="caution" label="camp_caution" faults={faults} hint={app.say("camp_caution_hint")}>
        {plain("caution", { inputMode: "decimal", placeholder: "1" })}
      </Row>
      <People draft={draft} faults={faults} set={set} />
      {faults.whole && (
        <p class="note bad" role="alert">
          {faults.whole}
        </p>
      )}
      <p class="foot">
        <button type="submit" class="action main" disabled={app.state.busy}>
          {app.say("camp_declare")}
        </button>
        <Action onClick={cancel}>{app.say("cor_cancel")}</Action>
      </p>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  faults: Faults;
  set: (field: Field, value: string | string[] | null) => void;
}

/** At once, or from a time. */
function Begin({ draft, faults, set }: PartProps): JSX.Element {
  const app = useApp();
  const { zone } = app.calendar();
  const choose = (how: "now" | "time") =>
    set("starts_at", how === "time" ? toLocal(nextQuarter(app.now()), zone) : null);
  return (
    <div class="field">
      <span class="label">{app.say("camp_from")}</span>
      <span class="begin">
        <Choice
          label={app.say("camp_from")}
          value={draft.starts_at === null ? "now" : "time"}
          onChange={choose}
          options={[
            ["now", app.say("camp_from_now")],
            ["time", app.say("camp_from_time")],
          ]}
        />
        {draft.starts_at !== null && (
          <input
            {...named("starts_at", faults)}
            type="datetime-local"
            aria-label={app.say("camp_from_label")}
            value={draft.starts_at}
            onInput={(event) => set("starts_at", event.currentTarget.value)}
          />
        )}
      </span>
      <Fault field="starts_at" faults={faults} />
    </div>
  );
}

/** Everybody who is known here; who cannot be paged is refused by name. */
function People({ draft, faults, set }: PartProps): JSX.Element {
  const app = useApp();
  const known = Object.entries(app.state.me?.people ?? {}).sort(([, a], [, b]) => a.localeCompare(b));
  const toggle = (name: string, on: boolean) =>
    set("people", on ? [...draft.people, name] : draft.people.filter((each) => each !== name));
  return (
    <fieldset class="field wide" aria-describedby={faults.people ? "cmp-people-fault" : undefined}>
      <legend>{app.say("camp_extra")}</legend>
      <div class="people">
        {known.map(([name, display], index) => (
          <label key={name}>
            <input
              {...(index === 0 ? { "data-field": "people" } : {})}
              type="checkbox"
              checked={draft.people.includes(name)}
              onChange={(event) => toggle(name, event.currentTarget.checked)}
            />
            {display}
          </label>
        ))}
      </div>
      <Fault field="people" faults={faults} />
    </fieldset>
  );
}

interface RowProps {
  field: Field;
  label: Word;
  faults: Faults;
  hint?: string;
  children: ComponentChildren;
}

function Row({ field, label, faults, hint, children }: RowProps): JSX.Element {
  const app = useApp();
  return (
    <div class="field">
      <label for={`cmp-${field}`}>{app.say(label)}</label>
      {children}
      {hint && !faults[field] && (
        <p class="hint" id={`cmp-${field}-hint`}>
          {hint}
        </p>
      )}
      <Fault field={field} faults={faults} />
    </div>
  );
}

function Fault({ field, faults }: { field: Field; faults: Faults }): JSX.Element | null {
  if (!faults[field]) return null;
  return (
    <p class="fault" id={`cmp-${field}-fault`}>
      {faults[field]}
    </p>
  );
}

interface Named {
  id: string;
  "data-field": Field;
  "aria-invalid": boolean;
  "aria-describedby"?: string;
}

const HINTED: readonly Field[] = ["ends_at", "factor", "caution"];

/** How a field is found and what describes it. */
function named(field: Field, faults: Faults): Named {
  const wrong = Boolean(faults[field]);
  const described = wrong ? "fault" : HINTED.includes(field) ? "hint" : null;
  return {
    id: `cmp-${field}`,
    "data-field": field,
    "aria-invalid": wrong,
    ...(described && { "aria-describedby": `cmp-${field}-${described}` }),
  };
}

function inWords(wrong: Partial<Record<Field, Word>>, say: (word: Word) => string): Faults {
  return Object.fromEntries(Object.entries(wrong).map(([field, word]) => [field, say(word)]));
}
