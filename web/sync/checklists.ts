/** Which checklists are used on a day, and which of them somebody uses where they go. */

import type { Body } from "./merge.ts";

interface Holding {
  record: string;
  body: Body;
}

const said = ({ body }: Holding, name: string): string =>
  typeof body[name] === "string" ? (body[name] as string) : "";

/** Of each code the newest edition that is published and holds on `day` (an ISO date, both ends included), by code. */
export function inUse<T extends Holding>(editions: Iterable<T>, day: string): T[] {
  const newest = new Map<string, T>();
  for (const one of editions) {
    const [from, to] = [said(one, "valid_from"), said(one, "valid_to")];
    if (one.body.state !== "published" || from > day || (to && to < day)) continue;
    const known = newest.get(said(one, "code"));
    if (!known || Number(one.body.edition) > Number(known.body.edition)) newest.set(said(one, "code"), one);
  }
  return [...newest.values()].sort((a, b) => (said(a, "code") < said(b, "code") ? -1 : 1));
}

/** The code by which a person visited last; of an older edition too. Undefined where they never did, by a known one. */
export function lastCode(
  visits: Iterable<Holding>,
  editions: ReadonlyMap<string, Holding>,
  person: string,
): string | undefined {
  const theirs = [...visits].filter(({ body }) => Array.isArray(body.officers) && body.officers.includes(person));
  const newestFirst = theirs.sort((a, b) => Date.parse(said(b, "arrived_at")) - Date.parse(said(a, "arrived_at")));
  const used = newestFirst.map((visit) => editions.get(said(visit, "checklist"))).find((edition) => edition);
  return used && said(used, "code");
}
