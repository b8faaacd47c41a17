/** What the person sees: the server's state with the own unsettled changes replayed over it. */

import type { Change, Fields, Said } from "./change.ts";
import { KINDS } from "./kinds.ts";
import { type Body, firstBody, merge } from "./merge.ts";
import type { OutboxRow, ShadowRow, Tables } from "./tables.ts";

export interface Seen {
  dossier: string;
  record: string;
  kind: string;
  audience: string;
  /** The version of the server's state under it; 0 for what the server has not seen. */
  version: number;
  body: Body;
  /** How many own changes of it are not entered yet. */
  unsent: number;
}

export type Wanted = { dossier: string; kind?: string } | { kind: string };

/** Records by id, of a dossier, of a kind, or of both. */
export async function look(db: Tables, wanted: Wanted): Promise<Map<string, Seen>> {
  const [rows, waiting] = await Promise.all([shadowOf(db, wanted), unsettled(db)]);
  const fits = ({ dossier, change }: OutboxRow): boolean =>
    (!("dossier" in wanted) || wanted.dossier === dossier) && (!wanted.kind || wanted.kind === change.kind);
  return replayed(rows, waiting.filter(fits));
}

/** One record as the person sees it. */
export async function recordInView(db: Tables, dossier: string, record: string): Promise<Seen | undefined> {
  const [rows, waiting] = await Promise.all([
    db.shadow.where("[dossier+record]").equals([dossier, record]).toArray(),
    db.outbox.where("[dossier+record]").equals([dossier, record]).sortBy("n"),
  ]);
  return replayed(rows, waiting.filter(isUnsettled)).get(record);
}

const isUnsettled = ({ state }: OutboxRow): boolean => state === "new" || state === "acked";

const unsettled = (db: Tables): Promise<OutboxRow[]> => db.outbox.where("state").anyOf("new", "acked").sortBy("n");

function shadowOf(db: Tables, wanted: Wanted): Promise<ShadowRow[]> {
  if (!("dossier" in wanted)) return db.shadow.where("kind").equals(wanted.kind).toArray();
  const { dossier, kind } = wanted;
  if (kind) return db.shadow.where("[dossier+kind]").equals([dossier, kind]).toArray();
  return db.shadow.where("[dossier+audience]").between([dossier, ""], [dossier, "\uffff"]).toArray();
}

/** Rows and unsettled changes as one view. A record in two audiences at once shows the newer state. */
export function replayed(rows: ShadowRow[], waiting: OutboxRow[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const row of rows.sort((a, b) => a.epoch - b.epoch || a.version - b.version)) {
    const { dossier, record, kind, audience, version, body } = row;
    seen.set(record, { dossier, record, kind, audience, version, body, unsent: 0 });
  }
  for (const { dossier, change, state } of waiting) {
    replay(seen, dossier, change);
    const shown = seen.get(change.record);
    if (shown && state === "new") shown.unsent += 1;
  }
  return seen;
}

function replay(seen: Map<string, Seen>, dossier: string, change: Change): void {
  const kind = KINDS[change.kind];
  const { record, op } = change;
  const known = seen.get(record);
  const met = known !== undefined && kind?.meets === true;
  if (op === "create" && !met) {
    if (known || !kind) return;
    const body = firstBody(kind, change.fields ?? {}, "", change.at);
    seen.set(record, {
      dossier,
      record,
      kind: change.kind,
      audience: change.audience ?? "field",
      version: 0,
      body,
      unsent: 0,
    });
  } else if (op === "delete") {
    seen.delete(record);
  } else if (op === "resolve" && known) {
    seen.set(record, { ...known, body: { ...known.body, open: false } }); // what comes of it, the server says
  } else if (known && kind) {
    const said = Object.entries(change.fields ?? {});
    const fields: Fields = Object.fromEntries(
      said.filter(([name]: [string, Said]) => op !== "create" || !kind.fields[name]?.fixed),
    );
    const nobody = { written: {}, trunk: 0, device: "", actor: "", at: change.at };
    const { after } = merge({ kind, body: known.body, fields, ...nobody });
    const body = Object.fromEntries(Object.entries({ ...known.body, ...after }).filter(([, value]) => value !== null));
    seen.set(record, { ...known, body, audience: change.audience ?? known.audience });
  }
}
