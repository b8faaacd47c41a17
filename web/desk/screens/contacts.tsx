/** Whom to call about a project (联系人): everybody is told 138****1234; officers ask for the number, and each look is noted. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { dial, normal, spaced } from "../../telephone.ts";
import { change } from "../changes.ts";
import { Became, Filing, type Sent, useWrites, type Write } from "../filing.tsx";
import { get, holds, type Said } from "../house.ts";
import { day, Named, today, Trouble } from "../marks.tsx";
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
  const writes = useWrites(onDone);
  const mine = holds(OFFICERS, site.dossier);
  const of = known.items.filter((one) => one.dossier === site.dossier);
  if (!of.length && !mine) return null;
  return (
    <details class="contacts">
      <summary>{say("contacts", { n: of.length })}</summary>
      <Became of={writes.last} again={writes.send} />
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
        <Ask was={asking === "new" ? null : asking} site={site} posts={known.roles} onEnd={writes.ended} onClose={() => setAsking(null)} />
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
  onEnd: (sent: Sent) => void;
  onClose: () => void;
}

/** A new one, or what changes of one. */
function Ask({ was, site, posts, onEnd, onClose }: Asking): JSX.Element {
  const [record] = useState(was?.id ?? uuid7());
  const said = (form: FormData): Write | string | null => {
    const values = Object.fromEntries(SAID.map((name) => [name, String(form.get(name) ?? "").trim()]));
    const typed = values.telephone ?? "";
    const number = typed ? normal(typed) : "";
    if (number === null) return say("telephoneWrong");
    const [from, to] = [values.valid_from ?? "", values.valid_to ?? ""];
    if (from && to && from > to) return word("why", "dates-reversed");
    const changed = Object.entries({ ...values, telephone: number }).filter(([name, value]) =>
      UNSEEN.includes(name) || !was ? value : value !== (was[name as keyof Contact] ?? ""),
    );
    const fields = Object.fromEntries(changed.map(([name, value]) => [name, { set: DAYS.includes(name) ? value || null : value }]));
    if (form.has("no_note")) fields.note = { set: "" };
    if (!Object.keys(fields).length) return null;
    const about = was ? ({ op: "update", version: was.version } as const) : ({ op: "create", audience: "officers" } as const);
    const push = change({ kind: "contact", record, fields, ...about });
    return { what: say("contact"), send: () => push(site.dossier) };
  };
  const title = say(was ? "amendContact" : "addContact");
  return (
    <Filing title={title} does={say("saveContact")} onSay={said} onEnd={onEnd} onClose={onClose}>
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
      {was && (
        <label class="tick">
          <input type="checkbox" name="no_note" value="yes" />
          <span>{say("emptyNote")}</span>
        </label>
      )}
    </Filing>
  );
}
