/** What one edition of a checklist changed against another: by section, form and item, as their codes name them. */

import type { Content } from "./checklist.ts";

export interface Difference {
  /** Codes of section, form, item, as deep as it lies; empty for what is said of the whole. */
  place: readonly string[];
  /** A column that says something else; else what was added, taken out, or put into another order. */
  what: "added" | "removed" | "order" | { column: string };
  before: string;
  after: string;
}

interface Part {
  place: readonly string[];
  title: string;
  columns: Map<string, string>;
  /** Codes of what lies in it, in order. */
  within: readonly string[];
}

const LISTS = ["sections", "forms", "items"] as const;
const NAMES = ["code", "edition", "state"]; // which they are, not what they say

/** A value as a person compares it; empty for what is not said. */
function told(value: unknown): string {
  if (value === undefined || value === null || value === false) return "";
  if (value === true) return "✓";
  return typeof value === "object" ? Object.values(value).map(told).filter(Boolean).join(" · ") : String(value);
}

function partsOf(node: object, place: readonly string[] = []): Part[] {
  const said = new Map(Object.entries(node));
  const list = LISTS.find((name) => Array.isArray(said.get(name)));
  const inner = (list ? said.get(list) : []) as { code: string }[];
  const columns = new Map([...said].filter(([name]) => name !== list && !NAMES.includes(name)).map(([name, value]) => [name, told(value)]));
  const own: Part = { place, title: told(said.get("title")), columns, within: inner.map(({ code }) => code) };
  return [own, ...inner.flatMap((one) => partsOf(one, [...place, one.code]))];
}

const keyed = (parts: readonly Part[]): Map<string, Part> => new Map(parts.map((part) => [JSON.stringify(part.place), part]));

/** In the order of `after`; what was taken out comes last. Of what was added or taken out, its parts are not said again. */
export function differences(before: Content, after: Content): Difference[] {
  const [was, is] = [keyed(partsOf(before)), keyed(partsOf(after))];
  const found: Difference[] = [];
  for (const [key, part] of is) {
    const old = was.get(key);
    if (old) found.push(...changed(old, part));
    else if (was.has(above(part))) found.push({ place: part.place, what: "added", before: "", after: part.title });
  }
  for (const [key, part] of was) {
    if (!is.has(key) && is.has(above(part))) found.push({ place: part.place, what: "removed", before: part.title, after: "" });
  }
  return found;
}

const above = ({ place }: Part): string => JSON.stringify(place.slice(0, -1));

function changed(old: Part, part: Part): Difference[] {
  const { place } = part;
  const found: Difference[] = [];
  for (const column of new Set([...old.columns.keys(), ...part.columns.keys()])) {
    const [before, after] = [old.columns.get(column) ?? "", part.columns.get(column) ?? ""];
    if (before !== after) found.push({ place, what: { column }, before, after });
  }
  const [then, now] = [old.within.filter((code) => part.within.includes(code)), part.within.filter((code) => old.within.includes(code))];
  if (then.join("|") !== now.join("|")) found.push({ place, what: "order", before: then.join(" "), after: now.join(" ") });
  return found;
}
