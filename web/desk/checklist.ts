/** A checklist under edit: its parts, its sums, where a fault lies, and the copy that a closed tab does not lose. */

import type { Form, Item, Section } from "../sync/score.ts";

export type { Form, Item, Section };

export interface Content {
  code: string;
  edition: number;
  title: string;
  citation?: string;
  valid_from: string;
  valid_to?: string;
  grades?: string;
  sections: Section[];
}

/** What the server says of a checklist, and no edition says again. */
export interface Shown extends Content {
  state?: string;
}

export interface Kept {
  content: Content;
  at: string;
}

const KEY = "xunjian.checklist";
export const keyOf = (person: string, code: string): string => `${KEY}.${person}.${code || "new"}`;

/** The copy on this computer, by person and checklist; null where there is none, or none that can be read. */
export function kept(key: string): Kept | null {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
    return found && Array.isArray(found.content.sections) ? found : null;
  } catch {
    return null;
  }
}

/** Keep it; false where the browser has no room or no leave. */
export function keep(key: string, content: Content): boolean {
  try {
    localStorage.setItem(key, JSON.stringify({ content, at: new Date().toISOString() } satisfies Kept));
    return true;
  } catch {
    return false;
  }
}

export const drop = (key: string): void => localStorage.removeItem(key);

/** Drop what was sent and is entered; a copy that went on changing meanwhile stays. */
export function dropSent(key: string, sent: Content): void {
  if (JSON.stringify(kept(key)?.content) === JSON.stringify(sent)) drop(key);
}

export const blankItem = (code = ""): Item => ({ code, title: "" });
export const blankForm = (): Form => ({ code: "", title: "", items: [blankItem("1")] });
export const blankSection = (): Section => ({ code: "", title: "", forms: [blankForm()] });

/** What somebody begins with; `on` is the first day on which it may hold. */
export const blank = (on: string): Content => ({ code: "", edition: 1, title: "", valid_from: on, sections: [blankSection()] });

/** The next edition of what is shown. */
export function next(shown: Shown, edition: number): Content {
  const { state: _, ...content } = structuredClone(shown);
  return { ...content, edition };
}

const total = (parts: readonly { marks?: number }[]): number => parts.reduce((sum, one) => sum + (one.marks ?? 0), 0);

export const sectionsSum = (content: Content): number => total(content.sections);

/** Marks of a form: of both groups (JGJ 59-2011: 60 and 40), and of all its items. */
export function formSums(form: Form): { guarantee: number; general: number; all: number } {
  const of = (group: string): number => total(form.items.filter((item) => item.group === group));
  return { guarantee: of("guarantee"), general: of("general"), all: total(form.items) };
}

/** Move one of a list by a step; nothing where it would leave the list. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const to = at + by;
  const after = [...list];
  const [one] = after.splice(at, 1);
  return to < 0 || to >= list.length || one === undefined ? [...list] : after.toSpliced(to, 0, one);
}

/** Without what is empty: a field that was cleared is a field that was never said. */
export function cleared<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, said]) => said !== undefined && said !== "" && said !== false)) as T;
}

export interface Place {
  section: number;
  form: number;
  item: number;
  column: string;
}

/** Where a fault lies: the server names it by places in the lists (`sections/0/forms/1/items/2/marks`) or by codes. */
export function placeOf(content: Content, field: string): Place {
  const parts = field.split("/");
  const column = parts.at(-1) ?? "";
  if (parts[0] === "sections") {
    const at = (name: string): number => (parts.includes(name) ? Number(parts[parts.indexOf(name) + 1] ?? -1) : -1);
    return { section: at("sections"), form: at("forms"), item: at("items"), column };
  }
  const [first, second, third] = parts.slice(0, -1).filter((part) => part !== "*");
  const section = content.sections.findIndex((one) => one.code === first);
  if (section >= 0) {
    const form = content.sections[section]?.forms.findIndex((one) => one.code === second) ?? -1;
    const item = content.sections[section]?.forms[form]?.items.findIndex((one) => one.code === third) ?? -1;
    return { section, form, item, column };
  }
  const holder = content.sections.findIndex((one) => one.forms.some((form) => form.code === first));
  const form = content.sections[holder]?.forms.findIndex((one) => one.code === first) ?? -1;
  return { section: holder, form, item: -1, column };
}
