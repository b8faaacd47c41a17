/** 待处理: what was not applied, explained, and conflicts to settle. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Value } from "../../sync/canonical.ts";
import type { OutboxRow } from "../../sync/tables.ts";
import { recordInView, type Seen } from "../../sync/view.ts";
import { atWork, roles, saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { Empty, moment, Section } from "../marks.tsx";
import { Words } from "../parts.tsx";
import { label, projectName, text, waiting } from "../reading.ts";
import { go, path } from "../route.ts";
import { announce } from "../toast.ts";
import { personName, type Question, questions, traceOf } from "../traces.ts";
import { say } from "../room-words.ts";
import { why } from "../why.ts";
import { type TableName, word } from "../words.ts";

export function Waiting(): JSX.Element {
  const open = useLive(waiting, []);
  const broken = useLive(() => atWork().replica.db.outbox.where("state").equals("invalid").sortBy("n"), []);
  if (!open || !broken) return <main />;
  const [conflicts, parked] = [
    open.filter(({ kind }) => kind === "conflict"),
    open.filter(({ kind }) => kind === "parked"),
  ];
  const reviewed = conflicts.filter(({ body }) => Object.values(questions(body)).some(({ mode }) => mode === "review"));
  if (!reviewed.length && !parked.length && !broken.length) {
    return (
      <main>
        <Empty title={say("nothingWaits")} hint={say("nothingWaitsHint")} />
      </main>
    );
  }
  return (
    <main>
      {reviewed.length > 0 && (
        <Section title={say("conflicts")}>
          <ul class="cards">
            {reviewed.map((seen) => (
              <li key={seen.record}>
                <ConflictLine seen={seen} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {parked.length > 0 && (
        <Section title={say("parkedWork")}>
          <p class="muted">{say("parkedHint")}</p>
          <ul class="cards">
            {parked.map((seen) => (
              <li key={seen.record}>
                <ParkedLine seen={seen} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {broken.length > 0 && (
        <Section title={say("toRepair")}>
          <ul class="cards">
            {broken.map((row) => (
              <li key={row.id}>
                <Broken row={row} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </main>
  );
}

const homeOf = (seen: Seen): string => text(seen.body, "home") || seen.dossier;

function ConflictLine({ seen }: { seen: Seen }): JSX.Element {
  const named = useLive(
    () => label(homeOf(seen), text(seen.body, "target"), word("kind", text(seen.body, "target_kind"))),
    [seen.record],
  );
  const site = useLive(() => projectName(homeOf(seen)), [seen.record]);
  return (
    <a class="card" href={`#${path("waiting", seen.dossier, seen.record)}`}>
      <b>{named}</b>
      <small>
        {site} ·{" "}
        {Object.keys(questions(seen.body))
          .map((name) => word("fields", name))
          .join(say("and"))}
      </small>
    </a>
  );
}

function ParkedLine({ seen }: { seen: Seen }): JSX.Element {
  const { body } = seen;
  const change = (body.change ?? {}) as { op?: string; fields?: Record<string, unknown> };
  const named = useLive(
    () => label(homeOf(seen), text(body, "target"), word("kind", text(body, "target_kind"))),
    [seen.record],
  );
  const title = (change.fields?.title as { set?: string } | undefined)?.set;
  return (
    <div class="card">
      <b>{title ?? named}</b>
      <small>
        {say("did", { op: say(opWord(change.op)), kind: word("kind", text(body, "target_kind")) })} ·{" "}
        {moment(text(body, "captured_at"))}
      </small>
      <p>{why(text(body, "why"))}</p>
    </div>
  );
}

export const opWord = (op: string | undefined): "create" | "update" | "delete" | "resolve" =>
  op === "create" || op === "delete" || op === "resolve" ? op : "update";

function Broken({ row }: { row: OutboxRow }): JSX.Element {
  const { change, outcome } = row;
  const faults = (outcome?.faults ?? []).map(
    ({ field, message }) => `${word("fields", field?.split("/")[0] ?? "")}: ${message}`,
  );
  const again = (): void => void saving((replica) => replica.repair(row.n, {})).catch(tell);
  return (
    <div class="card">
      <b>{say("did", { op: say(opWord(change.op)), kind: word("kind", change.kind) })}</b>
      <p>{why(outcome?.why ?? "invalid-fields")}</p>
      {faults.map((fault) => (
        <small key={fault}>{fault}</small>
      ))}
      <button type="button" onClick={again}>
        {say("again")}
      </button>
    </div>
  );
}

type Choice = { pick: string } | { set: Value };

export function Conflict({ dossier, record }: { dossier: string; record: string }): JSX.Element {
  const seen = useLive(
    async () => (await recordInView(atWork().replica.db, dossier, record)) ?? null,
    [dossier, record],
  );
  const [chosen, setChosen] = useState<Record<string, Choice>>({});
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const named = useLive(
    async () =>
      seen ? label(homeOf(seen), text(seen.body, "target"), word("kind", text(seen.body, "target_kind"))) : "",
    [seen?.record],
  );
  if (seen === undefined) return <main />;
  if (!seen || !seen.body.open)
    return (
      <main>
        <Empty title={say("nothingWaits")} />
      </main>
    );
  const asked = Object.entries(questions(seen.body));
  const may = roles(dossier).some((role) => ["inspector", "supervisor", "director"].includes(role));
  const decide = async (): Promise<void> => {
    if (!reason.trim() || asked.some(([name]) => !chosen[name])) return setFault(say("decideAll"));
    await saving((replica) => replica.decide(dossier, record, chosen as Record<string, Value>, reason.trim()));
    announce(say("decided"));
    go("/waiting", true);
  };
  return (
    <main class="form">
      <header class="lead">
        <h1>{named}</h1>
        <p>{say("conflictHint")}</p>
      </header>
      {asked.map(([name, question]) => (
        <Asked
          key={name}
          name={name}
          question={question}
          kind={text(seen.body, "target_kind")}
          home={homeOf(seen)}
          chosen={chosen[name]}
          may={may}
          onChoose={(choice) => setChosen({ ...chosen, [name]: choice })}
        />
      ))}
      {may ? (
        <>
          <Words label={say("reason")} value={reason} rows={2} most={400} onSay={setReason} />
          {fault && (
            <p class="notice wrong" role="alert">
              {fault}
            </p>
          )}
          <footer class="acts">
            <button type="button" class="main" onClick={() => void decide().catch(tell)}>
              {say("decide")}
            </button>
          </footer>
        </>
      ) : (
        <p class="notice" role="status">
          {say("onlyReviewers")}
        </p>
      )}
    </main>
  );
}

interface Asking {
  name: string;
  question: Question;
  kind: string;
  home: string;
  chosen: Choice | undefined;
  may: boolean;
  onChoose: (choice: Choice) => void;
}

const TABLE_OF: Record<string, TableName> = {
  severity: "severity",
  domain: "domain",
  term: "term",
  result: "result",
  conclusion: "conclusion",
};

/** A value as people read it. */
function shown(name: string, value: Value | undefined): string {
  if (value === null || value === undefined || value === "") return say("empty");
  if (name === "state")
    return word("state", String(value)) === value ? word("verb", String(value)) : word("state", String(value));
  const table = TABLE_OF[name];
  if (table) return word(table, String(value));
  return Array.isArray(value) ? value.map(String).join(say("and")) : String(value);
}

