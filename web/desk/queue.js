// The queue: its filters, its pages, its rows.

import { get } from "./house.js";
import { $, badge, deadline, el, evidence, route, sides, standing } from "./parts.js";
import { photograph } from "./photographs.js";
import { explain } from "./trouble.js";
import { SEVERITIES, STATES, say, word } from "./words.js";

const PAGE = 20;
const SORTS = ["-severity", "due_on", "-found_at", "found_at"];
const WIDE = { dossier: "", severity: "", overdue: false, text: "" };
const NAMES = Object.keys(WIDE);
// `more`: what a saved view narrows by and this page has no control for.
const filter = { ...WIDE, state: new Set(), sort: "-severity", more: {} };
const queue = { items: [], next: null, loading: new AbortController() };
let projects = [];

// —— the filters ——

export function offer() {
  const form = $("#filters");
  const choices = (name, all, list) =>
    form[name].replaceChildren(...[...all, ...list].map(([value, text]) =>
      el("option", { value, textContent: text, selected: filter[name] === value })));
  choices("dossier", [["", say("allProjects")]], projects.map((p) => [p.dossier, p.name]));
  choices("severity", [["", say("allSeverities")]], Object.keys(SEVERITIES).map((s) => [s, word("severity", s)]));
  choices("sort", [], SORTS.map((s) => [s, say(s)]));
  const chip = (state, text, on) =>
    el("button", { type: "button", className: "chip", value: state, ariaPressed: String(on), textContent: text });
  $(".chips").replaceChildren(
    chip("", say("allStates"), filter.state.size === 0),
    ...Object.keys(STATES).map((s) => chip(s, word("state", s), filter.state.has(s))),
  );
  form.overdue.ariaPressed = String(filter.overdue);
  form.text.value = filter.text;
  const more = Object.keys(filter.more).map((name) => word("fields", name.replace(/_(before|after)$/, "_on")));
  form.more.hidden = !more.length;
  form.more.textContent = say("alsoBy", { names: more.join("、") });
}

/** What the queue is narrowed by, as a view keeps it, and its order. */
export function present() {
  const narrow = { ...filter.more };
  if (filter.state.size) narrow.state = [...filter.state];
  for (const name of ["dossier", "severity"]) if (filter[name]) narrow[name] = [filter[name]];
  for (const name of ["overdue", "text"]) if (filter[name]) narrow[name] = filter[name];
  return { filter: narrow, sort: filter.sort };
}

/** Show the queue as a view keeps it. */
export function apply(view) {
  const { state = [], ...rest } = view.filter;
  Object.assign(filter, WIDE, { state: new Set(state), sort: view.sort, more: {} });
  for (const [name, value] of Object.entries(rest)) {
    const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
    const shown = NAMES.includes(name) && !Array.isArray(one) && !(name === "overdue" && !one);
    (shown ? filter : filter.more)[name] = shown ? one : value;
  }
  offer();
  load(true);
}

/** The question to the server for what `present` says. */
export function asked() {
  const { filter: narrow, sort } = present();
  const query = new URLSearchParams({ sort });
  for (const [name, value] of Object.entries(narrow)) for (const one of [value].flat()) query.append(name, one);
  return query;
}

export async function loadProjects() {
  projects = (await get("/api/v1/projects")).items;
  offer();
}

function widen() {
  Object.assign(filter, WIDE, { state: new Set(), more: {} });
  offer();
  load(true);
}

