/** What lies under an issue: replies, re-inspections, requests for more time, pauses, steps of the ladder. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { change, now } from "../changes.ts";
import { Became, Filing, type Sent, useWrites, type Write } from "../filing.tsx";
import { holds, type Said } from "../house.ts";
import { day, moment } from "../marks.tsx";
import { codes, listed, say, word } from "../words.ts";
import { Draft } from "./draft.tsx";
import type { Whole } from "./issue.tsx";

type Paper = Said<"Paper">;
const LEADERS = ["supervisor", "director"];

export function Papers({ issue, onChange }: { issue: Whole; onChange: () => void }): JSX.Element {
  const writes = useWrites(onChange);
  const [writing, setWriting] = useState<"comment" | "pause" | "draft" | null>(null);
  const [record, setRecord] = useState("");
  const write = (what: "comment" | "pause" | "draft"): void => {
    setRecord(uuid7()); // one question is one record, however often it is pressed
    setWriting(what);
  };
  const close = (): void => setWriting(null);
  const add = (kind: string, fields: Record<string, unknown>): Write => {
    const said = Object.entries({ subject: issue.id, ...fields }).map(([name, set]) => [name, { set }]);
    const about = { op: "create", kind, record, audience: issue.audience } as const;
    const push = change({ ...about, fields: Object.fromEntries(said) });
    return { what: word("kind", kind), send: () => push(issue.dossier) };
  };
  const leads = holds(LEADERS, issue.dossier);
  return (
    <section class="papers">
      <h3>{say("papers")}</h3>
      <ul class="said">
        {issue.papers.map((paper) => (
          <li key={paper.id}>
            <Line paper={paper} />
            {paper.kind === "extension" && paper.state === "asked" && leads && (
              <Grant paper={paper} dossier={issue.dossier} onEnd={writes.ended} />
            )}
          </li>
        ))}
      </ul>
      {!issue.papers.length && <p class="muted">{say("noPapers")}</p>}
      <Became of={writes.last} again={writes.send} />
      <div class="buttons">
        <button type="button" onClick={() => write("comment")}>
          {say("addComment")}
        </button>
        {holds(["inspector", ...LEADERS], issue.dossier) && (
          <button type="button" onClick={() => write("draft")}>
            {say("draftNotice")}
          </button>
        )}
        {leads && (
          <button type="button" onClick={() => write("pause")}>
            {say("addPause")}
          </button>
        )}
      </div>
      {writing === "comment" && (
        <Comment onSay={(text) => add("comment", { text, said_at: now() })} onEnd={writes.ended} onClose={close} />
      )}
      {writing === "draft" && <Draft issue={issue} onClose={close} />}
      {writing === "pause" && <Pause onSay={(said) => add("pause", said)} onEnd={writes.ended} onClose={close} />}
    </section>
  );
}

function Line({ paper }: { paper: Paper }): JSX.Element {
  const body = paper.body as Record<string, string | undefined> & { flags?: string[]; items?: { item: string; result: string }[] };
  const said: Record<Paper["kind"], (string | undefined)[]> = {
    reply: [body.measure, body.person, body.countersigned && say("countersignedBy", { who: body.countersigned })],
    review: [body.result && word("review", body.result), body.note, ...(body.items ?? []).map((one) => `${one.item}：${word("review", one.result)}`)],
    extension: [
      body.until && say("asksUntil", { on: day(body.until) }),
      body.reason,
      body.flags?.length ? listed(body.flags.map((flag) => word("flag", flag))) : undefined,
      body.note,
    ],
    pause: [
      body.reason && word("pause", body.reason),
      body.since && (body.until ? `${day(body.since)} – ${day(body.until)}` : say("pausedSince", { on: day(body.since) })),
      body.note,
    ],
    escalation: [body.step && word("ladder", body.step)],
  };
  return (
    <>
      <p class="muted">
        <b>{word("kind", paper.kind)}</b>
        {paper.state && ` · ${word("state", paper.state)}`} · {moment(paper.at)}
      </p>
      <p>{said[paper.kind].filter(Boolean).join(" · ")}</p>
    </>
  );
}

/** More time is granted or refused with words; what has something against it, only by a leader. */
function Grant({ paper, dossier, onEnd }: { paper: Paper; dossier: string; onEnd: (sent: Sent) => void }): JSX.Element {
  const flagged = ((paper.body as { flags?: string[] }).flags ?? []).length > 0;
  const [verb, setVerb] = useState<"grant" | "grant_anyway" | "refuse" | null>(null);
  const grant = flagged ? (holds(["director"], dossier) ? "grant_anyway" : null) : "grant";
  const decide = (does: "grant" | "grant_anyway" | "refuse", note: string): Write => {
    const fields = { ...(note && { note: { set: note } }), state: { do: does } };
    const push = change({ op: "update", kind: "extension", record: paper.id, version: paper.version, fields });
    return { what: say(does), send: () => push(dossier) };
  };
  return (
    <div class="buttons">
      {grant && (
        <button type="button" class="main" onClick={() => setVerb(grant)}>
          {say(grant)}
        </button>
      )}
      <button type="button" class="grave" onClick={() => setVerb("refuse")}>
        {say("refuse")}
      </button>
      {!grant && <p class="muted">{say("leaderGrants")}</p>}
      {verb && (
        <Comment
          title={say(verb)}
          optional={verb === "grant"}
          onSay={(note) => decide(verb, note)}
          onEnd={onEnd}
          onClose={() => setVerb(null)}
        />
      )}
    </div>
  );
}

interface Saying<T> {
  onSay: (said: T) => Write;
  onEnd: (sent: Sent) => void;
  onClose: () => void;
}

function Comment({ title = say("addComment"), optional, onSay, onEnd, onClose }: Saying<string> & { title?: string; optional?: boolean }): JSX.Element {
  const said = (form: FormData): Write => onSay(String(form.get("words") ?? "").trim());
  return (
    <Filing title={title} does={title} onSay={said} onEnd={onEnd} onClose={onClose}>
      <label class="field">
        <span>{say("words")}</span>
        <textarea name="words" rows={4} maxLength={1000} required={!optional} autofocus />
      </label>
    </Filing>
  );
}

function Pause({ onSay, onEnd, onClose }: Saying<Record<string, unknown>>): JSX.Element {
  const said = (form: FormData): Write => onSay(Object.fromEntries([...form.entries()].filter(([, value]) => value !== "")));
  const title = say("addPause");
  return (
    <Filing title={title} does={title} onSay={said} onEnd={onEnd} onClose={onClose}>
      <p class="muted">{say("pauseHint")}</p>
      <label class="field">
        <span>{say("reasonShort")}</span>
        <select name="reason">
          {codes("pause").map((code) => (
            <option key={code} value={code}>
              {word("pause", code)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("fromDay")}</span>
        <input name="since" type="date" required />
      </label>
      <label class="field">
        <span>{say("toDay")}</span>
        <input name="until" type="date" />
      </label>
      <label class="field">
        <span>{say("words")}</span>
        <textarea name="note" rows={2} maxLength={1000} />
      </label>
    </Filing>
  );
}
