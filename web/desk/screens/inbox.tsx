/** What waits for a decision: conflicts with both values, and work that came late or without leave. */

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { change, type Outcome, type Push } from "../changes.ts";
import { get, holds, type Said } from "../house.ts";
import { useKeys } from "../keys.ts";
import { beat } from "../live.ts";
import { Empty, Fact, Loading, moment, Trouble, Verdict } from "../marks.tsx";
import { go, path } from "../route.ts";
import { listed, say, type TableName, word } from "../words.ts";
import { text } from "./history.tsx";

type Waiting = Said<"Waiting">;
type Entry = Said<"Entry">;

interface Held {
  value: unknown;
  seq: number;
}

interface Candidate {
  value: unknown;
  change: string;
  actor: string;
  at: string;
}

interface Question {
  mode: "review" | "info";
  current: Held;
  candidates: Candidate[];
  overwritten?: Held[];
}

interface Body {
  target: string;
  target_kind: string;
  why?: string;
  first_why?: string; // why it came, where it was accepted and refused once more
  fields?: Record<string, Question>;
  change?: { op: string; fields?: Record<string, unknown>; reason?: string };
  actor?: string;
  captured_at?: string;
  flags?: string[];
  grants?: { role: string; since?: string; until?: string | null }[];
}

const bodyOf = (one: Waiting): Body => one.body as unknown as Body;
const asksOf = (one: Waiting): [string, Question][] => Object.entries(bodyOf(one).fields ?? {});
const RESOLVERS: Readonly<Record<string, string[]>> = {
  conflict: ["inspector", "supervisor", "director"],
  parked: ["supervisor", "director"],
};

/** What a person is asked; a note that a value was kept beside is only there to be read. */
const isQuestion = (one: Waiting): boolean => one.kind === "parked" || asksOf(one).some(([, asked]) => asked.mode === "review");

export function Inbox({ dossier, record }: { dossier: string | undefined; record: string | undefined }): JSX.Element {
  const asked = useAsked((signal) => get<Said<"Inbox">>("/api/v1/conflicts?limit=500", signal), [], beat.value);
  const signing = useAsked((signal) => get<Said<"MyDay">>("/api/v1/my-day", signal), [], beat.value);
  const handovers = signing.told?.handovers ?? [];
  const items = asked.told?.items ?? [];
  const open = items.find((one) => one.dossier === dossier && one.record === record);
  const [last, setLast] = useState<Waiting | null>(null); // stays in view with its verdict after it has gone from the list
  const shown = open ?? (last?.record === record ? last : undefined);
  const groups: [string, Waiting[]][] = [
    [say("conflicts"), items.filter((one) => one.kind === "conflict" && isQuestion(one))],
    [say("parkedWork"), items.filter((one) => one.kind === "parked")],
    [say("keptBeside"), items.filter((one) => !isQuestion(one))],
  ];
  const order = groups.flatMap(([, list]) => list);
  const move = (by: number): void => {
    const at = order.findIndex((one) => one.record === record);
    const to = order[Math.max(0, Math.min(order.length - 1, at + by))];
    if (to) go(path("inbox", to.dossier, to.record).slice(1));
  };
  useKeys(
    [
      { keys: ["j", "ArrowDown"], does: "keyDown", act: () => move(1) },
      { keys: ["k", "ArrowUp"], does: "keyUp", act: () => move(-1) },
      { keys: ["Escape"], does: "keyBack", act: () => go("/inbox") },
    ],
    [record, order.length],
  );
  return (
    <main id="work" class={shown ? "reading" : ""}>
      <section id="queue" class="inbox" aria-label={say("inboxShort")}>
        <Trouble wrong={asked.wrong ?? signing.wrong} again={() => (asked.again(), signing.again())} />
        {!asked.told && asked.busy && <Loading />}
        {handovers.length > 0 && (
          <section>
            <h2>
              {say("toSign")} <small>{handovers.length}</small>
            </h2>
            <ol>
              {handovers.map((one) => (
                <li key={one.id}>
                  <a href={path("projects", one.dossier)}>
                    <strong>{one.project ?? one.dossier}</strong>
                    <span>{`${one.giver?.name ?? "—"} → ${one.taker.name ?? "—"}`}</span>
                    <span class="muted">{moment(one.proposed_at)}</span>
                  </a>
                </li>
              ))}
            </ol>
          </section>
        )}
        {asked.told && signing.told && !items.length && !handovers.length && <Empty title={say("nothingWaits")} hint={say("nothingWaitsHint")} />}
        {groups.map(
          ([title, list]) =>
            list.length > 0 && (
              <section key={title}>
                <h2>
                  {title} <small>{list.length}</small>
                </h2>
                <ol>
                  {list.map((one) => (
                    <Line key={one.record} one={one} open={one.record === record} />
                  ))}
                </ol>
              </section>
            ),
        )}
      </section>
      <article id="detail" aria-label={say("decision")}>
        {shown ? (
          <One key={shown.record} one={shown} onDecided={() => (setLast(shown), asked.again())} />
        ) : (
          <Empty title={say("chooseOne")} hint={say("conflictHint")} />
        )}
      </article>
    </main>
  );
}

