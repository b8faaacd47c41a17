// What every part of the page is made of: elements, dates, and an issue's marks.

import { language, say, word } from "./words.js";

export const $ = (selector, within = document) => within.querySelector(selector);

/** An element; `null` children are left out, strings become text: nothing here is ever parsed as HTML. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in made) made[name] = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// British English, because 11/5 must not be read as the fifth month's eleventh day.
const shanghai = (at, options, locale = language() === "en" ? "en-GB" : "zh-CN") =>
  new Intl.DateTimeFormat(locale, { timeZone: "Asia/Shanghai", ...options }).format(new Date(at));
export const day = (at) =>
  shanghai(at, { month: "short", day: "numeric", year: at.startsWith(today().slice(0, 4)) ? undefined : "numeric" });
export const moment = (at) => `${day(at)} ${shanghai(at, { hour: "2-digit", minute: "2-digit", hour12: false })}`;
const today = () => shanghai(Date.now(), {}, "en-CA");
const daysLate = (on) => Math.round((Date.parse(today()) - Date.parse(on)) / 86_400_000);

/** The issue that the address names, if any. */
export const route = () => /^#\/issue\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;

/** Where it will be said what went wrong. */
export const alarm = () => el("div", { className: "notice", role: "alert" });
// An issue's marks.
export const badge = (s) => el("b", { className: `badge ${s}` }, word("severity", s));
export const standing = (s) => el("b", { className: `state ${s}` }, word("state", s));

export function deadline(issue) {
  if (!issue.due_on) return el("span", {}, say("noDue"));
  const when = el("span", {}, `${say("due")} ${day(issue.due_on)}`);
  if (issue.overdue) when.append(" ", el("b", { className: "late" }, say("overdue", { n: daysLate(issue.due_on) })));
  return when;
}

export function evidence({ stored, total }) {
  if (!total) return ""; // the empty frame beside it says so
  return el("span", { className: stored < total ? "thin" : "" }, `${say("evidence")} ${stored}/${total}`);
}

/** A photograph without a phase was taken when the issue was found. */
export const sides = ({ photos }) => ({
  before: photos.filter((p) => p.phase !== "after"),
  after: photos.filter((p) => p.phase === "after"),
});
