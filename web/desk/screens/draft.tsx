/** A paper is begun from an issue: what is known of it is filled in, the rest is asked. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { useAsked } from "../asking.ts";
import { now, type Outcome } from "../changes.ts";
import { get, me, patiently, type Said } from "../house.ts";
import { Dialog, Ends, Trouble, Verdict } from "../marks.tsx";
import { go, path } from "../route.ts";
import { codes, say, word } from "../words.ts";
import type { Whole } from "./issue.tsx";

const KINDS = ["rectification", "stop_work", "listing", "interview"]; // the others refer to a paper or a department
const LISTS = ["officers", "issues", "legal_basis"];
const MOMENTS = ["inspected_at", "starts_at", "meets_at"];
/** The provision that says who writes, in whose name, and who may punish (domain.md §1.3). */
const ISSUER = "issuer";

export function Draft({ issue, onClose }: { issue: Whole; onClose: () => void }): JSX.Element {
  const at = `/api/v1/projects/${encodeURIComponent(issue.dossier)}/officers`;
  const officers = useAsked((signal) => get<Said<"Officers">>(at, signal), [at]).told?.items ?? [];
  const law = useAsked((signal) => get<Said<"Provisions">>(`/api/v1/law?under=${ISSUER}`, signal), []);
  const organs = law.told?.items.find((one) => one.code === ISSUER)?.value ?? {};
  const [kind, setKind] = useState("rectification");
  const [sent, setSent] = useState<{ body: unknown; record: string; outcome?: Outcome; wrong?: unknown } | null>(null);
  const body = issue.body as { legal_basis?: string; demand?: string };
  const send = async (record: string, said: unknown): Promise<void> => {
    setSent({ record, body: said });
    try {
      const done = await patiently<{ outcome: Outcome }>("/api/v1/notices", { method: "POST", body: said });
      if (done.outcome.status === "applied") go(path("notices", issue.dossier, record).slice(1));
      else setSent({ record, body: said, outcome: done.outcome });
    } catch (wrong) {
      setSent({ record, body: said, wrong });
    }
  };
  const draft = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const record = uuid7();
    const chosen = form.getAll("officers").map(String);
    const certificates = Object.fromEntries(
      officers.filter((one) => chosen.includes(one.id) && one.licence_no).map((one) => [one.id, one.licence_no]),
    );
    const fields: Record<string, unknown> = {
      notice_kind: { set: kind },
      drafted_at: { set: now() },
      issues: { add: [issue.id], remove: [] },
      officers: { add: chosen, remove: [] },
      certificates: { set: certificates },
      legal_basis: { add: String(form.get("legal_basis")).split(/[;；\n]/).map((one) => one.trim()).filter(Boolean), remove: [] },
    };
    for (const [name, set] of Object.entries(organs)) fields[name] = { set };
    for (const [name, value] of form.entries()) {
      if (LISTS.includes(name) || value === "" || typeof value !== "string") continue;
      fields[name] = { set: MOMENTS.includes(name) ? `${value}:00+08:00` : value.trim() };
    }
    void send(record, { dossier: issue.dossier, fields, record, change: uuid7(), at: now() });
  };
  const field = (name: string, input: JSX.Element): JSX.Element => (
    <label class="field" key={name}>
      <span>{word("noticeField", name)}</span>
      {input}
    </label>
  );
  return (
    <Dialog title={say("draftNotice")} onClose={onClose} class="wide">
      <form onSubmit={draft}>
        {field(
          "notice_kind",
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {codes("noticeKind")
              .filter((code) => KINDS.includes(code))
              .map((code) => (
                <option key={code} value={code}>
                  {word("noticeKind", code)}
                </option>
              ))}
          </select>,
        )}
        {field("addressee_name", <input name="addressee_name" required maxLength={120} defaultValue={issue.contractor_name ?? ""} />)}
        {field("addressee", <input name="addressee" required minLength={18} maxLength={18} defaultValue={issue.contractor ?? ""} />)}
        {field("inspected_at", <input name="inspected_at" type="datetime-local" required />)}
        <fieldset>
          <legend>{word("noticeField", "officers")}</legend>
          {officers.map((one) => (
            <label class="tick" key={one.id}>
              <input type="checkbox" name="officers" value={one.id} defaultChecked={one.id === me()?.id} />
              <span>
                {one.name} <small>{[one.title, one.licence_no].filter(Boolean).join(" · ")}</small>
              </span>
            </label>
          ))}
        </fieldset>
        {field("legal_basis", <textarea name="legal_basis" rows={2} required defaultValue={body.legal_basis ?? ""} />)}
        {field("demand", <textarea name="demand" rows={3} required maxLength={2000} defaultValue={body.demand ?? ""} />)}
        {kind === "stop_work" && (
          <>
            {field(
              "scope",
              <select name="scope">
                {codes("scope").map((code) => (
                  <option key={code} value={code}>
                    {word("scope", code)}
                  </option>
                ))}
              </select>,
            )}
            {field("scope_note", <input name="scope_note" maxLength={400} defaultValue={issue.part ?? ""} />)}
            {field("starts_at", <input name="starts_at" type="datetime-local" required />)}
            {field("resume_condition", <textarea name="resume_condition" rows={2} required maxLength={2000} />)}
          </>
        )}
        {kind === "interview" && (
          <>
            {field("meets_at", <input name="meets_at" type="datetime-local" required />)}
            {field("place", <input name="place" required maxLength={200} />)}
          </>
        )}
        {sent?.outcome && <Verdict outcome={sent.outcome} what={say("draftNotice")} />}
        <Trouble wrong={law.wrong} again={law.again} />
        <Trouble wrong={sent?.wrong} again={() => sent && void send(sent.record, sent.body)} hint={say("sameChange")} />
        <Ends onCancel={onClose}>
          <button class="main" disabled={!law.told || Boolean(sent && !sent.outcome && !sent.wrong)}>
            {say("draftNotice")}
          </button>
        </Ends>
      </form>
    </Dialog>
  );
}
