/** Three-way merge of one change into one record, as the server judges it (protocol.md §4). */

import { spell, type Value } from "./canonical.ts";
import type { Fields, Said } from "./change.ts";
import { mergeText } from "./diff3.ts";
import type { Field, Kind } from "./kinds.ts";

export type Body = Record<string, Value>;

export const UNKNOWN = -1; // the trunk of a base that a restore threw away: everything has moved since

/** A value that did not win, or that won over another one: both are kept, somebody decides. */
export interface Lost {
  current: Value | undefined;
  mine: Value;
  /** `review`: not applied as it stands; `stands`: the graver one, shows until decided; `info`: applied. */
  mode: "review" | "stands" | "info";
}

/** Who last wrote each field: its entry's seq and the device. */
export type Written = Record<string, { seq: number; device: string }>;

export interface Judging {
  kind: Kind;
  body: Body;
  written: Written;
  fields: Fields;
  trunk: number;
  device: string;
  actor: string;
  at: string;
  atomic?: boolean;
  bases?: Record<string, Value>;
}

export interface Judgement {
  after: Body;
  lost: Record<string, Lost>;
  moved: boolean;
  why: string | null;
  status: "applied" | "merged" | "noop" | "conflict";
}

interface Court extends Judging {
  out: Judgement;
  hasMoved: (name: string) => boolean;
}

/** Judge the `fields` of one update against the record's present `body`; nothing is dropped. */
export function merge(judging: Judging): Judgement {
  const { kind, written, fields, trunk, device } = judging;
  const hasMoved = (name: string): boolean => {
    const by = written[name];
    return by !== undefined && by.seq > trunk && by.device !== device;
  };
  const moved = Object.keys(written).some(hasMoved);
  const court: Court = { ...judging, out: { after: {}, lost: {}, moved, why: null, status: "noop" }, hasMoved };
  const groups = movedGroups(court);
  // The step comes last: it is judged on the record as the rest of the change leaves it.
  const isStep = (name: string): number => Number(kind.fields[name]?.policy === "state");
  for (const name of Object.keys(fields).sort((a, b) => isStep(a) - isStep(b))) judge(court, name, groups);
  if (judging.atomic && openQuestions(court.out)) loseAll(court);
  court.out.status = verdict(court.out);
  return court.out;
}

const openQuestions = ({ lost }: Judgement): boolean => Object.values(lost).some((l) => l.mode !== "info");

function verdict(out: Judgement): Judgement["status"] {
  if (openQuestions(out)) return "conflict";
  if (!Object.keys(out.after).length) return "noop";
  return out.moved || Object.keys(out.lost).length ? "merged" : "applied";
}

function judge(court: Court, name: string, groups: Set<string>): void {
  const { kind, body, fields, out } = court;
  const said = fields[name] as Said;
  const declared = kind.fields[name] ?? { policy: "review" };
  if ("do" in said) return step(court, said.do);
  if ("add" in said || "remove" in said) {
    const seen = court.hasMoved(name) ? ((court.bases?.[name] as string[] | undefined) ?? []) : null;
    return keep(out, body, name, mergeSet((body[name] as string[] | undefined) ?? [], said, seen));
  }
  if ("append" in said) return note(court, name, said.append);
  const mine = (said as { set: Value }).set;
  const whole = declared.group !== undefined && groups.has(declared.group);
  if (!same(body[name] ?? null, mine) || whole) value(court, declared, name, mine, whole || court.hasMoved(name));
  else if (court.trunk === UNKNOWN) out.after[name] = mine;
}

/** Groups touched by the change in which another author wrote any member since the base. */
function movedGroups({ kind, body, fields, hasMoved }: Court): Set<string> {
  const moved = new Set<string>();
  for (const name of Object.keys(fields)) {
    const group = kind.fields[name]?.group;
    if (group === undefined) continue;
    const members = Object.keys(kind.fields).filter((other) => kind.fields[other]?.group === group);
    const spoken = members.filter((member) => member in fields);
    // If the change says of the whole group what already stands, nothing needs deciding.
    const agrees = spoken.every((member) => same(body[member] ?? null, (fields[member] as { set: Value }).set));
    if (!agrees && members.some(hasMoved)) moved.add(group);
  }
  return moved;
}

function value({ body, out, bases }: Court, declared: Field, name: string, mine: Value, moved: boolean): void {
  const current = body[name] ?? null;
  const merged = moved ? mergedText(declared, bases?.[name], current, mine) : null;
  if (!moved) {
    out.after[name] = mine;
  } else if (merged !== null) {
    if (merged !== current) out.after[name] = merged;
  } else if (declared.policy === "last") {
    out.after[name] = mine;
    out.lost[name] = { current, mine, mode: "info" };
  } else {
    const worse = graver(declared, current, mine);
    out.lost[name] = { current, mine, mode: worse ? "stands" : "review" };
    if (worse) out.after[name] = mine; // the worse of the two shows until a named person decides
  }
}

function mergedText(declared: Field, base: Value | undefined, current: Value, mine: Value): string | null {
  if (declared.policy !== "text") return null;
  if (typeof base !== "string" || typeof current !== "string" || typeof mine !== "string") return null;
  const merged = mergeText(base, current, mine);
  return merged !== null && Array.from(merged).length <= (declared.most ?? Infinity) ? merged : null;
}

