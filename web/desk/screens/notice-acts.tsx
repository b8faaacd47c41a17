/** The steps of a paper: approve, return, issue, serve with its proof, reject, close, void with its reason. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import kinds from "../../sync/kinds.json" with { type: "json" };
import { amend, type Fields, frozen, type Outcome, type Written } from "../changes.ts";
import { holds, Problem } from "../house.ts";
import { Dialog, Ends, Trouble, Verdict } from "../marks.tsx";
import { photograph } from "../upload.ts";
import { codes, say, word } from "../words.ts";
import type { WholeNotice } from "./notices.tsx";

interface Declared {
  from: string[];
  by?: string[];
}
const STEPS = kinds.kinds.notice.states.steps as Readonly<Record<string, Declared>>;
const HERE = ["approve", "return", "issue", "serve", "reject", "close", "void"]; // the addressee answers
const BY_RIGHT = ["rectification"]; // issued without an approval (server/notices/records/notice.py)
const GRAVE = ["void", "return", "reject"];

/** What each mode of service must prove; a digest is that of a photograph taken in here. */
const PROOF: Readonly<Record<string, readonly string[]>> = {
  direct: ["to", "signature"],
  left: ["witness"],
  post: ["tracking"],
  electronic: ["to", "confirmation"],
  public: ["published"],
};
const PICTURES = ["signature", "confirmation"];

const open = (notice: WholeNotice): string[] =>
  HERE.filter((verb) => {
    const step = STEPS[verb];
    if (!step?.from.includes(notice.state) || !holds(step.by ?? [], notice.dossier)) return false;
    return verb !== "issue" || notice.state !== "draft" || BY_RIGHT.includes(notice.notice_kind);
  });

interface Amended {
  outcome: Outcome;
  notice: WholeNotice | null;
}

interface Sent {
  verb: string;
  made: Written;
  outcome?: Outcome;
  state?: string;
  wrong?: unknown;
}

export function PaperActs({ notice, onTaken }: { notice: WholeNotice; onTaken: (notice: WholeNotice | null) => void }): JSX.Element {
  const [asking, setAsking] = useState<string | null>(null);
  const [sent, setSent] = useState<Sent | null>(null);
  const perform = async (verb: string, made: Written): Promise<void> => {
    setSent({ verb, made });
    try {
      const done = await amend<Amended>("/api/v1/notices", made);
      setSent({ verb, made, outcome: done.outcome, state: done.notice?.state ?? notice.state });
      onTaken(done.notice);
    } catch (wrong) {
      setSent({ verb, made, wrong });
    }
  };
  const take = (verb: string, fields: Fields = {}): void => {
    setAsking(null);
    void perform(verb, frozen(notice, { ...fields, state: { do: verb } }));
  };
  const waits = sent && !sent.outcome && !sent.wrong;
  const unsure = sent?.wrong instanceof Problem && sent.wrong.unsure;
  const offered = open(notice);
  return (
    <footer class="acts">
      {waits && (
        <div class="notice" role="status">
          {say("working")}
        </div>
      )}
      {sent?.outcome && <Verdict outcome={sent.outcome} what={word("noticeVerb", sent.verb)} state={sent.state ?? ""} table="noticeState" />}
      {sent?.wrong ? (
        <Trouble wrong={sent.wrong} again={() => void perform(sent.verb, sent.made)} hint={unsure ? say("sameChange") : ""} />
      ) : null}
      {!waits && !unsure && (
        <div class="buttons">
          {offered.map((verb) => (
            <button key={verb} type="button" class={GRAVE.includes(verb) ? "grave" : "main"} onClick={() => setAsking(verb)}>
              {word("noticeVerb", verb)}
            </button>
          ))}
          {!offered.length && <p class="muted">{say("noActions")}</p>}
        </div>
      )}
      {asking === "serve" && <Serve notice={notice} onServe={(fields) => take("serve", fields)} onClose={() => setAsking(null)} />}
      {asking && asking !== "serve" && (
        <Sure verb={asking} notice={notice} onSure={(fields) => take(asking, fields)} onClose={() => setAsking(null)} />
      )}
    </footer>
  );
}

function Sure(given: { verb: string; notice: WholeNotice; onSure: (fields: Fields) => void; onClose: () => void }): JSX.Element {
  const { verb, notice, onSure, onClose } = given;
  const [reason, setReason] = useState("");
  const decide = (event: Event): void => {
    event.preventDefault();
    onSure(verb === "void" ? { void_reason: { set: reason.trim() } } : {});
  };
  return (
    <Dialog title={`${word("noticeVerb", verb)}：${word("noticeKind", notice.notice_kind)}`} onClose={onClose}>
      <form onSubmit={decide}>
        <p class="muted">{say(verb === "issue" ? "issueHint" : "decideHint")}</p>
        {verb === "void" && (
          <label class="field">
            <span>{say("voidReason")}</span>
            <textarea rows={3} required maxLength={400} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        )}
        <Ends onCancel={onClose}>
          <button class={GRAVE.includes(verb) ? "grave" : "main"} autofocus={verb !== "void"}>
            {word("noticeVerb", verb)}
          </button>
        </Ends>
      </form>
    </Dialog>
  );
}

/** The proof of service, by its mode: a signed receipt is photographed and kept as evidence under the paper. */
function Serve(given: { notice: WholeNotice; onServe: (fields: Fields) => void; onClose: () => void }): JSX.Element {
  const { notice, onServe, onClose } = given;
  const [mode, setMode] = useState("direct");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const serve = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong(null);
    try {
      // The form speaks of Beijing's clock, wherever the desk stands.
      const said: Record<string, unknown> = { mode, at: `${String(form.get("at"))}:00+08:00` };
      for (const [name, value] of form.entries()) {
        if (value instanceof File) said[name] = await photograph(notice.dossier, notice.id, notice.audience, value);
        else if (name !== "at" && value.trim()) said[name] = value.trim();
      }
      onServe({ service: { set: said } });
    } catch (fault) {
      setWrong(fault);
      setBusy(false);
    }
  };
  return (
    <Dialog title={say("serveTitle")} onClose={onClose}>
      <form onSubmit={(event) => void serve(event)}>
        <label class="field">
          <span>{say("serviceMode")}</span>
          <select value={mode} onChange={(event) => setMode(event.currentTarget.value)}>
            {codes("service").map((code) => (
              <option key={code} value={code}>
                {word("service", code)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{say("servedWhen")}</span>
          <input name="at" type="datetime-local" required />
        </label>
        {(PROOF[mode] ?? []).map((name) => (
          <label class="field" key={`${mode}/${name}`}>
            <span>{word("serviceField", name)}</span>
            {PICTURES.includes(name) ? (
              <input name={name} type="file" accept="image/jpeg,image/png,image/webp" required />
            ) : (
              <input name={name} required maxLength={120} />
            )}
          </label>
        ))}
        <label class="field">
          <span>{say("words")}</span>
          <input name="note" maxLength={1000} />
        </label>
        <Trouble wrong={wrong} />
        <Ends onCancel={onClose}>
          <button class="main" disabled={busy}>
            {busy ? say("working") : word("noticeVerb", "serve")}
          </button>
        </Ends>
      </form>
    </Dialog>
  );
}
