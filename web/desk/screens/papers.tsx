/** What lies under an issue: replies, re-inspections, requests for more time, pauses, steps of the ladder. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { change, now, type Outcome, type Push } from "../changes.ts";
import { holds, type Said } from "../house.ts";
import { day, Dialog, Ends, moment, Trouble, Verdict } from "../marks.tsx";
import { codes, listed, say, word } from "../words.ts";
import { Draft } from "./draft.tsx";
import type { Whole } from "./issue.tsx";

type Paper = Said<"Paper">;
const LEADERS = ["supervisor", "director"];

interface Sent {
  what: string;
  push: Push;
  outcome?: Outcome;
  wrong?: unknown;
}

export function Papers({ issue, onChange }: { issue: Whole; onChange: () => void }): JSX.Element {
  const [sent, setSent] = useState<Sent | null>(null);
  const [writing, setWriting] = useState<"comment" | "pause" | "draft" | null>(null);
  const send = async (what: string, push: Push): Promise<void> => {
    setWriting(null);
    setSent({ what, push });
    try {
      setSent({ what, push, outcome: await push(issue.dossier) });
      onChange();
    } catch (wrong) {
      setSent({ what, push, wrong });
    }
  };
  const add = (kind: string, fields: Record<string, unknown>): void =>
    void send(
      word("kind", kind),
      change({
        op: "create",
        kind,
        record: uuid7(),
        audience: issue.audience,
        fields: Object.fromEntries(Object.entries({ subject: issue.id, ...fields }).map(([name, set]) => [name, { set }])),
      }),
    );
  const leads = holds(LEADERS, issue.dossier);
  return (
    <section class="papers">
      <h3>{say("papers")}</h3>
      <ul class="said">
        {issue.papers.map((paper) => (
          <li key={paper.id}>
            <Line paper={paper} />
            {paper.kind === "extension" && paper.state === "asked" && leads && (
              <Grant paper={paper} director={holds(["director"], issue.dossier)} onDecide={send} />
            )}
          </li>
        ))}
      </ul>
      {!issue.papers.length && <p class="muted">{say("noPapers")}</p>}
      {sent?.outcome && <Verdict outcome={sent.outcome} what={sent.what} />}
      <Trouble wrong={sent?.wrong} again={() => sent && void send(sent.what, sent.push)} hint={say("sameChange")} />
      <div class="buttons">
        <button type="button" onClick={() => setWriting("comment")}>
          {say("addComment")}
        </button>
        {holds(["inspector", ...LEADERS], issue.dossier) && (
          <button type="button" onClick={() => setWriting("draft")}>
            {say("draftNotice")}
          </button>
        )}
        {leads && (
          <button type="button" onClick={() => setWriting("pause")}>
            {say("addPause")}
          </button>
        )}
      </div>
      {writing === "comment" && (
        <Comment onSay={(text) => add("comment", { text, said_at: now() })} onClose={() => setWriting(null)} />
      )}
      {writing === "draft" && <Draft issue={issue} onClose={() => setWriting(null)} />}
      {writing === "pause" && <Pause onSay={(said) => add("pause", said)} onClose={() => setWriting(null)} />}
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
function Grant(given: { paper: Paper; director: boolean; onDecide: (what: string, push: Push) => Promise<void> }): JSX.Element {
  const { paper, director, onDecide } = given;
  const flagged = ((paper.body as { flags?: string[] }).flags ?? []).length > 0;
  const [verb, setVerb] = useState<"grant" | "grant_anyway" | "refuse" | null>(null);
  const grant = flagged ? (director ? "grant_anyway" : null) : "grant";
  const decide = (note: string): void => {
    if (!verb) return;
    const fields = { ...(note && { note: { set: note } }), state: { do: verb } };
    const made = change({ op: "update", kind: "extension", record: paper.id, version: paper.version, fields });
    setVerb(null);
    void onDecide(say(verb), made);
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
      {verb && <Comment title={say(verb)} optional={verb === "grant"} onSay={decide} onClose={() => setVerb(null)} />}
    </div>
  );
}

function Comment(given: { title?: string; optional?: boolean; onSay: (text: string) => void; onClose: () => void }): JSX.Element {
  const [text, setText] = useState("");
  const title = given.title ?? say("addComment");
  return (
    <Dialog title={title} onClose={given.onClose}>
      <form onSubmit={(event) => (event.preventDefault(), given.onSay(text.trim()))}>
        <label class="field">
          <span>{say("words")}</span>
          <textarea rows={4} maxLength={1000} required={!given.optional} autofocus value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <Ends onCancel={given.onClose}>
          <button class="main">{title}</button>
        </Ends>
      </form>
    </Dialog>
  );
}

function Pause({ onSay, onClose }: { onSay: (said: Record<string, unknown>) => void; onClose: () => void }): JSX.Element {
  const say_ = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    onSay(Object.fromEntries([...form.entries()].filter(([, value]) => value !== "")));
  };
  return (
    <Dialog title={say("addPause")} onClose={onClose}>
      <form onSubmit={say_}>
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
        <Ends onCancel={onClose}>
          <button class="main">{say("addPause")}</button>
        </Ends>
      </form>
    </Dialog>
  );
}