function Asked({ name, question, kind, home, chosen, may, onChoose }: Asking): JSX.Element {
  const who = useLive(() => authors(home, question), [home, JSON.stringify(question)]);
  const picked = chosen && "pick" in chosen ? chosen.pick : null;
  const third = chosen && "set" in chosen ? String(chosen.set ?? "") : "";
  const stands = question.mode === "review" && ["severity", "result", "conclusion", "risk"].includes(name);
  const offers = [
    { pick: "current", value: question.current.value, who: who?.current ?? "" },
    ...question.candidates
      .filter((one) => one.value !== question.current.value)
      .map((one) => ({ pick: one.change, value: one.value, who: who?.candidates[one.change] ?? "" })),
    ...(question.overwritten ?? []).map((one) => ({
      pick: String(one.seq),
      value: one.value,
      who: who?.overwritten[one.seq] ?? "",
    })),
  ];
  const table = TABLE_OF[name];
  return (
    <fieldset class="question">
      <legend>
        {word("fields", name)}
        {stands && <small> {say("safer")}</small>}
      </legend>
      {offers.map(({ pick, value, who: by }) => (
        <label class={`offer ${picked === pick ? "chosen" : ""}`} key={pick}>
          <input
            type="radio"
            name={name}
            disabled={!may}
            checked={picked === pick}
            onChange={() => onChoose({ pick })}
          />
          <span>
            <b>{shown(name, value)}</b>
            <small>{by}</small>
          </span>
        </label>
      ))}
      {may && name !== "state" && !table && typeof question.current.value !== "number" && kind !== "" && (
        <Words label={say("third")} value={third} onSay={(set) => onChoose({ set })} />
      )}
    </fieldset>
  );
}

interface Authors {
  current: string;
  candidates: Record<string, string>;
  overwritten: Record<number, string>;
}

/** Who wrote each value and when, as far as this phone has heard. */
async function authors(home: string, question: Question): Promise<Authors> {
  const { replica, user } = atWork();
  const traced = async (seq: number): Promise<string> => {
    const trace = await traceOf(replica, home, seq);
    if (!trace) return say("somebody");
    return `${trace.id === user.id ? say("yours") : say("theirs", { who: trace.name ?? say("somebody") })} · ${moment(trace.at)}`;
  };
  const candidates: Record<string, string> = {};
  for (const { change, actor, at } of question.candidates) {
    const who =
      actor === user.id ? say("yours") : say("theirs", { who: (await personName(replica, actor)) ?? say("somebody") });
    candidates[change] = `${who} · ${moment(at)}`;
  }
  const overwritten: Record<number, string> = {};
  for (const { seq } of question.overwritten ?? []) overwritten[seq] = await traced(seq);
  return { current: `${say("current")} · ${await traced(question.current.seq)}`, candidates, overwritten };
}
