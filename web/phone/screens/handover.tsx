/** 项目交接: who answers for a site, and both signatures by which it goes to somebody else; all of it without a line. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { NOTICE_KINDS } from "../../papers.ts";
import type { components } from "../../sync/api.ts";
import { type Fields, sets } from "../../sync/change.ts";
import { look, type Seen } from "../../sync/view.ts";
import { atWork, roles, saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { day, moment, Section } from "../marks.tsx";
import { Dialog, Words } from "../parts.tsx";
import { issues, LEADERS, projectName, text, toSign } from "../reading.ts";
import { path } from "../route.ts";
import type { Table } from "../../terms.ts";
import { announce } from "../toast.ts";
import { type RoomWord, say } from "../room-words.ts";
import { said, word } from "../words.ts";

type Colleague = components["schemas"]["Colleague"];
interface Item {
  kind: string;
  record: string;
  title: string;
  due_on: string | null;
}

const COLLEAGUES = "officers"; // where the phone remembers who may take a site over
const me = (): string => atWork().user.id ?? "";
const waits = ({ body }: Seen): boolean => body.state === "proposed";
const leads = (dossier: string): boolean => roles(dossier).some((role) => LEADERS.includes(role));

async function colleagues(): Promise<Colleague[]> {
  return ((await atWork().replica.db.meta.get(COLLEAGUES))?.value as Colleague[] | undefined) ?? [];
}

/** Whom a site can go to, and what they are called: asked while there is a line, for when there is none. */
function useColleagues(): Colleague[] {
  useEffect(() => {
    const { line, replica } = atWork();
    const told = line.get<{ items?: Colleague[] }>("/api/v1/officers");
    void told.then(
      ({ items = [] }) => replica.db.meta.put({ key: COLLEAGUES, value: items }),
      () => {}, // what was told before is still there
    );
  }, []);
  return useLive(colleagues, []) ?? [];
}

const named = (known: Colleague[], id: unknown): string => known.find((one) => one.id === id)?.name ?? "—";