/** Whether `mine` is the worse value of an ordered safety field. */
export function graver(declared: Field, current: Value, mine: Value): boolean {
  const order: Value[] = declared.order ?? [];
  if (!order.includes(mine)) return false;
  return !order.includes(current) || order.indexOf(mine) > order.indexOf(current);
}

/** Add wins over a concurrent remove; sorted by code point, so that all replicas agree. */
export function mergeSet(
  current: string[],
  said: { add?: string[]; remove?: string[] },
  seen: string[] | null = null,
): string[] {
  // What somebody else added since the author looked is not the author's to remove.
  const remove = (said.remove ?? []).filter((item) => seen === null || seen.includes(item));
  const kept = new Set([...current.filter((item) => !remove.includes(item)), ...(said.add ?? [])]);
  return [...kept].sort(byCodePoint);
}

// The default order is by UTF-16 unit, and would put 𠮷 before ﷽; Python's is by code point.
function byCodePoint(a: string, b: string): number {
  const [ones, others] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(ones.length, others.length); i += 1) {
    const gap = (ones[i]?.codePointAt(0) ?? 0) - (others[i]?.codePointAt(0) ?? 0);
    if (gap) return gap;
  }
  return ones.length - others.length;
}

type Note = { id: string; text: string; by: string; at: string };

/** Notes by id, each once. One whose id is known with another text is no repetition: both are kept. */
function note({ body, out, actor, at }: Court, name: string, entries: { id: string; text: string }[]): void {
  const current = (body[name] as Note[] | undefined) ?? [];
  const longer = appended(current, entries, actor, at);
  if (longer.length > current.length) out.after[name] = longer;
  for (const entry of entries) {
    const known = current.find((one) => one.id === entry.id);
    if (known && known.text !== entry.text) out.lost[name] = { current: known.text, mine: entry.text, mode: "review" };
  }
}

function appended(current: Note[], entries: { id: string; text: string }[], by: string, at: string): Note[] {
  const longer = [...current];
  for (const { id, text } of entries) if (!longer.some((one) => one.id === id)) longer.push({ id, text, by, at });
  return longer;
}

/** A transition, judged on the *current* state: the first valid one in server order wins. */
function step({ kind, body, out, actor, at }: Court, verb: string): void {
  const state = (body.state as string | undefined) ?? kind.states?.initial ?? "";
  const found = kind.states?.steps[verb];
  const open = found?.from.includes(state) ? found : undefined;
  const whole: Body = { ...body, ...out.after };
  const lacks = open?.needs?.some((name) => isEmpty(whole[name]));
  if (!open || lacks) {
    out.lost.state = { current: state, mine: verb, mode: "review" };
    out.why = open ? "step-incomplete" : "illegal-transition";
    return;
  }
  out.after.state = open.to;
  for (const name of open.stamps ?? []) stamp(out, name, actor);
  for (const name of open.times ?? []) stamp(out, name, at);
}

// The view shows who and when at once; in a judgement by the vectors, stamps are apart and not compared.
function stamp(out: Judgement, name: string, value: string): void {
  if (value) out.after[name] = value;
}

const isEmpty = (item: Value | undefined): boolean =>
  item === undefined || item === null || item === "" || (Array.isArray(item) && item.length === 0);

/** One field of an atomic change was lost: the others go with it (docs/decisions/0008). */
function loseAll({ kind, body, fields, out }: Court): void {
  const mine: Body = {};
  for (const [name, after] of Object.entries(out.after)) mine[name] = offered(fields[name], after);
  for (const [name, lost] of Object.entries(out.lost)) mine[name] = lost.mine;
  out.after = {};
  out.lost = {};
  for (const [name, wanted] of Object.entries(mine)) {
    const current = body[name] ?? null;
    const worse = graver(kind.fields[name] ?? { policy: "review" }, current, wanted);
    out.lost[name] = { current, mine: wanted, mode: worse ? "stands" : "review" };
    if (worse) out.after[name] = wanted; // people work under it
  }
}

function offered(said: Said | undefined, after: Value): Value {
  if (said && "append" in said) return said.append.map((entry) => entry.text).join("\n");
  return said && "do" in said ? said.do : after;
}

function keep(out: Judgement, body: Body, name: string, wanted: string[]): void {
  if (!same(wanted, body[name] ?? [])) out.after[name] = wanted;
}

const same = (a: Value, b: Value): boolean => a === b || spell(a) === spell(b);

/** The body of a record as its first change makes it. */
export function firstBody(kind: Kind, fields: Fields, actor: string, at: string): Body {
  const body: Body = {};
  for (const [name, said] of Object.entries(fields)) {
    let made: Value = null;
    if ("add" in said || "remove" in said) made = mergeSet([], said);
    else if ("append" in said) made = appended([], said.append, actor, at);
    else if ("set" in said) made = said.set;
    if (!isEmpty(made) || made === "") body[name] = made;
  }
  if (kind.states) body.state = kind.states.initial;
  if (kind.signed && actor) body[kind.signed] = actor;
  return body;
}
