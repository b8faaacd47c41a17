/** Whom to call about a project (联系人): everybody is told 138****1234; officers ask for the number, and each look is noted. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { dial, normal, spaced } from "../../telephone.ts";
import { change, type Fields, type Outcome } from "../changes.ts";
import { get, holds, type Said } from "../house.ts";
import { day, Dialog, Ends, Named, today, Trouble, Verdict } from "../marks.tsx";
import { language, say, word } from "../words.ts";

type Contact = Said<"Contact">;
type Post = Said<"ContactRole">;
type Project = Said<"Project">;
export interface Known {
  items: Contact[];
  roles: Post[];
}

const OFFICERS = ["inspector", "supervisor", "director"];
const SAID = ["name", "organisation", "role", "telephone", "valid_from", "valid_to", "note"] as const;
const UNSEEN: readonly string[] = ["telephone", "note"]; // no list tells them: nothing typed leaves them as they are
const DAYS: readonly string[] = ["valid_from", "valid_to"];

/** All of them, of however many pages, with the posts of today. */
export async function contacts(dossier: string | undefined, signal: AbortSignal): Promise<Known> {
  const page = (next: string): Promise<Said<"Contacts">> =>
    get(`/api/v1/contacts?${new URLSearchParams({ limit: "200", ...(dossier && { dossier }), ...(next && { page: next }) })}`, signal);
  const told = await page("");
  for (let { next } = told; next; ) {
    const more = await page(next);
    told.items.push(...more.items);
    next = more.next;
  }
  return told;
}

const titled = (posts: Post[], code: string): string => {
  const post = posts.find((one) => one.code === code);
  return (language.value === "en" ? post?.en : post?.name) ?? code;
};

/** The posts of today, and the one that is held: named no more, it is not to become another by an amendment of the rest. */
const offered = (posts: Post[], held: string | undefined): string[] => [
  ...new Set([...posts.map(({ code }) => code), ...(held ? [held] : [])]),
];

interface Whose {
  site: Project;
  known: Known;
  onDone: () => void;
}

