/** Projects and who answers for each: the line of officers, what waits for a signature, and the signatures. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { useAsked } from "../asking.ts";
import { change, type Fields, now, type Push } from "../changes.ts";
import { Became, Filing, type Sent, useWrites, type Write } from "../filing.tsx";
import { get, holds, me, type Said } from "../house.ts";
import { beat } from "../live.ts";
import { day, Empty, Loading, moment, Trouble } from "../marks.tsx";
import { say, type Word, word } from "../words.ts";
import { Contacts, contacts } from "./contacts.tsx";

type Project = Said<"Project">;
type Handover = Said<"Handover">;
type Colleague = Said<"Colleague">;
interface Item {
  kind: string;
  record: string;
  title: string;
  due_on: string | null;
}
interface Body {
  project: string;
  giver?: string;
  taker: string;
  author: string;
  reason: string;
  note?: string;
  absence?: string;
  refusal?: string;
  given_at?: string;
  taken_at?: string;
  appointed_by?: string;
  since?: string;
  open?: Item[];
  open_count?: Record<string, number>;
}

const OFFICE = ["inspector", "supervisor", "director"];
const LEADERS = ["supervisor", "director"];
const bodyOf = (one: Handover): Body => one.body as unknown as Body;
const nameOf = (one: Handover, part: string): string => one.people[part]?.name ?? "—";

type Act = "give" | "take" | "appoint" | "refuse" | "withdraw" | "recall";
const ACTS: Readonly<Record<Act, { does: Word; says?: "note" | "absence" | "refusal" | "recall"; wants?: Word }>> = {
  give: { does: "signGive", says: "note", wants: "handNote" },
  take: { does: "signTake" },
  appoint: { does: "signFor", says: "absence", wants: "absence" },
  refuse: { does: "refuseIt", says: "refusal", wants: "refusal" },
  withdraw: { does: "withdrawIt" },
  recall: { does: "recallIt", says: "recall", wants: "recall" },
};

/** What the person at the desk may do with it: the house judges it again. */
function acts(one: Handover): Act[] {
  const [body, mine, can] = [bodyOf(one), me()?.id ?? "", [] as Act[]];
  if (one.state !== "proposed") return can;
  if (body.taker === mine && !body.taken_at) can.push("take", "refuse");
  if (body.giver === mine && !body.given_at) can.push("give");
  else if (!body.given_at && body.taker !== mine && holds(LEADERS, one.dossier)) can.push("appoint");
  const signers = body.appointed_by ? [body.appointed_by] : [body.giver, body.author];
  if (signers.includes(mine)) can.push("withdraw");
  else if (![body.giver, body.taker].includes(mine) && holds(LEADERS, one.dossier)) can.push("recall");
  return can;
}

interface Doing {
  dossier: string;
  what: string;
  steps: (Fields & { op: "create" | "update" })[];
  record: string;
  version: number;
}

/** One deed after the other, each from the version that the one before left; sent again, they are the same changes. */
function deeds({ dossier, what, steps, record, version }: Doing): Write {
  const ready: Push[] = [];
  const send: Write["send"] = async () => {
    let seen = version;
    for (const [index, { op, ...fields }] of steps.entries()) {
      const about = op === "create" ? { audience: "office" } : { version: seen };
      const push = (ready[index] ??= change({ op, kind: "handover", record, fields, ...about }));
      const outcome = await push(dossier);
      const done = ["applied", "merged", "noop"].includes(outcome.status);
      if (!done || index === steps.length - 1) return { ...outcome, begun: index > 0 };
      seen = outcome.version ?? seen;
    }
    throw new Error("nothing to do");
  };
  return { what, send };
}

/** All that wait for a signature, of however many pages, and the newest of those that are over. */
async function handovers(dossier: string | undefined, signal: AbortSignal): Promise<Handover[]> {
  const page = (more: Record<string, string>): Promise<Said<"Handovers">> =>
    get(`/api/v1/handovers?${new URLSearchParams({ limit: "200", ...(dossier && { dossier }), ...more })}`, signal);
  const [waiting, newest] = await Promise.all([page({ state: "proposed" }), page({})]);
  for (let next = waiting.next; next; ) {
    const told = await page({ state: "proposed", page: next });
    waiting.items.push(...told.items);
    next = told.next;
  }
  return [...waiting.items, ...newest.items.filter(({ state }) => state !== "proposed")];
}

