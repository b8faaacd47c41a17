/** What somebody wants done to one record, as it goes over the line (docs/protocol.md, Push). */

import type { Value } from "./canonical.ts";

export type Said =
  { set: Value } | { add?: string[]; remove?: string[] } | { append: { id: string; text: string }[] } | { do: string };

export type Fields = Record<string, Said>;

/** The version on the screen when the person began, or, over own unsettled edits, the first one's base. */
export interface Base {
  version: number;
  epoch: number;
  after: string | null;
  shown?: { version: number; epoch: number; first: string };
}

export type Op = "create" | "update" | "delete" | "undelete" | "resolve";

export interface Change {
  id: string;
  n: number;
  op: Op;
  kind: string;
  record: string;
  at: string;
  audience?: string;
  base?: Base;
  fields?: Fields;
  reason?: string;
  clock?: { boot: string; ms: number };
  /** The device's signature over all of it (signatures.ts). */
  sig?: string;
}

/** Plain values as the fields of a change: what is `undefined` is not said, `null` empties. */
export function sets(values: Record<string, Value | undefined>): Fields {
  const fields: Fields = {};
  for (const [name, set] of Object.entries(values)) if (set !== undefined) fields[name] = { set };
  return fields;
}

/** Whether two changes of one record can be one: neither takes a step, moves it, or is anything but an edit. */
export function foldable(earlier: Change, later: Change): boolean {
  const plain = (change: Change): boolean => !Object.values(change.fields ?? {}).some((said) => "do" in said);
  const fits = (earlier.op === "create" || earlier.op === "update") && later.op === "update";
  return fits && later.audience === undefined && plain(earlier) && plain(later);
}

/** The earlier change with the later one folded in; the id stays, for nobody has heard of it yet. */
export function folded(earlier: Change, later: Change): Change {
  const fields: Fields = { ...earlier.fields };
  for (const [name, said] of Object.entries(later.fields ?? {})) {
    const before = fields[name];
    fields[name] = before === undefined ? said : both(before, said);
  }
  return { ...earlier, fields, at: later.at, ...(later.clock && { clock: later.clock }) };
}

function both(before: Said, after: Said): Said {
  if ("append" in before && "append" in after) return { append: [...before.append, ...after.append] };
  if (("add" in before || "remove" in before) && ("add" in after || "remove" in after)) {
    const without = (items: string[] | undefined, gone: string[] | undefined): string[] =>
      (items ?? []).filter((item) => !gone?.includes(item));
    const add = [...new Set([...without(before.add, after.remove), ...(after.add ?? [])])];
    const remove = [...new Set([...without(before.remove, after.add), ...(after.remove ?? [])])];
    return { ...(add.length && { add }), ...(remove.length && { remove }) };
  }
  return after;
}
