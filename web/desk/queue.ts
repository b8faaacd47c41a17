/** The queue as it stands on the screen: what it is narrowed by, its pages, what is chosen of it. */

import { computed, signal } from "@preact/signals";

import { get, type Said } from "./house.ts";

export type Issue = Said<"Issue">;
export const PAGE = 50;
export const SORTS = ["-severity", "due_on", "-found_at", "found_at"] as const;

export interface Filter {
  dossier: string;
  severity: string;
  overdue: boolean;
  text: string;
  state: string[];
  sort: string;
  /** What a saved view narrows by and this page has no control for. */
  more: Record<string, unknown>;
}

const WIDE: Filter = { dossier: "", severity: "", overdue: false, text: "", state: [], sort: "-severity", more: {} };
const NAMES: readonly string[] = ["dossier", "severity", "overdue", "text"];

export const filter = signal<Filter>(WIDE);
export const items = signal<Issue[]>([]);
export const next = signal<string | null>(null);
export const busy = signal(false);
export const wrong = signal<unknown>(null);
/** Somebody wrote, and the list was not made anew under the person's hands. */
export const stale = signal(false);
/** Moves on with each write of this page. */
export const written = signal(0);
/** Ids that are ticked, in the order of ticking. */
export const chosen = signal<ReadonlySet<string>>(new Set());
export const picked = computed(() => items.value.filter((issue) => chosen.value.has(issue.id)));

let loading = new AbortController();

/** What the queue is narrowed by, as a view keeps it, and its order. */
export function present(): { filter: Record<string, unknown>; sort: string } {
  return { filter: kept(filter.value), sort: filter.value.sort };
}

function kept({ more, state, ...said }: Filter): Record<string, unknown> {
  const narrow: Record<string, unknown> = { ...more };
  if (state.length) narrow.state = state;
  if (said.dossier) narrow.dossier = [said.dossier];
  if (said.severity) narrow.severity = [said.severity];
  if (said.overdue) narrow.overdue = true;
  if (said.text) narrow.text = said.text;
  return narrow;
}

/** The question to the server that these filters come to. */
export function narrowed(by: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(kept(by)))
    for (const one of [value].flat()) query.append(name, String(one));
  return query;
}

export function narrow(said: Partial<Filter>): Promise<void> {
  filter.value = { ...filter.value, ...said };
  return load(true);
}

export const widen = (): Promise<void> => narrow({ ...WIDE, sort: filter.value.sort });

/** Show the queue as a view keeps it. */
export function apply(view: { filter: Record<string, unknown>; sort: string }): Promise<void> {
  const { state = [], ...rest } = view.filter as { state?: string[] };
  const said: Record<string, unknown> = { ...WIDE, state, sort: view.sort };
  const more: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
    const shown = NAMES.includes(name) && !Array.isArray(one) && !(name === "overdue" && !one);
    if (shown) said[name] = one;
    else more[name] = value;
  }
  return narrow({ ...said, more } as Partial<Filter>);
}

/** The first page anew, or the one after what is shown. */
export async function load(fresh: boolean): Promise<void> {
  if (fresh) loading.abort();
  else if (busy.value || !next.value) return;
  const mine = (loading = new AbortController());
  const query = narrowed(filter.value);
  query.set("sort", filter.value.sort);
  query.set("limit", String(PAGE));
  if (!fresh && next.value) query.set("page", next.value);
  busy.value = true;
  wrong.value = null;
  if (fresh) stale.value = false;
  try {
    const page = await get<Said<"Queue">>(`/api/v1/issues?${query}`, mine.signal);
    items.value = fresh ? page.items : [...items.value, ...page.items];
    next.value = page.next;
    const there = new Set(items.value.map((issue) => issue.id));
    chosen.value = new Set([...chosen.value].filter((id) => there.has(id)));
  } catch (fault) {
    if (mine.signal.aborted) return;
    if (fresh) items.value = [];
    wrong.value = fault;
  }
  if (mine === loading) busy.value = false;
}

/** After somebody wrote: at once where nothing moves away from under the person's hands, else when asked. */
export function renew(): void {
  if (chosen.value.size || items.value.length > PAGE) stale.value = true;
  else void load(true);
}

/** The same issue as it stands after a step. */
export function replace(issue: Issue): void {
  items.value = items.value.map((one) => (one.id === issue.id ? issue : one));
  written.value += 1;
}

export function tick(id: string): void {
  const ticked = new Set(chosen.value);
  if (!ticked.delete(id)) ticked.add(id);
  chosen.value = ticked;
}

/** All that are loaded, or none where all were ticked. */
export function tickAll(): void {
  const all = items.value.map((issue) => issue.id);
  chosen.value = new Set(chosen.value.size === all.length ? [] : all);
}
