/** Whom to call about a site (联系人), with one tap and without a line; entered and amended here, as a draft first. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { sets } from "../../sync/change.ts";
import { organisationId } from "../../sync/ids.ts";
import type { DraftRow } from "../../sync/tables.ts";
import { look, type Seen } from "../../sync/view.ts";
import { dial, normal, spaced } from "../../telephone.ts";
import { begin, keep, settled } from "../drafts.ts";
import { atWork, roles, saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { day, Section, today } from "../marks.tsx";
import { Dialog, Words } from "../parts.tsx";
import { organisationName, text } from "../reading.ts";
import { go, path, query, route } from "../route.ts";
import { say } from "../room-words.ts";
import { announce } from "../toast.ts";
import { why } from "../why.ts";
import { language } from "../words.ts";
import { Named } from "./projects.tsx";

const OFFICERS = ["inspector", "supervisor", "director"];
const PARTIES = ["contractor", "supervision_firm", "client", "street"];
const SAID = ["name", "organisation", "role", "telephone", "valid_from", "valid_to", "note"] as const;
const NEEDED: readonly string[] = ["name", "organisation", "role", "telephone"];
const CODE = /^([0-9A-HJ-NPQRTUWXY]{18}|[0-9]{9}|[a-z][a-z0-9-]{1,38})$/; // server/organisations

interface Post {
  code: string;
  name: string;
  en: string;
}

/** The posts of today, as the provision in force names them. */
async function postsOfToday(): Promise<Post[]> {
  const held = [...(await look(atWork().replica.db, { kind: "provision" })).values()]
    .map(({ body }) => body)
    .filter((body) => body.code === "contact.roles" && text(body, "valid_from") <= today())
    .filter((body) => !body.valid_to || text(body, "valid_to") >= today())
    .sort((a, b) => (text(a, "valid_from") < text(b, "valid_from") ? 1 : -1));
  return (held[0]?.value as unknown as { roles: Post[] } | undefined)?.roles ?? [];
}

const titled = (posts: Post[], code: string): string => {
  const post = posts.find((one) => one.code === code);
  return (language.value === "en" ? post?.en : post?.name) ?? code;
};
const over = ({ body }: Seen): boolean => text(body, "valid_to") !== "" && text(body, "valid_to") < today();

/** Under the parties on the site's page, for who acts on the site: nobody else's phone has them. */
export function Contacts({ site }: { site: Seen }): JSX.Element | null {
  const { dossier } = site;
  const posts = useLive(postsOfToday, []) ?? [];
  const found = useLive(
    async () => [...(await look(atWork().replica.db, { dossier, kind: "contact" })).values()],
    [dossier],
  );
  const asked = query(route.value).get("contact");
  const here = path("projects", dossier);
  if (!found || !roles(dossier).some((role) => OFFICERS.includes(role))) return null;
  const rank = ({ body }: Seen): number => posts.findIndex(({ code }) => code === body.role) + 1 || posts.length + 1;
  const sorted = found.sort((a, b) => rank(a) - rank(b) || text(a.body, "name").localeCompare(text(b.body, "name")));
  const past = sorted.filter(over);
  const ask = (draft: DraftRow): Promise<void> => keep(draft).then(() => go(draft.route));
  return (
    <Section title={say("contactsHere")}>
      {!found.length && <p class="muted">{say("noContacts")}</p>}
      <ul class="cards">
        {sorted
          .filter((one) => !over(one))
          .map((one) => (
            <Card key={one.record} of={one} posts={posts} onEdit={() => void edited(one).then(ask, tell)} />
          ))}
      </ul>
      {past.length > 0 && (
        <details>
          <summary>{say("pastContacts", { n: past.length })}</summary>
          <ul class="told">
            {past.map((one) => (
              <li key={one.record}>
                {text(one.body, "name")}{" "}
                <small>
                  {titled(posts, text(one.body, "role"))} · {say("untilDay", { at: day(text(one.body, "valid_to")) })}
                </small>
              </li>
            ))}
          </ul>
        </details>
      )}
      <button type="button" onClick={() => void ask(begun(dossier)).catch(tell)}>
        {say("addContact")}
      </button>
      {asked && <Asked key={asked} id={asked} site={site} posts={posts} onClose={() => go(here, true)} />}
    </Section>
  );
}

/** The page comes back with its draft, however it was left. */
function routed(draft: DraftRow, dossier: string): DraftRow {
  return { ...draft, route: `${path("projects", dossier)}?contact=${draft.id}` };
}

const begun = (dossier: string): DraftRow => routed(begin("contact", { dossier }), dossier);

