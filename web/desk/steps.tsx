/** The steps of an issue that may be taken here: which, by whom, with what said. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import kinds from "../sync/kinds.json" with { type: "json" };
import { holds } from "./house.ts";
import { Dialog, Ends } from "./marks.tsx";
import { codes, say, word } from "./words.ts";

// The server says which steps of one issue are open (`issue.steps`). The site receives, begins and replies,
// with photographs: these are not the desk's.
export const SITES = ["receive", "begin", "reply"];
export const GRAVE = ["dismiss", "fail", "withdraw", "return", "refer"]; // a reason is asked for

export interface Step {
  do: string;
  needs: string[];
}

interface Declared {
  from: string[];
  to: string;
  by?: string[];
  needs?: string[];
}
const STEPS = kinds.kinds.issue.states.steps as Readonly<Record<string, Declared>>;

/** What may be tried with all of these at once: steps that some state here allows to a role that the person holds. */
export function common(issues: readonly { state: string; dossier: string }[]): Step[] {
  return Object.entries(STEPS)
    .filter(([verb, step]) => !SITES.includes(verb) && (step.by ?? []).length > 0)
    .filter(([, step]) => issues.some((one) => step.from.includes(one.state) && holds(step.by ?? [], one.dossier)))
    .map(([verb, step]) => ({ do: verb, needs: step.needs ?? [] }));
}

/** How many of these the step can be taken with, as they stand on the screen. */
export const suited = (verb: string, issues: readonly { state: string }[]): number =>
  issues.filter((one) => STEPS[verb]?.from.includes(one.state)).length;

interface Deciding {
  step: Step;
  about: string;
  onDecide: (note: string, fields: Record<string, unknown>) => void;
  onClose: () => void;
}

/** What a step needs and is not said yet: a department to choose, or words; and the reason of a grave one. */
export function Decide({ step, about, onDecide, onClose }: Deciding): JSX.Element {
  const grave = GRAVE.includes(step.do);
  const [note, setNote] = useState("");
  const [said, setSaid] = useState<Record<string, string>>(
    step.needs.includes("referred_to") ? { referred_to: codes("department")[0] ?? "" } : {},
  );
  const decide = (event: Event): void => {
    event.preventDefault();
    const fields = Object.fromEntries(step.needs.map((name) => [name, { set: (said[name] ?? "").trim() }]));
    onDecide(note.trim(), fields);
  };
  return (
    <Dialog title={`${word("verbs", step.do)}：${about}`} onClose={onClose}>
      <form onSubmit={decide}>
        <p class="muted">{say("decideHint")}</p>
        {step.needs.map((name) => (
          <label class="field" key={name}>
            <span>{word("fields", name)}</span>
            {name === "referred_to" ? (
              <select value={said[name]} onChange={(event) => setSaid({ ...said, [name]: event.currentTarget.value })}>
                {codes("department").map((code) => (
                  <option key={code} value={code}>
                    {word("department", code)}
                  </option>
                ))}
              </select>
            ) : (
              <input
                required
                maxLength={400}
                value={said[name] ?? ""}
                onInput={(event) => setSaid({ ...said, [name]: event.currentTarget.value })}
              />
            )}
          </label>
        ))}
        <label class="field">
          <span>{say(grave ? "reason" : "note")}</span>
          <textarea rows={3} maxLength={2000} required={grave} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <Ends onCancel={onClose}>
          <button class={grave ? "grave" : "main"} autofocus={!grave && !step.needs.length}>
            {word("verbs", step.do)}
          </button>
        </Ends>
      </form>
    </Dialog>
  );
}