const titleOf = (one: Waiting): string => {
  const said = bodyOf(one).change?.fields?.title as { set?: string } | undefined;
  return one.title ?? said?.set ?? word("kind", bodyOf(one).target_kind);
};

function Line({ one, open }: { one: Waiting; open: boolean }): JSX.Element {
  const body = bodyOf(one);
  const about =
    one.kind === "conflict" ? listed(asksOf(one).map(([name]) => word("fields", name))) : word("why", body.why ?? "");
  return (
    <li>
      <a href={path("inbox", one.dossier, one.record)} aria-current={open ? "true" : undefined}>
        <strong>{titleOf(one)}</strong>
        <span>{`${word("kind", body.target_kind)} · ${about}`}</span>
        <span class="muted">{one.project ?? one.dossier}</span>
        {body.captured_at && <span class="muted">{moment(body.captured_at)}</span>}
      </a>
    </li>
  );
}

interface Sent {
  push: Push;
  outcome?: Outcome;
  wrong?: unknown;
}

function One({ one, onDecided }: { one: Waiting; onDecided: () => void }): JSX.Element {
  const body = bodyOf(one);
  const where = `/api/v1/dossiers/${encodeURIComponent(one.dossier)}/records/${body.target}/history?limit=200`;
  const past = useAsked((signal) => get<Said<"History">>(where, signal), [where]);
  const [sent, setSent] = useState<Sent | null>(null);
  const entries = past.told?.items ?? [];
  const seen = Math.max(one.version, past.told?.record.version ?? 0);
  const may = holds(RESOLVERS[one.kind] ?? [], one.dossier);
  const send = async (push: Push): Promise<void> => {
    setSent({ push });
    try {
      setSent({ push, outcome: await push(one.dossier) });
      onDecided();
    } catch (wrong) {
      setSent({ push, wrong });
    }
  };
  const decide = (fields: Record<string, unknown>, reason: string): void =>
    void send(change({ op: "resolve", kind: one.kind, record: one.record, version: seen, fields, reason }));
  // Accepted and refused again, it waits on: who is to decide is the person who reads this.
  const stays = sent?.outcome?.status === "parked" && sent.outcome.conflict === one.record;
  const done = sent?.outcome && ["applied", "merged", "noop"].includes(sent.outcome.status);
  return (
    <>
      <a href="#/inbox" class="back">
        ‹ {say("backInbox")}
      </a>
      <header>
        <p class="line">
          <b class="badge serious">{word("kind", one.kind)}</b> {word("kind", body.target_kind)}
        </p>
        <h2 tabIndex={-1}>{titleOf(one)}</h2>
        <p class="muted">{one.project ?? one.dossier}</p>
        {body.target_kind === "issue" && past.told && <a href={path("issue", body.target)}>{say("openIssue")}</a>}
      </header>
      {sent?.outcome && <Verdict outcome={stays ? { ...sent.outcome, remedy: null } : sent.outcome} what={say("decision")} />}
      {stays && <p>{say("waitsOn")}</p>}
      <Trouble wrong={sent?.wrong} again={() => sent && void send(sent.push)} hint={say("sameChange")} />
      {!past.told && past.busy ? (
        <Loading />
      ) : done ? null : one.kind === "conflict" ? (
        <Conflict one={one} entries={entries} may={may} onDecide={decide} />
      ) : (
        <Parked one={one} entries={entries} may={may} onDecide={decide} />
      )}
    </>
  );
}

