/** A record's history: who did what when, what was lost to whom, and each entry's proof, checked here. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { get, type Said } from "../house.ts";
import { day, Loading, moment, Standing, Trouble } from "../marks.tsx";
import { type Proven, prove } from "../proof.ts";
import { listed, say, type TableName, type Word, word } from "../words.ts";

type Entry = Said<"Entry">;
const LATE_MS = 120_000;

export function History({ dossier, record, beat }: { dossier: string; record: string; beat: string }): JSX.Element {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [older, setOlder] = useState<number | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(true);
  const where = `/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${record}/history`;
  const read = (before: number | null, signal?: AbortSignal): void => {
    setBusy(true);
    setWrong(null);
    get<Said<"History">>(before ? `${where}?before=${before}` : where, signal).then(
      (page) => {
        setEntries((was) => (before ? [...was, ...page.items] : page.items));
        setOlder(page.next);
        setBusy(false);
      },
      (fault: unknown) => {
        if (signal?.aborted) return;
        setWrong(fault);
        setBusy(false);
      },
    );
  };
  useEffect(() => {
    const loading = new AbortController();
    read(null, loading.signal);
    return () => loading.abort();
  }, [where, beat]);
  return (
    <section class="past">
      <h3>{say("history")}</h3>
      {busy && !entries.length && <Loading />}
      <Trouble wrong={wrong} again={() => read(null)} />
      <ol class="history">
        {entries.map((entry) => (
          <Line key={entry.seq} entry={entry} entries={entries} dossier={dossier} />
        ))}
      </ol>
      {older !== null && (
        <button type="button" disabled={busy} onClick={() => read(older)}>
          {say("older")}
        </button>
      )}
    </section>
  );
}

function Line({ entry, entries, dossier }: { entry: Entry; entries: Entry[]; dossier: string }): JSX.Element {
  const state = entry.op === "update" ? (entry.after.state as string | undefined) : undefined;
  const changed = Object.keys(entry.after).filter((name) => !(state && name === "state"));
  const changes = (
    <dl class="changes">
      {changed.map((name) => (
        <div key={name}>
          <dt>{word("fields", name)}</dt>
          <dd>
            {entry.op !== "create" && (
              <>
                <del>{read(entries, name, entry.before[name])}</del> →{" "}
              </>
            )}
            <ins>{read(entries, name, entry.after[name])}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
  const lost = Object.entries(entry.lost as Record<string, [unknown, unknown, string]>).filter(([, [, , mode]]) => mode === "review");
  const late = Math.abs(Date.parse(entry.received_at) - Date.parse(entry.at)) > LATE_MS;
  const refused = entry.status === "parked" || (entry.status === "conflict" && !Object.keys(entry.after).length);
  const who = entry.who.name ?? (entry.who.id === "system" ? say("system") : "—");
  return (
    <li class={refused ? "refused" : ""}>
      <p class="deed">
        <b>{who}</b>
        {state ? (
          <>
            <Standing of={String(entry.before.state)} />→<Standing of={state} />
          </>
        ) : (
          say(`did-${entry.op}` as Word)
        )}
        {refused && (
          <b class="late">
            {say("notApplied")}
            {entry.why && ` · ${word("why", entry.why)}`}
          </b>
        )}
      </p>
      {entry.erased && <p class="muted">{say("erased")}</p>}
      {entry.op === "create" ? (
        <details>
          <summary>{say("allFields", { n: changed.length })}</summary>
          {changes}
        </details>
      ) : (
        changes
      )}
      {lost.map(([name, [kept, given]]) => (
        <p class="thin" key={name}>
          {say("lost", {
            field: word("fields", name),
            kept: text(entries, name, kept),
            mine: name === "state" ? word("verbs", String(given)) : text(entries, name, given),
          })}
        </p>
      ))}
      {entry.reason && <p>{entry.reason}</p>}
      <p class="muted">
        {moment(entry.at)}
        {late && ` · ${say("receivedAt")} ${moment(entry.received_at)}`}
        {` · ${say("device")} ${entry.device.split("/")[0]} · ${say("entry")} #${entry.seq} `}
        {entry.signed && `· ${say("deviceSigned")} `}
        <code>{entry.hash.slice(0, 12)}</code>
      </p>
      <Proof entry={entry} dossier={dossier} />
    </li>
  );
}

/** Checked in this browser: nobody has to take the server's word for it. */
function Proof({ entry, dossier }: { entry: Entry; dossier: string }): JSX.Element {
  const [told, setTold] = useState<Proven | "busy" | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const check = (): void => {
    setTold("busy");
    setWrong(null);
    prove(dossier, entry).then(setTold, (fault: unknown) => (setTold(null), setWrong(fault)));
  };
  if (told === null || told === "busy") {
    return (
      <>
        <button type="button" class="quiet verify" disabled={told === "busy"} onClick={check}>
          {say(told ? "verifying" : "verify")}
        </button>
        <Trouble wrong={wrong} again={check} />
      </>
    );
  }
  return (
    <div class={`notice ${told.good ? "well" : "broken"}`} role="status">
      <strong>{say(told.good ? "verified" : "notVerified")}</strong>
      <ul class="checks">
        {told.checks.map((one) => (
          <li key={one.what} class={one.good ? "good" : "bad"}>
            {say(one.what, { n: one.n ?? "" })}
          </li>
        ))}
      </ul>
      <small>{say("verifyLimit")}</small>
    </div>
  );
}

const TABLES: Readonly<Record<string, TableName>> = { state: "state", severity: "severity", domain: "domain", term: "term" };
const isPerson = (name: string): boolean => name === "assignee" || name.endsWith("_by");
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const read = (entries: Entry[], name: string, value: unknown): ComponentChildren => text(entries, name, value);

/** A field's value as people read it; a history names people in values by id only. */
export function text(entries: Entry[], name: string, value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && !value.length)) return "—";
  const table = TABLES[name];
  if (table) return word(table, String(value));
  const ending = `…${String(value).slice(-8)}`; // by which people tell one record from another on paper
  if (isPerson(name)) return entries.find(({ who }) => who.id === value)?.who.name ?? ending;
  if (typeof value === "string" && ID.test(value)) return ending;
  if (name.endsWith("_on")) return day(String(value));
  if (name.endsWith("_at")) return moment(String(value));
  if (name.endsWith("_e7")) return `${(Number(value) / 1e7).toFixed(6)}°`;
  if (Array.isArray(value)) return listed(value.map((one: unknown) => (one as { text?: string }).text ?? String(one)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
