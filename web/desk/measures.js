// The office's measures: each with what it is made of, of which cohort, as of which day.

import { get } from "./house.js";
import { $, day, el } from "./parts.js";
import { explain } from "./trouble.js";
import { say, word } from "./words.js";

const RATES = ["rectified", "on_time", "passed_first", "repeated", "major_cleared", "overdue", "proven"];
const BY = ["office", "street", "firm", "project", "domain"];
const SHOWN = 60; // bars; more are told by the API
const form = $("#cohort");
const asked = { from: "", to: "", cut_off: "", by: "street", bars: "rectified" };
let told = null; // the report on the screen
let loading = new AbortController();

export function offerMeasures() {
  const choices = (name, list, words) => form[name].replaceChildren(...list.map((value) =>
    el("option", { value, textContent: say(`${words}${value}`), selected: asked[name] === value })));
  choices("by", BY, "by-");
  choices("bars", [...RATES, "time"], "measure-");
  if (told) paint();
}

form.onsubmit = (event) => event.preventDefault();
form.onchange = ({ target }) => {
  asked[target.name] = target.value;
  if (target.name === "bars") paint();
  else loadMeasures();
};

export async function loadMeasures() {
  loading.abort();
  loading = new AbortController();
  const query = new URLSearchParams({ by: asked.by });
  for (const name of ["from", "to", "cut_off"]) if (asked[name]) query.set(name, asked[name]);
  $("#measured").ariaBusy = "true";
  $("#measures-notice").replaceChildren();
  try {
    told = await get(`/api/v1/measures?${query}`, loading.signal);
    for (const [name, value] of [["from", told.cohort.from], ["to", told.cohort.to], ["cut_off", told.cut_off]]) form[name].value = value;
    paint();
  } catch (wrong) {
    if (wrong.name === "AbortError") return;
    explain($("#measures-notice"), wrong, loadMeasures);
  }
  $("#measured").ariaBusy = "false";
}

function paint() {
  const { cohort, cut_off: cutOff } = told;
  const said = [say("cohortSaid", { from: day(cohort.from), to: day(cohort.to), on: day(cutOff) })];
  if (!told.final) said.push(say("notFinal"));
  if (told.uncounted) said.push(say("uncounted", { n: told.uncounted }));
  if (told.calendar_missing.length) said.push(say("calendarMissing", { years: told.calendar_missing.join("、") }));
  $("#measured").replaceChildren(
    el("p", { className: "muted" }, said.join(" ")),
    el("dl", { className: "cards" }, ...[...RATES, "time"].map((name) => card(name, told.whole[name]))),
    ...(told.by === "office" ? [] : bars()),
  );
}

const percent = (value) => `${(value * 100).toFixed(1)}%`;
const hours = (value) => say("hours", { n: value });

function card(name, measure) {
  const [value, made] = name === "time" ? times(measure) : rate(measure);
  const why = measure.why ? el("dd", { className: "thin" }, say(`why-${measure.why}`)) : null;
  return el("div", { className: "card" },
    el("dt", {}, say(`measure-${name}`)),
    el("dd", { className: "figure" }, value ?? "—"),
    el("dd", {}, made), why,
    el("dd", { className: "muted" }, say(`means-${name}`)));
}

const rate = ({ value, numerator, denominator }) =>
  [value === null ? null : percent(value), `${numerator ?? "—"} / ${denominator}`];
const times = ({ median, mean, p90, count }) =>
  [median === null ? null : hours(median), median === null ? say("closedOnes", { n: count })
    : say("timesSaid", { mean, p90, n: count })];

function bars() {
  const name = asked.bars;
  const shown = told.groups.slice(0, SHOWN);
  const value = ({ measures }) => (name === "time" ? measures.time.median : measures[name].value);
  const most = name === "time" ? Math.max(1, ...shown.map((group) => value(group) ?? 0)) : 1;
  const rows = shown.map((group) => {
    const [figure, made] = name === "time" ? times(group.measures.time) : rate(group.measures[name]);
    return el("tr", {},
      el("th", { scope: "row" }, label(group)),
      el("td", {}, bar((value(group) ?? 0) / most)),
      el("td", {}, el("b", {}, figure ?? "—"), el("small", {}, ` ${made}`)));
  });
  const title = `${say(`measure-${name}`)} · ${say(`by-${told.by}`)}`;
  if (!rows.length) return [el("h3", {}, title), el("p", { className: "empty" }, say("noGroups"))];
  const rest = told.groups.length - shown.length;
  return [el("h3", {}, title), el("table", { className: "bars" }, el("tbody", {}, ...rows)),
    rest > 0 ? el("p", { className: "muted" }, say("moreGroups", { n: rest })) : ""];
}

function label({ key, name }) {
  if (key === null) return say("unnamed");
  return told.by === "domain" ? word("domain", key) : (name ?? key);
}

/** A bar of a share, drawn without a style. */
function bar(share) {
  const drawn = $("#bar").content.cloneNode(true);
  $(".part", drawn).setAttribute("width", 100 * share);
  return drawn;
}