interface Deciding {
  one: Waiting;
  entries: Entry[];
  may: boolean;
  onDecide: (fields: Record<string, unknown>, reason: string) => void;
}

type Choice = { pick: string } | { set: unknown };
const TABLES: Readonly<Record<string, TableName>> = { severity: "severity", domain: "domain", term: "term" };

function Conflict({ one, entries, may, onDecide }: Deciding): JSX.Element {
  const asked = asksOf(one);
  const [chosen, setChosen] = useState<Record<string, Choice>>({});
  const all = asked.every(([name]) => chosen[name] && JSON.stringify(chosen[name]) !== '{"set":""}');
  return (
    <Reasoned may={may} ready={all} verb="decide" onSay={(reason) => onDecide(chosen, reason)}>
      <p class="muted">{say("conflictHint")}</p>
      {asked.map(([name, question]) => (
        <Asked
          key={name}
          name={name}
          question={question}
          entries={entries}
          chosen={chosen[name]}
          may={may}
          onChoose={(choice) => setChosen({ ...chosen, [name]: choice })}
        />
      ))}
    </Reasoned>
  );
}

interface Asking {
  name: string;
  question: Question;
  entries: Entry[];
  chosen: Choice | undefined;
  may: boolean;
  onChoose: (choice: Choice) => void;
}

const shown = (entries: Entry[], name: string, value: unknown): string =>
  name === "state" && typeof value === "string" && word("state", value) === value ? word("verbs", value) : text(entries, name, value);

function Asked({ name, question, entries, chosen, may, onChoose }: Asking): JSX.Element {
  const by = (seq: number): string => {
    const entry = entries.find((one) => one.seq === seq);
    return entry ? `${entry.who.name ?? say("system")} · ${moment(entry.at)}` : "";
  };
  const person = (candidate: Candidate): string => {
    const entry = entries.find((one) => one.change === candidate.change) ?? entries.find((one) => one.who.id === candidate.actor);
    return `${entry?.who.name ?? "—"} · ${moment(candidate.at)}`;
  };
  const offers = [
    { pick: "current", value: question.current.value, who: by(question.current.seq), mark: say("standsNow") },
    ...question.candidates.map((one) => ({ pick: one.change, value: one.value, who: person(one), mark: "" })),
    ...(question.overwritten ?? []).map((one) => ({ pick: String(one.seq), value: one.value, who: by(one.seq), mark: "" })),
  ].filter((offer, index, all) => index === 0 || JSON.stringify(offer.value) !== JSON.stringify(all[0]?.value));
  const picked = chosen && "pick" in chosen ? chosen.pick : null;
  const third = chosen && "set" in chosen ? String(chosen.set) : "";
  const table = TABLES[name];
  const free = !table && [question.current.value, ...question.candidates.map((one) => one.value)].every((v) => v === null || typeof v === "string");
  return (
    <fieldset class="question" disabled={!may}>
      <legend>{word("fields", name)}</legend>
      <div class="offers">
        {offers.map((offer) => (
          <label key={offer.pick} class={picked === offer.pick ? "offer chosen" : "offer"}>
            <input type="radio" name={name} checked={picked === offer.pick} onChange={() => onChoose({ pick: offer.pick })} />
            <span>
              {offer.mark && <small class="mark">{offer.mark}</small>}
              <b>{shown(entries, name, offer.value)}</b>
              <small>{offer.who}</small>
            </span>
          </label>
        ))}
      </div>
      {free && name !== "state" && (
        <label class="field">
          <span>{say("third")}</span>
          {name.endsWith("_on") ? (
            <input type="date" value={third} onInput={(event) => onChoose({ set: event.currentTarget.value })} />
          ) : (
            <textarea rows={2} value={third} onInput={(event) => onChoose({ set: event.currentTarget.value })} />
          )}
        </label>
      )}
    </fieldset>
  );
}