/** What this person is to sign, as the one or the other: on the first page. */
export function ToSign(): JSX.Element | null {
  const known = useColleagues();
  const found = useLive(
    async () => Promise.all((await toSign()).map(async (one) => ({ one, project: await projectName(one.dossier) }))),
    [],
  );
  if (!found?.length) return null;
  return (
    <Section title={say("toSign")}>
      <ul class="cards">
        {found.map(({ one: { dossier, record, body }, project }) => (
          <li key={record}>
            <a class="card" href={`#${path("projects", dossier)}`}>
              <b>{project}</b>
              <small>
                {named(known, body.giver)} → {named(known, body.taker)} · {text(body, "reason")}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** On the site's page: who answers for it, what waits for a signature, and who did before. */
export function Responsible({ site }: { site: Seen }): JSX.Element {
  const { dossier, record, body } = site;
  const known = useColleagues();
  const [proposing, setProposing] = useState(false);
  const found = useLive(
    async () =>
      [...(await look(atWork().replica.db, { dossier, kind: "handover" })).values()]
        .filter((one) => one.body.project === record)
        .sort((a, b) => (text(a.body, "since") < text(b.body, "since") ? 1 : -1)),
    [dossier, record],
  );
  const mine = body.officer === me();
  return (
    <Section title={say("officer")}>
      <p class="officer">
        <b>{body.officer ? named(known, body.officer) : say("nobodyYet")}</b>{" "}
        {body.officer_since && <small>{say("sinceDay", { at: day(text(body, "officer_since")) })}</small>}
      </p>
      <ul class="cards">
        {found?.filter(waits).map((one) => (
          <Waiting key={one.record} of={one} known={known} />
        ))}
      </ul>
      {(mine || leads(dossier)) && !found?.some(waits) && (
        <button type="button" onClick={() => setProposing(true)}>
          {say(body.officer ? "handOver" : "nameOfficer")}
        </button>
      )}
      {found && found.some(({ body: { state } }) => state === "done") && (
        <ol class="told">
          {found
            .filter((one) => one.body.state === "done")
            .map((one) => (
              <li key={one.record}>
                {named(known, one.body.taker)}{" "}
                <small>
                  {say("sinceDay", { at: day(text(one.body, "since")) })} · {text(one.body, "reason")}
                </small>
              </li>
            ))}
        </ol>
      )}
      {proposing && <Propose site={site} known={known} onClose={() => setProposing(false)} />}
    </Section>
  );
}

type Act = "give" | "take" | "appoint" | "refuse" | "withdraw" | "recall";
const ACTS: Readonly<
  Record<Act, { does: RoomWord; says?: "note" | "absence" | "refusal" | "recall"; wants?: RoomWord }>
> = {
  give: { does: "signGive", says: "note", wants: "handNote" },
  take: { does: "signTake" },
  appoint: { does: "signFor", says: "absence", wants: "absence" },
  refuse: { does: "refuseIt", says: "refusal", wants: "refusal" },
  withdraw: { does: "withdrawIt" },
  recall: { does: "recallIt", says: "recall", wants: "recall" },
};

/** What this person may do with it, as far as the phone knows: the house judges it again. */
function acts({ dossier, body }: Seen): Act[] {
  const can: Act[] = [];
  if (body.taker === me() && !body.taken_at) can.push("take", "refuse");
  if (body.giver === me() && !body.given_at) can.push("give");
  else if (!body.given_at && body.taker !== me() && leads(dossier)) can.push("appoint");
  const signers = body.appointed_by ? [body.appointed_by] : [body.giver, body.author];
  if (signers.includes(me())) can.push("withdraw");
  else if (![body.giver, body.taker].includes(me()) && leads(dossier)) can.push("recall");
  return can;
}

function Waiting({ of: one, known }: { of: Seen; known: Colleague[] }): JSX.Element {
  const [act, setAct] = useState<Act | null>(null);
  const { body } = one;
  const both = body.given_at && body.taken_at;
  return (
    <li class="card handover">
      <b>
        {named(known, body.giver)} → {named(known, body.taker)}
      </b>
      <small>{text(body, "reason")}</small>
      <dl>
        <Signature name="givenAt" at={text(body, "given_at")} />
        <Signature name="takenAt" at={text(body, "taken_at")} />
      </dl>
      {body.note && <p>{text(body, "note")}</p>}
      {body.absence && <p class="muted">{text(body, "absence")}</p>}
      <StillOpen of={one} />
      {both ? (
        <p class="notice">{say("bothSigned")}</p>
      ) : (
        <div class="menu">
          {acts(one).map((name) => (
            <button
              key={name}
              type="button"
              class={name === "give" || name === "take" ? "main" : "quiet"}
              onClick={() => setAct(name)}
            >
              {say(ACTS[name].does)}
            </button>
          ))}
        </div>
      )}
      {act && <Sign of={one} act={act} onClose={() => setAct(null)} />}
    </li>
  );
}

const Signature = ({ name, at }: { name: RoomWord; at: string }): JSX.Element => (
  <div>
    <dt>{say(name)}</dt>
    <dd>{at ? moment(at) : say("unsigned")}</dd>
  </div>
);

/** What is open: as it was kept with the giving side's signature, and until then as this phone knows it. */
function StillOpen({ of: { dossier, body } }: { of: Seen }): JSX.Element | null {
  const kept = body.open as unknown as Item[] | undefined;
  const counted = body.open_count as unknown as Record<string, number> | undefined;
  const here = useLive(async () => (kept ? [] : openHere(dossier)), [dossier, kept?.length]);
  const items = kept ?? here;
  if (!items) return null; // "0 still open" would be a lie while the phone still reads
  const n = counted ? Object.values(counted).reduce((sum, each) => sum + each, 0) : items.length;
  return (
    <details>
      <summary>{say("stillOpen", { n })}</summary>
      <ul class="told">
        {items.map((item) => (
          <li key={item.record}>
            {titleOf(item)}{" "}
            <small>
              {word("kind", item.kind)}
              {item.due_on && ` · ${day(item.due_on)}`}
            </small>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A paper without a number yet, and a visit, bear the code of their sort. */
function titleOf({ kind, title }: Item): string {
  if (kind === "assignment") return word("inspection_type", title);
  const paper = kind === "notice" && (NOTICE_KINDS as Table)[title];
  return paper ? said(paper) : title;
}

async function openHere(dossier: string): Promise<Item[]> {
  const visits = [...(await look(atWork().replica.db, { dossier, kind: "assignment" })).values()];
  const found = [
    ...(await issues())
      .filter((line) => line.dossier === dossier && !line.over)
      .map(({ record, title, due }) => ({ kind: "issue", record, title, due_on: due ?? null })),
    ...visits
      .filter(({ body }) => body.state === "open")
      .map(({ record, body }) => ({
        kind: "assignment",
        record,
        title: text(body, "inspection_type"),
        due_on: text(body, "due_on"),
      })),
  ];
  return found.sort((a, b) => ((a.due_on ?? "9999") < (b.due_on ?? "9999") ? -1 : 1));
}

function Sign({ of: one, act, onClose }: { of: Seen; act: Act; onClose: () => void }): JSX.Element {
  const [said, setSaid] = useState("");
  const { does, says, wants } = ACTS[act];
  const lacks = says !== undefined && says !== "note" && !said.trim();
  const sign = async (): Promise<void> => {
    const more = says && said.trim() ? sets({ [says]: said.trim() }) : {};
    await saving((replica) => replica.update(one.dossier, one.record, { ...more, state: { do: act } }));
    announce(say("saved"));
    onClose();
  };
  return (
    <Dialog title={say(does)} onClose={onClose}>
      {(act === "give" || act === "take") && <p>{say("signHint")}</p>}
      {wants && <Words label={say(wants)} value={said} rows={3} most={says === "note" ? 2000 : 400} onSay={setSaid} />}
      <Ends onClose={onClose} does={say(does)} lacks={lacks} act={sign} />
    </Dialog>
  );
}

function Propose({ site, known, onClose }: { site: Seen; known: Colleague[]; onClose: () => void }): JSX.Element {
  const giver = text(site.body, "officer");
  const mine = giver === me();
  const [values, setValues] = useState<Record<string, string>>({ taker: "", reason: "", note: "", absence: "" });
  const [stays, setStays] = useState(false);
  const put = (name: string) => (value: string) => setValues({ ...values, [name]: value });
  const { taker = "", reason = "", note = "", absence = "" } = values;
  const lacks = !taker || !reason.trim() || (!giver && !absence.trim());
  const propose = async (): Promise<void> => {
    await saving((replica) =>
      replica.together(async () => {
        const about = { project: site.record, taker, reason: reason.trim(), proposed_at: replica.stamp() };
        const fields: Fields = sets({ ...about, giver: giver || undefined, stays: stays || undefined });
        const made = await replica.create(site.dossier, "handover", fields, { audience: "office" });
        if (mine) {
          const more = note.trim() ? sets({ note: note.trim() }) : {};
          await replica.update(site.dossier, made, { ...more, state: { do: "give" } });
        } else if (absence.trim()) {
          await replica.update(site.dossier, made, { ...sets({ absence: absence.trim() }), state: { do: "appoint" } });
        }
      }),
    );
    announce(say("saved"));
    onClose();
  };
  return (
    <Dialog title={say(giver ? "handOver" : "nameOfficer")} onClose={onClose}>
      <label class="field">
        <span>{say("whoTakes")}</span>
        <select value={taker} onChange={(event) => put("taker")(event.currentTarget.value)}>
          <option value="">—</option>
          {known
            .filter(({ id }) => id !== giver && (mine || id !== me()))
            .map(({ id, name, title }) => (
              <option key={id} value={id}>
                {[name, title].filter(Boolean).join(" · ")}
              </option>
            ))}
        </select>
      </label>
      {!known.length && <p class="muted">{say("noColleagues")}</p>}
      <Words label={say("reason")} value={reason} most={400} onSay={put("reason")} />
      {mine && <Words label={say("handNote")} value={note} rows={3} most={2000} onSay={put("note")} />}
      {!mine && (
        <>
          <Words label={say("absence")} value={absence} rows={2} most={400} onSay={put("absence")} />
          <p class="muted">{say(giver ? "absenceMay" : "absenceMust")}</p>
        </>
      )}
      {giver && (
        <label class="tick">
          <input type="checkbox" checked={stays} onChange={(event) => setStays(event.currentTarget.checked)} />
          <span>{say("giverStays")}</span>
        </label>
      )}
      <Ends
        onClose={onClose}
        does={say(mine ? "signGive" : absence.trim() ? "signFor" : "propose")}
        lacks={lacks}
        act={propose}
      />
    </Dialog>
  );
}

function Ends(given: { onClose: () => void; does: string; lacks: boolean; act: () => Promise<void> }): JSX.Element {
  const [busy, setBusy] = useState(false); // a second tap is no second signature
  const once = (): void => {
    setBusy(true);
    void given
      .act()
      .catch(tell)
      .finally(() => setBusy(false));
  };
  return (
    <div class="menu">
      <button type="button" onClick={given.onClose}>
        {say("cancel")}
      </button>
      <button type="button" class="main" disabled={given.lacks || busy} onClick={once}>
        {given.does}
      </button>
    </div>
  );
}