/** The draft of an edit: the one that was begun, or a new one. Under an id of its own, for the record's is taken. */
async function edited({ dossier, record }: Seen): Promise<DraftRow> {
  const drafts = await atWork().replica.db.drafts.where("kind").equals("contact").toArray();
  const known = drafts.find(({ values }) => values.record === record);
  return known ?? routed(begin("contact", { dossier, record }), dossier);
}

function Card({ of: { body, unsent }, posts, onEdit }: { of: Seen; posts: Post[]; onEdit: () => void }): JSX.Element {
  const telephone = text(body, "telephone");
  const to = dial(telephone);
  return (
    <li class="card contact">
      <b>{text(body, "name")}</b>
      <small>
        {titled(posts, text(body, "role"))} · <Named code={text(body, "organisation")} />
        {unsent > 0 && ` · ${say("waitsForLine")}`}
      </small>
      {text(body, "note") && <small>{text(body, "note")}</small>}
      {to ? (
        <a
          class="button main call"
          href={to}
          aria-label={say("call", { who: text(body, "name"), number: spaced(telephone) })}
        >
          {spaced(telephone)}
        </a>
      ) : (
        <small>{telephone}</small>
      )}
      <button type="button" class="quiet" onClick={onEdit}>
        {say("edit")}
      </button>
    </li>
  );
}

interface Asking {
  site: Seen;
  posts: Post[];
  onClose: () => void;
}

/** The draft that the address names; none where it was saved or dropped meanwhile. */
function Asked({ id, ...rest }: Asking & { id: string }): JSX.Element | null {
  const draft = useLive(async () => (await atWork().replica.db.drafts.get(id)) ?? null, [id]);
  const was = useLive(async () => {
    const record = draft && text(draft.values, "record");
    if (!record) return null;
    return (await look(atWork().replica.db, { dossier: rest.site.dossier, kind: "contact" })).get(record) ?? null;
  }, [draft?.id]);
  useEffect(() => {
    if (draft === null) rest.onClose();
  }, [draft === null]);
  if (!draft || was === undefined) return null;
  if (draft.values.record && !was) return <Gone draft={draft} onClose={rest.onClose} />;
  return <Form draft={draft} was={was} {...rest} />;
}

/** An edit of what is here no more: what was typed can be read, and put away. */
function Gone({ draft, onClose }: { draft: DraftRow; onClose: () => void }): JSX.Element {
  const drop = (): Promise<void> => atWork().replica.discard(draft).then(onClose);
  const typed = SAID.map((name) => text(draft.values, name)).filter(Boolean);
  return (
    <Dialog title={say("editContact")} onClose={onClose}>
      <p class="notice">{say("gone")}</p>
      <p>{typed.join(" · ")}</p>
      <div class="menu">
        <button type="button" class="quiet" onClick={() => void drop().catch(tell)}>
          {say("discard")}
        </button>
        <button type="button" onClick={onClose}>
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}

function Form({
  draft: first,
  was,
  site,
  posts,
  onClose,
}: Asking & { draft: DraftRow; was: Seen | null }): JSX.Element {
  const [draft, setDraft] = useState(first);
  const latest = useRef(first);
  latest.current = draft;
  useEffect(
    () => () => {
      if (!SAID.some((name) => name in latest.current.values))
        void atWork().replica.discard(latest.current).catch(tell);
    },
    [],
  );
  const [busy, setBusy] = useState(false);
  const at = (name: string): string =>
    typeof draft.values[name] === "string" ? text(draft.values, name) : text(was?.body ?? {}, name);
  const put =
    (name: string) =>
    (value: string): void => {
      if (busy) return; // it is being saved: a letter more would bring the draft back
      const next = { ...draft, values: { ...draft.values, [name]: value } };
      setDraft(next);
      keep(next).catch(() => {}); // said by drafts.ts
    };
  const telephone = at("telephone");
  const kept = telephone === text(was?.body ?? {}, "telephone") ? telephone : normal(telephone);
  const [from, to] = [at("valid_from"), at("valid_to")];
  const faults = [
    telephone.trim() && kept === null && say("telephoneWrong"),
    from && to && from > to && why("dates-reversed"),
    at("organisation") && !CODE.test(at("organisation")) && why("code-invalid"),
  ].filter(Boolean);
  // A post that is named no more shows as what it is, until somebody chooses another.
  const codes = [...new Set([...posts.map(({ code }) => code), at("role")])].filter(Boolean);
  const lacks = faults.length > 0 || NEEDED.some((name) => !at(name).trim());
  const drop = (): Promise<void> => atWork().replica.discard(draft).then(onClose);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await settled();
      await save(draft, was, {
        ...Object.fromEntries(SAID.map((name) => [name, at(name).trim()])),
        telephone: kept ?? "",
      });
      announce(say("saved"));
      onClose();
    } catch (wrong) {
      tell(wrong);
      setBusy(false);
    }
  };
  // A draft may lie for days: what stands now shows beside what is typed here.
  const now = (name: string): string | undefined => {
    const is = was ? text(was.body, name) : "";
    return was && is !== at(name) ? say("nowReads", { is: is || "—" }) : undefined;
  };
  return (
    <Dialog title={say(was ? "editContact" : "addContact")} onClose={onClose}>
      <Words label={say("contactName")} value={at("name")} most={40} onSay={put("name")} />
      <Organisation site={site} value={at("organisation")} onSay={put("organisation")} />
      <label class="field">
        <span>{say("post")}</span>
        <select value={at("role")} onChange={(event) => put("role")(event.currentTarget.value)}>
          <option value="">—</option>
          {codes.map((code) => (
            <option key={code} value={code}>
              {titled(posts, code)}
            </option>
          ))}
        </select>
      </label>
      {!posts.length && <p class="muted">{say("noPosts")}</p>}
      <label class="field">
        <span>{say("telephone")}</span>
        <input
          type="tel"
          inputMode="tel"
          maxLength={40}
          value={telephone}
          onInput={(event) => put("telephone")(event.currentTarget.value)}
        />
      </label>
      {now("telephone") && <small class="muted">{now("telephone")}</small>}
      <Day label={say("validFrom")} value={from} onSay={put("valid_from")} />
      <Day label={say("validTo")} value={to} onSay={put("valid_to")} />
      <Words label={say("contactNote")} value={at("note")} rows={2} most={400} onSay={put("note")} />
      {faults.map((fault) => (
        <p key={fault} class="notice wrong" role="alert">
          {fault}
        </p>
      ))}
      <div class="menu">
        <button type="button" class="quiet" onClick={() => void drop().catch(tell)}>
          {say("discard")}
        </button>
        <button type="button" onClick={onClose}>
          {say("close")}
        </button>
        <button type="button" class="main" disabled={lacks || busy} onClick={() => void send()}>
          {say("save")}
        </button>
      </div>
    </Dialog>
  );
}

