/** Words in the person's language. */

import { signal } from "@preact/signals";

import { FILE_WORDS } from "../files.ts";
import { WORDS as OF_ROOMS } from "./room-texts.ts";
import { TABLES } from "./terms.ts";
import { WORDS as OF_ISSUES } from "./texts.ts";

const WORDS = { ...FILE_WORDS, ...OF_ISSUES, ...OF_ROOMS };

export type Word = keyof typeof WORDS;
export type TableName = keyof typeof TABLES;

const KEY = "xunjian.language";
export const language = signal<"zh-CN" | "en">(localStorage.getItem(KEY) === "en" ? "en" : "zh-CN");

export function changeLanguage(): void {
  language.value = language.value === "en" ? "zh-CN" : "en";
  localStorage.setItem(KEY, language.value);
}

const column = (): 0 | 1 => (language.value === "en" ? 1 : 0);

/** The text for `key` with `{names}` filled in. */
export function say(key: Word, values: Readonly<Record<string, string | number>> = {}): string {
  return WORDS[key][column()].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A word of one of the code tables; a code that is new here is shown as it is. */
export function word(table: TableName, code: string): string {
  const known: Readonly<Record<string, readonly [string, string]>> = TABLES[table];
  return known[code]?.[column()] ?? code;
}

/** The codes of a table, in the order in which people are offered them. */
export const codes = (table: TableName): string[] => Object.keys(TABLES[table]);

/** Several words in a row, as the language sets them apart. */
export const listed = (words: readonly string[]): string => words.join(language.value === "en" ? ", " : "、");