export function Projects({ dossier }: { dossier: string | undefined }): JSX.Element {
  const office = holds([...OFFICE, "auditor"]);
  const sites = useAsked((signal) => get<Said<"Projects">>("/api/v1/projects", signal), [], beat.value);
  const handed = useAsked((signal) => handovers(dossier, signal), [dossier], beat.value);
  const called = useAsked((signal) => contacts(dossier, signal), [dossier], beat.value);
  const known = useAsked(
    async (signal) => (office ? get<Said<"Colleagues">>("/api/v1/officers", signal) : { items: [] }),
    [office],
  );
  const writes = useWrites(() => [sites, handed].forEach((asked) => asked.again()));
  const [proposing, setProposing] = useState<Project | null>(null);
  const items = handed.told ?? [];
  const open = dossier ? (sites.told?.items ?? []).filter((one) => one.dossier === dossier) : (sites.told?.items ?? []);
  return (
    <main id="figures" class="projects">
      <h2>{say("projectsShort")}</h2>
      <Became of={writes.last} again={writes.send} />
      <Trouble wrong={sites.wrong ?? handed.wrong ?? called.wrong} again={() => (sites.again(), handed.again(), called.again())} />
      {!sites.told && <Loading />}
      {sites.told && !open.length && <Empty title={say("noProjects")} />}
      <ul class="list">
        {open.map((site) => (
          <li key={site.id} class="site">
            <b>{site.name}</b>
            {site.risk && <span class={`risk ${site.risk}`}>{word("risk", site.risk)}</span>}
            <span class={site.officer ? "" : "thin"}>
              {say("officer")} {site.officer ? (site.officer_name ?? "—") : say("nobodyYet")}
              {site.officer_since && <small> {say("sinceDay", { at: day(site.officer_since) })}</small>}
            </span>
            {mayPropose(site) && !items.some((one) => bodyOf(one).project === site.id && one.state === "proposed") && (
              <button type="button" onClick={() => setProposing(site)}>
                {say(site.officer ? "handOver" : "nameOfficer")}
              </button>
            )}
            {called.told && <Contacts site={site} known={called.told} onDone={called.again} />}
            <Line of={items.filter((one) => bodyOf(one).project === site.id)} onEnd={writes.ended} />
          </li>
        ))}
      </ul>
      <GivenAway of={items.filter((one) => !open.some((site) => site.dossier === one.dossier) && !dossier)} />
      {proposing && (
        <Propose site={proposing} known={known.told?.items ?? []} onEnd={writes.ended} onClose={() => setProposing(null)} />
      )}
    </main>
  );
}

const mayPropose = (site: Project): boolean =>
  holds(LEADERS, site.dossier) || (site.officer !== null && site.officer === me()?.id);