const Day = ({ label, value, onSay }: { label: string; value: string; onSay: (day: string) => void }): JSX.Element => (
  <label class="field">
    <span>{label}</span>
    <input type="date" value={value} onInput={(event) => onSay(event.currentTarget.value)} />
  </label>
);

/** For whom: one of the site's parties, or any other by its code. */
function Organisation({
  site,
  value,
  onSay,
}: {
  site: Seen;
  value: string;
  onSay: (code: string) => void;
}): JSX.Element {
  const parties = PARTIES.map((name) => text(site.body, name)).filter(Boolean);
  const [other, setOther] = useState(value !== "" && !parties.includes(value));
  const names = useLive(
    async () =>
      new Map(
        await Promise.all(
          parties.map(async (code) => [code, await organisationName(await organisationId(code))] as const),
        ),
      ),
    [parties.join()],
  );
  useEffect(() => {
    if (!parties.length) setOther(true);
  }, [parties.length]);
  const choose = (code: string): void => {
    setOther(code === "other");
    onSay(code === "other" ? "" : code);
  };
  return (
    <>
      <label class="field">
        <span>{say("whose")}</span>
        <select value={other ? "other" : value} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">—</option>
          {parties.map((code) => (
            <option key={code} value={code}>
              {names?.get(code) ?? code}
            </option>
          ))}
          <option value="other">{say("otherFirm")}</option>
        </select>
      </label>
      {other && <Words label={say("itsCode")} value={value} most={40} onSay={(code) => onSay(code.trim())} />}
    </>
  );
}

/** The record and the end of the draft: one transaction. Of an edit only what the person has changed. */
async function save(draft: DraftRow, was: Seen | null, said: Record<string, string>): Promise<void> {
  await saving((replica) =>
    replica.together(async () => {
      const dossier = text(draft.values, "dossier");
      if (was) {
        const changed = Object.entries(said).filter(
          ([name, value]) => name in draft.values && value !== text(was.body, name),
        );
        const fields = Object.fromEntries(changed.map(([name, value]) => [name, value === "" ? null : value]));
        if (changed.length) await replica.update(dossier, was.record, sets(fields));
      } else {
        const fields = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ""));
        // By the draft's own id: one that comes back out of a file (carried.ts) is known to be saved.
        await replica.create(dossier, "contact", sets(fields), { record: draft.id, audience: "officers" });
      }
      await replica.db.drafts.delete(draft.id);
    }),
  );
}
