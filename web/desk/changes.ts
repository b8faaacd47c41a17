/** What the desk writes: steps and amendments at the routes that know them, every other change by the exchange. */

import { uuid7 } from "../sync/ids.ts";
import { get, patiently, type Said } from "./house.ts";

/** `faults`: what the exchange says beside it, where a change is invalid. */
export type Outcome = Said<"Outcome"> & { faults?: readonly { message: string }[] };
export type Fields = Record<string, unknown>;

export interface OnScreen {
  dossier: string;
  id: string;
  version: number;
}

/** A write, frozen at the press of the button: each repetition has the same bytes. */
export interface Written extends OnScreen {
  readonly body: { readonly fields: Fields; readonly change: string; readonly at: string; readonly atomic?: true };
}

/** A step and what is said with it are one deed: where the step is refused, nothing of it stays behind. */
const whole = (fields: Fields = {}): { atomic?: true } =>
  "state" in fields && Object.keys(fields).length > 1 ? { atomic: true } : {};

export const now = (): string => new Date().toISOString();

export const frozen = (seen: OnScreen, fields: Fields): Written =>
  Object.freeze({
    dossier: seen.dossier,
    id: seen.id,
    version: seen.version,
    body: Object.freeze({ fields, change: uuid7(), at: now(), ...whole(fields) }),
  });

/** A step, with a remark in the record's notes where there is one. */
export function step(seen: OnScreen, verb: string, note = "", said: Fields = {}): Written {
  const notes = note ? { notes: { append: [{ id: uuid7(), text: note }] } } : {};
  return frozen(seen, { state: { do: verb }, ...said, ...notes });
}

/** Bring a write in at its route, patiently: `/api/v1/issues` or `/api/v1/notices`. */
export const amend = <T>(collection: string, { id, dossier, version, body }: Written): Promise<T> =>
  patiently<T>(`${collection}/${id}?dossier=${encodeURIComponent(dossier)}`, {
    method: "PATCH",
    headers: { "If-Match": `"${version}"` },
    body,
  });

/** A change of the exchange (docs/protocol.md); `base` says what was on the screen. */
export interface Change {
  op: "create" | "update" | "delete" | "resolve";
  kind: string;
  record: string;
  version?: number;
  audience?: string;
  fields?: Fields;
  reason?: string;
}

interface Answered {
  push: { epoch?: number; outcomes?: Outcome[]; error?: string }[];
}

let serial = 0;
const epochs = new Map<string, number>();

export type Push = (dossier: string) => Promise<Outcome>;

/** A change as it is sent, however often and from whichever page. */
export type Made = Readonly<Change & { id: string; n: number; at: string; atomic?: true }>;

export const made = (said: Change): Made =>
  Object.freeze({ id: uuid7(), n: (serial += 1), at: now(), ...whole(said.op === "update" ? said.fields : {}), ...said });

/** A change made ready; sending it again sends the same change. */
export const change = (said: Change): Push => push(made(said));

export function push({ version, ...told }: Made): Push {
  return async (dossier) => {
    const schema = (await get<{ schema: { max: number } }>("/api/v1/config")).schema.max;
    for (;;) {
      const epoch = epochs.get(dossier) ?? 1;
      const based = told.op === "create" ? told : { ...told, base: { version: version ?? 0, epoch } };
      const body = { protocol: 1, schema, no: serial, push: [{ dossier, epoch, changes: [based] }] };
      const [group] = (await patiently<Answered>("/api/v1/exchange", { method: "POST", body })).push;
      if (group?.error === "epoch-changed" && group.epoch !== undefined && group.epoch !== epoch) {
        epochs.set(dossier, group.epoch); // a restore lies between: what is on the screen came after it
        continue;
      }
      const [outcome] = group?.outcomes ?? [];
      if (!outcome) throw new Error(group?.error ?? "no outcome");
      return outcome;
    }
  };
}