/** What one project has: a line each, and what an officer does with it. */
export function Contacts({ site, known, onDone }: Whose): JSX.Element | null {
  const [asking, setAsking] = useState<Contact | "new" | null>(null);
  const [told, setTold] = useState<{ outcome?: Outcome; wrong?: unknown } | null>(null);
  const mine = holds(OFFICERS, site.dossier);
  const of = known.items.filter((one) => one.dossier === site.dossier);
  if (!of.length && !mine) return null;
  const write = async (record: string, said: Fields, version: number | null): Promise<void> => {
    setAsking(null);
    try {
      const about = version === null ? ({ op: "create", audience: "officers" } as const) : ({ op: "update", version } as const);
      setTold({ outcome: await change({ kind: "contact", record, fields: said, ...about })(site.dossier) });
    } catch (wrong) {
      setTold({ wrong });
    }
    onDone();
  };
  return (
    <details class="contacts">
      <summary>{say("contacts", { n: of.length })}</summary>
      {told?.outcome && <Verdict outcome={told.outcome} what={say("contact")} />}
      <Trouble wrong={told?.wrong} />
      <ul>
        {of.map((one) => (
          <li key={one.id} class={one.valid_to && one.valid_to < today() ? "thin" : ""}>
            <strong>{one.name}</strong> {titled(known.roles, one.role)} ·{" "}
            <Named code={one.organisation} name={one.organisation_name} />{" "}
            {one.valid_to && <small>{say("untilDay", { at: day(one.valid_to) })} </small>}
            <Number of={one} mine={mine} />
            {mine && (
              <button type="button" class="quiet" onClick={() => setAsking(one)}>
                {say("amendContact")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {mine && (
        <button type="button" onClick={() => setAsking("new")}>
          {say("addContact")}
        </button>
      )}
      {asking && (
        <Ask was={asking === "new" ? null : asking} site={site} posts={known.roles} onSay={write} onClose={() => setAsking(null)} />
      )}
    </details>
  );
}

/** Its ends; whole for an officer who asks, until the line is drawn anew. */
function Number({ of: { id, dossier, hint, version }, mine }: { of: Contact; mine: boolean }): JSX.Element {
  const [shown, setShown] = useState<{ version: number; number: string; note: string | null } | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const ask = (): void => {
    setWrong(null);
    get<Said<"WholeContact">>(`/api/v1/contacts/${id}?dossier=${encodeURIComponent(dossier)}`).then(
      (told) => setShown({ version: told.version, number: told.telephone, note: told.note }),
      setWrong,
    );
  };
  const whole = shown?.version === version ? shown : null;
  const to = whole && dial(whole.number);
  return (
    <span class="number">
      {whole && to ? <a href={to}>{spaced(whole.number)}</a> : (hint ?? "—")}
      {whole?.note && <small> {whole.note}</small>}
      {mine && hint && !whole && (
        <button type="button" class="quiet" title={say("lookNoted")} onClick={ask}>
          {say("showNumber")}
        </button>
      )}
      <Trouble wrong={wrong} again={ask} />
    </span>
  );
}

interface Asking {
  was: Contact | null;
  site: Project;
  posts: Post[];
  onSay: (record: string, said: Fields, version: number | null) => Promise<void>;
  onClose: () => void;
}

/** A new one, or what changes of one. */
function Ask({ was, site, posts, onSay, onClose }: Asking): JSX.Element {
  const [wrong, setWrong] = useState<string | null>(null);
  const said = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const values = Object.fromEntries(SAID.map((name) => [name, String(form.get(name) ?? "").trim()]));
    const typed = values.telephone ?? "";
    const number = typed ? normal(typed) : "";
    if (number === null) return setWrong(say("telephoneWrong"));
    const [from, to] = [values.valid_from ?? "", values.valid_to ?? ""];
    if (from && to && from > to) return setWrong(word("why", "dates-reversed"));
    const changed = Object.entries({ ...values, telephone: number }).filter(([name, value]) =>
      UNSEEN.includes(name) || !was ? value : value !== (was[name as keyof Contact] ?? ""),
    );
    const fields = Object.fromEntries(changed.map(([name, value]) => [name, { set: DAYS.includes(name) ? value || null : value }]));
    if (!changed.length) return onClose();
    void onSay(was?.id ?? uuid7(), fields, was?.version ?? null);
  };
  return (
    <Dialog title={say(was ? "amendContact" : "addContact")} onClose={onClose}>
      <form onSubmit={said}>
        <p class="muted">{site.name}</p>
        <label class="field">
          <span>{say("contactName")}</span>
          <input name="name" required maxLength={40} defaultValue={was?.name ?? ""} />
        </label>
        <label class="field">
          <span>{say("contactOf")}</span>
          <input name="organisation" required maxLength={40} defaultValue={was?.organisation ?? site.contractor ?? ""} />
        </label>
        <label class="field">
          <span>{say("contactRole")}</span>
          <select name="role" required>
            {offered(posts, was?.role).map((code) => (
              <option key={code} value={code} selected={code === was?.role}>
                {titled(posts, code)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{say("telephone")}</span>
          <input name="telephone" type="tel" required={!was} maxLength={40} placeholder={was?.hint ?? ""} />
        </label>
        <label class="field">
          <span>{say("contactFrom")}</span>
          <input name="valid_from" type="date" defaultValue={was?.valid_from ?? ""} />
        </label>
        <label class="field">
          <span>{say("contactTo")}</span>
          <input name="valid_to" type="date" defaultValue={was?.valid_to ?? ""} />
        </label>
        <label class="field">
          <span>{say("contactNote")}</span>
          <input name="note" maxLength={400} placeholder={was ? say("leftAsIs") : ""} />
        </label>
        {wrong && (
          <p class="notice wrong" role="alert">
            {wrong}
          </p>
        )}
        <Ends onCancel={onClose}>
          <button class="main">{say("saveContact")}</button>
        </Ends>
      </form>
    </Dialog>
  );
}