$("#filters").onsubmit = (event) => event.preventDefault();
$("#filters").onchange = ({ target }) => {
  if (!(target.name in filter) || target.tagName !== "SELECT") return;
  filter[target.name] = target.value;
  load(true);
};
$("#filters").overdue.onclick = () => {
  filter.overdue = !filter.overdue;
  offer();
  load(true);
};
$("#filters").more.onclick = () => {
  filter.more = {};
  offer();
  load(true);
};
$(".chips").onclick = ({ target }) => {
  if (!target.matches(".chip")) return;
  if (!target.value) filter.state.clear();
  else if (!filter.state.delete(target.value)) filter.state.add(target.value);
  offer();
  $(`.chip[value="${target.value}"]`, $(".chips")).focus();
  load(true);
};
let typing;
$("#filters").text.oninput = ({ target }) => {
  clearTimeout(typing);
  filter.text = target.value.trim();
  typing = setTimeout(load, 300, true);
};

// —— the pages ——

export async function load(fresh) {
  if (fresh) queue.loading.abort(), (queue.loading = new AbortController());
  const { signal } = queue.loading;
  const wanted = asked();
  wanted.set("limit", PAGE);
  if (!fresh) wanted.set("page", queue.next);
  $("#queue-notice").replaceChildren();
  $("#rows").ariaBusy = "true";
  $("#more").disabled = true;
  $("#count").textContent = say("loading");
  if (fresh) $("#more").hidden = true;
  if (fresh) $("#rows").replaceChildren(...Array.from({ length: 6 }, () => el("li", { className: "coming" })));
  try {
    const page = await get(`/api/v1/issues?${wanted}`, signal);
    queue.items = fresh ? page.items : [...queue.items, ...page.items];
    queue.next = page.next;
    if (fresh) $("#rows").replaceChildren();
    $("#rows").append(...page.items.map(row));
    tally();
  } catch (wrong) {
    if (wrong.name === "AbortError") return;
    if (fresh) $("#rows").replaceChildren();
    $("#count").textContent = "";
    explain($("#queue-notice"), wrong, () => load(fresh));
  }
  $("#rows").ariaBusy = "false";
  $("#more").disabled = false;
}

function tally() {
  const n = queue.items.length;
  $("#more").hidden = !queue.next;
  $("#count").textContent = n ? say(queue.next ? "shownSome" : "shownAll", { n }) : "";
  if (n) return;
  const clear = el("button", { type: "button", textContent: say("clear"), onclick: widen });
  $("#rows").replaceChildren(el("li", { className: "empty" }, el("strong", {}, say("none")), el("p", {}, say("noneHint")), clear));
}

$("#more").onclick = async () => {
  const known = queue.items.length;
  await load(false);
  $("#rows").children[known]?.firstChild.focus();
};

// —— the rows ——

function row(issue) {
  const { before, after } = sides(issue);
  const thumbs = [before[0], after[0]].filter(Boolean).map((p) => photograph(p, p.thumbnail, queue.loading.signal));
  const link = el("a", { href: `#/issue/${issue.id}`, ariaCurrent: String(route() === issue.id) },
    el("span", { className: `thumbs n${thumbs.length}`, ariaHidden: String(thumbs.length > 0) }, ...(thumbs.length ? thumbs : [say("noEvidence")])),
    el("span", { className: "headline" }, badge(issue.severity), el("strong", {}, issue.title)),
    el("span", { className: "place" }, [issue.project ?? issue.dossier, issue.part].filter(Boolean).join(" · ")),
    el("span", { className: "line" }, standing(issue.state), deadline(issue),
      el("span", {}, issue.assignee?.name ?? say("nobody")), evidence(issue.evidence)));
  return el("li", { id: `row-${issue.id}` }, link);
}

/** The same issue as it stands after a step. */
export function replace(issue) {
  const at = queue.items.findIndex((each) => each.id === issue.id);
  if (at < 0) return;
  queue.items[at] = issue;
  $(`#row-${issue.id}`)?.replaceWith(row(issue));
}

export function move(by) {
  const links = [...$("#rows").querySelectorAll("a")];
  const now = links.findIndex((a) => a === document.activeElement);
  const from = now >= 0 ? now : links.findIndex((a) => a.ariaCurrent === "true");
  const to = links[Math.max(0, from + by)] ?? $("#more");
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}
