/** Who wrote what: asked of the house while there is a line, remembered for when there is none. */

import type { components } from "../sync/api.ts";
import type { Body } from "../sync/merge.ts";
import type { HttpLine } from "../sync/line.ts";
import type { Replica } from "../sync/replica.ts";
import { NAMES, TRACES } from "../sync/tables.ts";
import { look } from "../sync/view.ts";

type History = components["schemas"]["History"];

export interface Trace {
  id: string;
  name: string | null;
  at: string;
}

export interface Question {
  mode: "review" | "info";
  current: { value: Body[string]; seq: number };
  candidates: { value: Body[string]; change: string; actor: string; device: string; at: string }[];
  overwritten?: { value: Body[string]; seq: number }[];
}

export const questions = (body: Body): Record<string, Question> =>
  (body.fields ?? {}) as unknown as Record<string, Question>;

const keyOf = (dossier: string, seq: number): string => `${TRACES}${dossier}:${seq}`;
const nameOf = (person: string): string => `${NAMES}${person}`;

/** After a sync: for each open conflict, who wrote the values that stand against each other. */
export async function rememberAuthors(replica: Replica, line: HttpLine): Promise<void> {
  for (const { dossier, body } of (await look(replica.db, { kind: "conflict" })).values()) {
    if (!body.open || dossier.startsWith("person:")) continue;
    const fields = Object.values(questions(body));
    const seqs = fields.flatMap(({ current, overwritten }) => [
      current.seq,
      ...(overwritten ?? []).map((one) => one.seq),
    ]);
    const known = await replica.db.meta.bulkGet(seqs.map((seq) => keyOf(dossier, seq)));
    if (known.every(Boolean)) continue;
    try {
      const target = String(body.target);
      const where = `/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${target}/history`;
      await remember(replica, dossier, await line.get<History>(where));
    } catch {
      return; // names can wait: the values are here
    }
  }
}

async function remember(replica: Replica, dossier: string, history: History): Promise<void> {
  for (const { seq, who, captured_at: at } of history.items ?? []) {
    const trace: Trace = { id: who?.id ?? "", name: who?.name ?? null, at: at ?? "" };
    await replica.db.meta.put({ key: keyOf(dossier, seq ?? 0), value: trace });
    if (trace.name) await replica.db.meta.put({ key: nameOf(trace.id), value: trace.name });
  }
}

export async function traceOf(replica: Replica, dossier: string, seq: number): Promise<Trace | null> {
  return ((await replica.db.meta.get(keyOf(dossier, seq)))?.value as Trace | undefined) ?? null;
}

export async function personName(replica: Replica, person: string): Promise<string | null> {
  return ((await replica.db.meta.get(nameOf(person)))?.value as string | undefined) ?? null;
}