/** The handovers of one project: what waits first, then its officers, the present one first. */
function Line({ of, onEnd }: { of: Handover[]; onEnd: (sent: Sent) => void }): JSX.Element | null {
  if (!of.length) return null;
  const past = of.filter(({ state }) => state !== "proposed");
  return (
    <div class="handovers">
      {of
        .filter(({ state }) => state === "proposed")
        .map((one) => (
          <Waiting key={one.id} one={one} onEnd={onEnd} />
        ))}
      {past.length > 0 && (
        <details>
          <summary>{say("officersBefore", { n: past.length })}</summary>
          <ul>
            {past.map((one) => (
              <Past key={one.id} one={one} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

const Past = ({ one }: { one: Handover }): JSX.Element => {
  const { since, reason, absence, refusal } = bodyOf(one);
  return (
    <li>
      {nameOf(one, "giver")} → {nameOf(one, "taker")} <span class="state">{word("handoverState", one.state)}</span>{" "}
      <small>{[since && say("sinceDay", { at: moment(since) }), reason, absence, refusal].filter(Boolean).join(" · ")}</small>
    </li>
  );
};

/** What the person gave away and reads no more: the line stays readable to those who are in it. */
const GivenAway = ({ of }: { of: Handover[] }): JSX.Element | null =>
  of.length ? (
    <>
      <h2>{say("givenAway")}</h2>
      <ul class="list">
        {of.map((one) => (
          <li key={one.id}>
            <b>{one.project ?? one.dossier}</b>
            <Past one={one} />
          </li>
        ))}
      </ul>
    </>
  ) : null;

function Waiting({ one, onEnd }: { one: Handover; onEnd: (sent: Sent) => void }): JSX.Element {
  const [act, setAct] = useState<Act | null>(null);
  const body = bodyOf(one);
  const items = body.open ?? [];
  const n = Object.values(body.open_count ?? {}).reduce((sum, each) => sum + each, 0);
  return (
    <section class="handover">
      <strong>
        {nameOf(one, "giver")} → {nameOf(one, "taker")}
      </strong>
      <p>
        {[body.reason, body.note, body.absence].filter(Boolean).join(" · ")}
      </p>
      <p>
        {say("givenAt")} {body.given_at ? moment(body.given_at) : say("unsigned")} · {say("takenAt")}{" "}
        {body.taken_at ? moment(body.taken_at) : say("unsigned")}
      </p>
      {body.open_count && (
        <details>
          <summary>{say("stillOpen", { n })}</summary>
          <ul>
            {items.map((item) => (
              <li key={item.record}>
                {titleOf(item)} <small>{[word("kind", item.kind), item.due_on && day(item.due_on)].filter(Boolean).join(" · ")}</small>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="buttons">
        {acts(one).map((name) => (
          <button key={name} type="button" class={name === "give" || name === "take" ? "main" : "quiet"} onClick={() => setAct(name)}>
            {say(ACTS[name].does)}
          </button>
        ))}
      </div>
      {act && <Sign one={one} act={act} onEnd={onEnd} onClose={() => setAct(null)} />}
    </section>
  );
}

const titleOf = ({ kind, title }: Item): string =>
  kind === "assignment" ? word("visit", title) : kind === "notice" ? word("noticeKind", title) : title;

interface Signing {
  one: Handover;
  act: Act;
  onEnd: (sent: Sent) => void;
  onClose: () => void;
}

function Sign({ one, act, onEnd, onClose }: Signing): JSX.Element {
  const { does, says, wants } = ACTS[act];
  const sign = (form: FormData): Write => {
    const text = String(form.get("said") ?? "").trim();
    const more = says && text ? { [says]: { set: text } } : {};
    const steps = [{ op: "update" as const, ...more, state: { do: act } }];
    return deeds({ dossier: one.dossier, record: one.id, version: one.version, what: say(does), steps });
  };
  return (
    <Filing title={say(does)} does={say(does)} onSay={sign} onEnd={onEnd} onClose={onClose}>
      {(act === "give" || act === "take") && <p>{say("signHint")}</p>}
      {wants && (
        <label class="field">
          <span>{say(wants)}</span>
          <textarea name="said" rows={3} maxLength={400} required={says !== "note"} />
        </label>
      )}
    </Filing>
  );
}

interface Proposing {
  site: Project;
  known: Colleague[];
  onEnd: (sent: Sent) => void;
  onClose: () => void;
}

function Propose({ site, known, onEnd, onClose }: Proposing): JSX.Element {
  const mine = site.officer !== null && site.officer === me()?.id;
  const [absence, setAbsence] = useState("");
  const [record] = useState(uuid7);
  const propose = (form: FormData): Write => {
    const said = (name: string): string => String(form.get(name) ?? "").trim();
    const about = { project: site.id, taker: said("taker"), reason: said("reason"), proposed_at: now() };
    const giver = site.officer ? { giver: { set: site.officer } } : {};
    const stays = said("stays") ? { stays: { set: true } } : {};
    const fields = Object.fromEntries(Object.entries(about).map(([name, value]) => [name, { set: value }]));
    const steps: Doing["steps"] = [{ op: "create", ...fields, ...giver, ...stays }];
    if (mine) steps.push({ op: "update", ...(said("note") && { note: { set: said("note") } }), state: { do: "give" } });
    else if (absence.trim()) steps.push({ op: "update", absence: { set: absence.trim() }, state: { do: "appoint" } });
    return deeds({ dossier: site.dossier, record, version: 0, what: say("handOver"), steps });
  };
  const title = say(site.officer ? "handOver" : "nameOfficer");
  const does = say(mine ? "signGive" : absence.trim() ? "signFor" : "propose");
  return (
    <Filing title={title} does={does} onSay={propose} onEnd={onEnd} onClose={onClose}>
      <p class="muted">{site.name}</p>
      <label class="field">
        <span>{say("whoTakes")}</span>
        <select name="taker" required>
          <option value="">—</option>
          {known
            .filter(({ id }) => id !== site.officer && (mine || id !== me()?.id))
            .map(({ id, name, title }) => (
              <option key={id} value={id}>
                {[name, title].filter(Boolean).join(" · ")}
              </option>
            ))}
        </select>
      </label>
      <label class="field">
        <span>{say("handReason")}</span>
        <input name="reason" required maxLength={400} />
      </label>
      {mine ? (
        <label class="field">
          <span>{say("handNote")}</span>
          <textarea name="note" rows={3} maxLength={2000} />
        </label>
      ) : (
        <label class="field">
          <span>{say("absence")}</span>
          <textarea
            rows={2}
            maxLength={400}
            required={!site.officer}
            value={absence}
            onInput={(event) => setAbsence(event.currentTarget.value)}
          />
          <small>{say(site.officer ? "absenceMay" : "absenceMust")}</small>
        </label>
      )}
      {site.officer && (
        <label class="tick">
          <input type="checkbox" name="stays" value="yes" />
          <span>{say("giverStays")}</span>
        </label>
      )}
    </Filing>
  );
}
