/** One step for all that are ticked, and what became of each. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { frozen, type Outcome, step as stepped } from "./changes.ts";
import { patiently, type Said } from "./house.ts";
import { Dialog, Ends, Trouble } from "./marks.tsx";
import { chosen, type Issue, load, picked, written } from "./queue.ts";
import { common, Decide, type Step, suited } from "./steps.tsx";
import { say, type Word, word } from "./words.ts";

interface Sent {
  verb: string;
  body: unknown;
  about: Issue[];
}

const choosing = signal(false);
const deciding = signal<Step | null>(null);
const sent = signal<Sent | null>(null);
const told = signal<Said<"Each">[] | null>(null);
const wrong = signal<unknown>(null);

export const offerSteps = (): void => void (choosing.value = picked.value.length > 0);

function send(made: Sent): void {
  sent.value = made;
  told.value = wrong.value = null;
  patiently<Said<"Done">>("/api/v1/issues/bulk", { method: "POST", body: made.body }).then(
    (done) => {
      told.value = done.items;
      chosen.value = new Set(done.items.filter((each) => !well(each)).map((each) => each.id));
      written.value += 1;
      void load(true);
    },
    (fault: unknown) => (wrong.value = fault),
  );
}

const well = ({ outcome }: Said<"Each">): boolean => ["applied", "merged", "noop"].includes(outcome?.status ?? "");

/** Frozen at the press of the button: each repetition has the same bytes. */
function decide(note: string, fields: Record<string, unknown>): void {
  const step = deciding.value;
  deciding.value = null;
  if (!step) return;
  const about = picked.value;
  const [first] = about;
  if (!first) return;
  const { fields: said, atomic } = stepped(first, step.do, note, fields).body;
  const items = about.map((issue) => {
    const { change, at } = frozen(issue, {}).body;
    return { dossier: issue.dossier, id: issue.id, version: issue.version, change, at };
  });
  send({ verb: step.do, about, body: { items, fields: said, ...(atomic && { atomic }) } });
}

/** The bar under the queue while something is ticked. */
export function BulkBar(): JSX.Element | null {
  const about = picked.value;
  return (
    <>
      {about.length > 0 && (
        <div class="bulk" role="toolbar" aria-label={say("bulk")}>
          <b>{say("chosenN", { n: about.length })}</b>
          <button type="button" class="main" onClick={offerSteps}>
            {say("takeStep")} <kbd>s</kbd>
          </button>
          <button type="button" class="quiet" onClick={() => (chosen.value = new Set())}>
            {say("chooseNone")}
          </button>
        </div>
      )}
      {choosing.value && <ChooseStep about={about} />}
      {deciding.value && (
        <Decide
          step={deciding.value}
          about={say("issuesN", { n: about.length })}
          onDecide={decide}
          onClose={() => (deciding.value = null)}
        />
      )}
      {sent.value && <Outcomes sent={sent.value} />}
    </>
  );
}

function ChooseStep({ about }: { about: Issue[] }): JSX.Element {
  const offered = common(about);
  const choose = (step: Step | undefined): void => {
    if (!step) return;
    choosing.value = false;
    deciding.value = step;
  };
  const digit = (event: KeyboardEvent): void => choose(offered[Number(event.key) - 1]);
  return (
    <Dialog title={say("stepFor", { n: about.length })} onClose={() => (choosing.value = false)}>
      <ol class="choose" onKeyDown={digit}>
        {offered.map((step, index) => (
          <li key={step.do}>
            <button type="button" autofocus={index === 0} onClick={() => choose(step)}>
              <kbd>{index + 1}</kbd> {word("verbs", step.do)}
              <small>{say("suits", { n: suited(step.do, about), of: about.length })}</small>
            </button>
          </li>
        ))}
      </ol>
      {!offered.length && <p class="muted">{say("noActions")}</p>}
      <Ends onCancel={() => (choosing.value = false)} />
    </Dialog>
  );
}

function Outcomes({ sent: made }: { sent: Sent }): JSX.Element {
  const titles = new Map(made.about.map((issue) => [issue.id, issue]));
  const answers = told.value;
  const bad = (answers ?? []).filter((each) => !well(each));
  const close = (): void => void (sent.value = null);
  const done = useRef<HTMLButtonElement>(null);
  const waits = !answers && !wrong.value;
  useLayoutEffect(() => void (waits || done.current?.focus()), [waits]); // Enter goes on with the queue
  return (
    <Dialog title={`${word("verbs", made.verb)} · ${say("issuesN", { n: made.about.length })}`} onClose={close} class="wide">
      {waits && <p role="status">{say("working")}</p>}
      <Trouble wrong={wrong.value} again={() => send(made)} hint={say("sameChange")} />
      {answers && (
        <>
          <p role="status" class="tally">
            <b>{say("bulkDone", { n: answers.length - bad.length, of: answers.length })}</b>
            {bad.length > 0 && ` ${say("bulkLeft", { n: bad.length })}`}
          </p>
          <ul class="outcomes">
            {[...bad, ...answers.filter(well)].map((each) => (
              <li key={each.id} class={well(each) ? "good" : "bad"}>
                <b>{titles.get(each.id)?.title}</b>
                <small>{titles.get(each.id)?.project}</small>
                <span>{worded(each, made.verb)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="menu">
        <button type="button" class="main" ref={done} onClick={close} disabled={waits}>
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}

function worded({ outcome, error }: { outcome: Outcome | null; error: string | null }, verb: string): string {
  if (!outcome) return word("why", error ?? "internal");
  const what = word("verbs", verb);
  const why = outcome.why ? ` · ${word("why", outcome.why)}` : "";
  return `${say(outcome.status as Word, { what })}${outcome.replay ? say("replay") : ""}${why}`;
}