function Parked({ one, entries, may, onDecide }: Deciding): JSX.Element {
  const { change: late, why, first_why: firstWhy, captured_at: at, actor, flags, grants } = bodyOf(one);
  const who = entries.find((entry) => entry.who.id === actor)?.who.name ?? null;
  const fields = Object.entries(late?.fields ?? {});
  const [decision, setDecision] = useState<"accept" | "return" | null>(null);
  return (
    <Reasoned
      may={may}
      ready={decision !== null}
      verb={decision === "return" ? "returnWork" : "acceptWork"}
      onSay={(reason) => onDecide({ decision: { set: decision } }, reason)}
    >
      <p class="notice wrong">
        <strong>{word("why", why ?? "")}</strong>
      </p>
      <dl class="facts">
        {firstWhy && <Fact name={say("cameFor")}>{word("why", firstWhy)}</Fact>}
        <Fact name={say("byWhom")}>{who ?? actor?.slice(-8)}</Fact>
        <Fact name={say("doneAt")}>{at && moment(at)}</Fact>
        <Fact name={say("heldThen")}>{listed((grants ?? []).map((post) => word("role", post.role)))}</Fact>
        <Fact name={say("doubts")}>{listed((flags ?? []).map((flag) => word("doubt", flag)))}</Fact>
        <Fact name={say("wanted")}>{say(`did-${late?.op === "create" ? "create" : late?.op === "delete" ? "delete" : "update"}`)}</Fact>
      </dl>
      <dl class="changes">
        {fields.map(([name, said]) => (
          <Fact key={name} name={word("fields", name)}>
            {wanted(entries, name, said)}
          </Fact>
        ))}
      </dl>
      <div class="offers">
        {(["accept", "return"] as const).map((code) => (
          <label key={code} class={decision === code ? "offer chosen" : "offer"}>
            <input type="radio" name="decision" disabled={!may} checked={decision === code} onChange={() => setDecision(code)} />
            <span>
              <b>{say(code === "accept" ? "acceptWork" : "returnWork")}</b>
              <small>{say(code === "accept" ? "acceptHint" : "returnHint")}</small>
            </span>
          </label>
        ))}
      </div>
    </Reasoned>
  );
}

/** What a change says of a field, as people read it. */
function wanted(entries: Entry[], name: string, said: unknown): string {
  const told = said as { set?: unknown; do?: string; add?: unknown[]; append?: { text: string }[]; edits?: unknown };
  if (told.do) return word("verbs", told.do);
  if (told.add) return listed(told.add.map(String));
  if (told.append) return told.append.map((line) => line.text).join("\n");
  return "set" in told ? text(entries, name, told.set) : JSON.stringify(said);
}

interface Reasoning {
  may: boolean;
  ready: boolean;
  verb: "decide" | "acceptWork" | "returnWork";
  onSay: (reason: string) => void;
  children: ComponentChildren;
}

/** A decision is one entry with its reason; losing values and returned work stay for ever. */
function Reasoned({ may, ready, verb, onSay, children }: Reasoning): JSX.Element {
  const [reason, setReason] = useState("");
  return (
    <form class="decide" onSubmit={(event) => (event.preventDefault(), onSay(reason.trim()))}>
      {children}
      {may ? (
        <footer class="acts">
          <label class="field">
            <span>{say("decisionReason")}</span>
            <textarea rows={2} required maxLength={2000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
          <div class="buttons">
            <button class={verb === "returnWork" ? "grave" : "main"} disabled={!ready || !reason.trim()}>
              {say(verb)}
            </button>
          </div>
        </footer>
      ) : (
        <p class="notice" role="status">
          {say("onlyReviewers")}
        </p>
      )}
    </form>
  );
}
