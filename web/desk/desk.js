// The supervisors' page: sign in, work through the queue, look at the evidence, decide.

import { Problem, forget, get, picture, signIn, signOut, step, submit, whoami } from "./house.js";
import { SEVERITIES, STATES, changeLanguage, language, say, word } from "./words.js";

const PAGE = 20;
const SORTS = ["-severity", "due_on", "-found_at", "found_at"];
// From which states, and for which roles, the server allows each step (server/issues/records/issue.py).
const STEPS = {
  confirm: { from: ["submitted"], by: ["inspector", "supervisor"] },
  issue: { from: ["confirmed"], by: ["inspector", "supervisor"] },
  pass: { from: ["replied"], by: ["inspector", "supervisor"] },
  close: { from: ["passed"], by: ["supervisor"] },
  fail: { from: ["replied"], by: ["inspector", "supervisor"], reason: true },
  dismiss: { from: ["submitted", "confirmed"], by: ["supervisor"], reason: true },
};
const $ = (selector, within = document) => within.querySelector(selector);
const filter = { state: new Set(), dossier: "", severity: "", sort: "-severity", overdue: false, text: "" };
const queue = { items: [], next: null, loading: new AbortController() };
let opened = null; // {issue, history, older, people, loading, said} of the issue in the detail pane
let projects = [];

/** An element; `null` children are left out, strings become text: nothing here is ever parsed as HTML. */
function el(tag, given = {}, ...children) {
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
const day = (at) =>
  shanghai(at, { month: "short", day: "numeric", year: at.startsWith(today().slice(0, 4)) ? undefined : "numeric" });
const moment = (at) => `${day(at)} ${shanghai(at, { hour: "2-digit", minute: "2-digit", hour12: false })}`;
const today = () => shanghai(Date.now(), {}, "en-CA");
const daysLate = (on) => Math.round((Date.parse(today()) - Date.parse(on)) / 86_400_000);

// —— frame ——

function frame() {
  const me = whoami();
  document.documentElement.lang = language();
  document.title = `${say("product")} · ${say("desk")}`;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of document.querySelectorAll("[data-hint]")) each.placeholder = say(each.dataset.hint);
  for (const each of document.querySelectorAll("[data-name]")) each.ariaLabel = say(each.dataset.name);
  $("#door").hidden = Boolean(me);
  $("#work").hidden = $("#leave").hidden = !me;
  $("#me").textContent = me?.name ?? "";
  $("#me").title = me?.title ?? "";
  if (me) offer();
}

function offer() {
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
}

/** What went wrong and what to do next; a lapsed session leads back to the door. */
function explain(where, wrong, again = null, hint = null) {
  if (wrong.name === "AbortError") return;
  if (!(wrong instanceof Problem)) throw wrong;
  if (wrong.status === 401 && wrong.code !== "wrong-password") {
    forget();
    frame();
    where = $("#door .notice");
    again = null;
  }
  const title = wrong.status ? wrong.message : say("unreachable");
  const why = [wrong.detail, wrong.details.why, ...(wrong.details.faults ?? []).map((f) => `${f.field}: ${f.message}`)];
  const next = say(wrong.status === 401 ? "next-sign-in" : `next-${wrong.remedy}`) + (hint ?? "");
  const worth = again && ["network", "retry"].includes(wrong.remedy);
  where.replaceChildren(
    el("strong", {}, title),
    el("p", { className: "muted" }, [...new Set(why)].filter((w) => w && w !== title).join(" · ")),
    el("p", {}, next, wrong.request ? el("small", {}, ` ${say("requestId")} ${wrong.request.slice(0, 8)}`) : ""),
    worth ? el("button", { type: "button", onclick: again, textContent: say("again") }) : "",
  );
}

// —— photographs ——

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) seen.unobserve(target), target.show();
  }
}, { rootMargin: "300px" });

/** A photograph fetched with the token once it comes near the screen; its blob: URL lives until it is drawn. */
function photograph(photo, path, signal) {
  const image = el("img", { alt: photo.caption ?? "", decoding: "async" });
  const place = el("span", { className: path ? "photo" : "photo awaited", title: photo.caption ?? "" });
  if (!path) place.append(el("i", {}, say("awaited")));
  else seen.observe(place);
  place.show = async () => {
    try {
      image.src = await picture(path, signal);
      await image.decode();
      place.replaceChildren(image);
    } catch (wrong) {
      if (wrong.name !== "AbortError") place.replaceChildren(el("i", {}, say("noPicture")));
    } finally {
      if (image.src) URL.revokeObjectURL(image.src);
    }
  };
  return place;
}

function enlarge(photo) {
  const loading = new AbortController();
  const large = photograph(photo, photo.original, loading.signal);
  const facts = [moment(photo.taken_at), photo.name, `SHA-256 ${photo.sha256}`].filter(Boolean).join(" · ");
  $("#viewer figure").replaceChildren(large, el("figcaption", {}, photo.caption ?? "", el("small", {}, facts)));
  $("#viewer").onclose = () => (loading.abort(), $("#viewer figure").replaceChildren());
  $("#viewer").showModal();
}

// —— the queue ——

async function load(fresh) {
  if (fresh) queue.loading.abort(), (queue.loading = new AbortController());
  const { signal } = queue.loading;
  const wanted = new URLSearchParams({ limit: PAGE, sort: filter.sort });
  for (const state of filter.state) wanted.append("state", state);
  for (const name of ["dossier", "severity", "text"]) if (filter[name]) wanted.set(name, filter[name]);
  if (filter.overdue) wanted.set("overdue", "true");
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

function widen() {
  Object.assign(filter, { state: new Set(), dossier: "", severity: "", overdue: false, text: "" });
  offer();
  load(true);
}

const badge = (s) => el("b", { className: `badge ${s}` }, word("severity", s));
const standing = (s) => el("b", { className: `state ${s}` }, word("state", s));

function deadline(issue) {
  if (!issue.due_on) return el("span", {}, say("noDue"));
  const when = el("span", {}, `${say("due")} ${day(issue.due_on)}`);
  if (issue.overdue) when.append(" ", el("b", { className: "late" }, say("overdue", { n: daysLate(issue.due_on) })));
  return when;
}

function evidence({ stored, total }) {
  if (!total) return ""; // the empty frame beside it says so
  return el("span", { className: stored < total ? "thin" : "" }, `${say("evidence")} ${stored}/${total}`);
}

/** A photograph without a phase was taken when the issue was found. */
const sides = ({ photos }) => ({
  before: photos.filter((p) => p.phase !== "after"),
  after: photos.filter((p) => p.phase === "after"),
});

function row(issue) {
  const { before, after } = sides(issue);
  const thumbs = [before[0], after[0]].filter(Boolean).map((p) => photograph(p, p.thumbnail, queue.loading.signal));
  const link = el("a", { href: `#/issue/${issue.id}`, ariaCurrent: String(opened?.id === issue.id) },
    el("span", { className: `thumbs n${thumbs.length}`, ariaHidden: String(thumbs.length > 0) }, ...(thumbs.length ? thumbs : [say("noEvidence")])),
    el("span", { className: "headline" }, badge(issue.severity), el("strong", {}, issue.title)),
    el("span", { className: "place" }, [issue.project ?? issue.dossier, issue.part].filter(Boolean).join(" · ")),
    el("span", { className: "line" }, standing(issue.state), deadline(issue),
      el("span", {}, issue.assignee?.name ?? say("nobody")), evidence(issue.evidence)));
  return el("li", { id: `row-${issue.id}` }, link);
}

// —— one issue ——

async function show(id, { focus = true } = {}) {
  opened?.loading.abort();
  for (const link of $("#rows").querySelectorAll("a")) link.ariaCurrent = String(link.hash === `#/issue/${id}`);
  document.body.classList.toggle("reading", Boolean(id));
  if (!id) return (opened = null), choose();
  const mine = (opened = { id, issue: null, history: [], older: null, loading: new AbortController(), said: null });
  $("#detail").replaceChildren(wayBack(), el("p", { className: "empty", role: "status" }, say("loading")));
  try {
    mine.issue = await get(`/api/v1/issues/${id}`, mine.loading.signal);
    paint();
    if (focus) $("#detail h2").focus({ preventScroll: true });
    await remember(mine);
  } catch (wrong) {
    const notice = alarm();
    if (wrong.name !== "AbortError") $("#detail").replaceChildren(wayBack(), notice);
    explain(notice, wrong, () => show(id));
  }
}

/** The next page of the record's history, into the place kept for it. */
async function remember(mine) {
  const where = $("#history");
  const before = mine.older ? `?before=${mine.older}` : "";
  try {
    const { dossier, id } = mine.issue;
    const page = await get(`/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${id}/history${before}`, mine.loading.signal);
    mine.history = [...mine.history, ...page.items];
    mine.older = page.next;
    if (mine === opened) tell(where);
  } catch (wrong) {
    const notice = alarm();
    where.replaceChildren(notice);
    explain(notice, wrong, () => remember(mine));
  }
}

const alarm = () => el("div", { className: "notice", role: "alert" });
const wayBack = () => el("a", { href: "#/", className: "back" }, `‹ ${say("back")}`);

function choose() {
  const empty = el("div", { className: "empty" }, el("strong", {}, say("choose")), el("p", {}, say("chooseHint")));
  $("#detail").replaceChildren(empty);
}

function paint() {
  const { issue, loading } = opened;
  const { before, after } = sides(issue);
  const fact = (name, value) => value && el("div", {}, el("dt", {}, word("fields", name)), el("dd", {}, value));
  const side = ([phase, photos], none) => el("div", {}, el("h4", {}, say(phase)),
    ...(photos.length ? photos.map((p) => figure(p, loading.signal)) : [el("p", { className: "none" }, say(none))]));
  const { body } = issue;
  $("#detail").replaceChildren(
    wayBack(),
    el("header", {},
      el("p", { className: "line" }, badge(issue.severity), standing(issue.state), deadline(issue), evidence(issue.evidence)),
      el("h2", { tabIndex: -1 }, issue.title),
      el("p", { className: "muted" }, [issue.project ?? issue.dossier, issue.part].filter(Boolean).join(" · "))),
    el("section", {}, el("h3", {}, say("photos")), el("div", { className: "pair" }, side(["before", before], "noBefore"), side(["after", after], "noAfter"))),
    el("section", {}, el("h3", {}, say("facts")), el("dl", {}, ...[
      fact("description", body.description), fact("legal_basis", body.legal_basis), fact("demand", body.demand),
      fact("domain", word("domain", issue.domain)), fact("code", body.code),
      fact("assignee", issue.assignee?.name ?? say("nobody")), fact("contractor", issue.contractor),
      fact("found_at", moment(issue.found_at)), fact("tags", body.tags?.join("、")),
      fact("notes", body.notes?.length ? body.notes.map((n) => n.text).join("\n") : null),
    ].filter(Boolean))),
    el("section", {}, el("h3", {}, say("comments")), issue.comments.length
      ? el("ul", { className: "said" }, ...issue.comments.map((c) => el("li", {},
        el("p", { className: "muted" }, el("b", {}, c.author.name ?? "—"), ` ${moment(c.said_at)}`), el("p", {}, c.text))))
      : el("p", { className: "muted" }, say("noComments"))),
    el("section", {}, el("h3", {}, say("history")), el("div", { id: "history", role: "status" }, say("loading"))),
    el("footer", { className: "acts" }, opened.said ?? "", el("div", { className: "buttons" }, ...acts())),
  );
}

function figure(photo, signal) {
  const button = el("button", { type: "button", className: "frame", ariaLabel: `${say("enlarge")}: ${photo.caption ?? ""}` },
    photograph(photo, photo.thumbnail, signal));
  button.disabled = !photo.original;
  button.onclick = () => enlarge(photo);
  return el("figure", {}, button, el("figcaption", {}, photo.caption ?? "", el("small", {}, moment(photo.taken_at))));
}

// —— history ——

function tell(where) {
  const older = el("button", { type: "button", textContent: say("older"), onclick: () => remember(opened) });
  where.replaceChildren(el("ol", { className: "history" }, ...opened.history.map(entry)), opened.older ? older : "");
}

function entry(e) {
  const step = e.op === "update" && e.after.state;
  const changed = Object.keys(e.after).filter((name) => !(step && name === "state"));
  const changes = el("dl", { className: "changes" }, ...changed.map((name) => {
    const after = el("ins", {}, value(name, e.after[name]));
    const before = e.op === "create" ? [] : [el("del", {}, value(name, e.before[name])), " → "];
    return el("div", {}, el("dt", {}, word("fields", name)), el("dd", {}, ...before, after));
  }));
  const lost = Object.entries(e.lost).map(([name, [kept, mine]]) => el("p", { className: "thin" },
    say("lost", { field: word("fields", name), kept: value(name, kept), mine: name === "state" ? word("verbs", mine) : value(name, mine) })));
  const late = Math.abs(Date.parse(e.received_at) - Date.parse(e.at)) > 120_000;
  const refused = ["conflict", "parked"].includes(e.status);
  return el("li", { className: refused ? "refused" : "" },
    el("p", { className: "deed" }, el("b", {}, e.who.name ?? (e.who.id === "system" ? say("system") : "—")),
      ...(step ? [standing(e.before.state), "→", standing(step)] : [say(`did-${e.op}`)]),
      refused ? el("b", { className: "late" }, say("notApplied"), e.why ? ` · ${word("why", e.why)}` : "") : ""),
    e.erased ? el("p", { className: "muted" }, say("erased")) : "",
    e.op === "create" ? el("details", {}, el("summary", {}, say("allFields", { n: changed.length })), changes) : changes,
    ...lost,
    el("p", { className: "muted" }, moment(e.at), late ? ` · ${say("receivedAt")} ${moment(e.received_at)}` : "",
      ` · ${say("device")} ${e.device.split("/")[0]} · ${say("entry")} #${e.seq} `, el("code", {}, e.hash.slice(0, 12))));
}

/** A field's value as people read it. */
function value(name, v) {
  if (v === null || v === undefined || v.length === 0) return "—";
  if (["state", "severity", "domain"].includes(name)) return word(name, v);
  if (["assignee", "found_by", "rectified_by"].includes(name)) return person(v);
  if (name === "due_on") return day(v);
  if (name.endsWith("_at")) return moment(v);
  if (name.endsWith("_e7")) return (v / 1e7).toFixed(6) + "°";
  if (Array.isArray(v)) return v.map((each) => each.text ?? each).join("、");
  return typeof v === "object" ? JSON.stringify(v) : String(v);
}

/** A history names people in values by id only: known is who also appears on the page. */
function person(id) {
  const known = [...opened.history.map((e) => e.who), ...opened.issue.comments.map((c) => c.author), opened.issue.assignee];
  return known.find((each) => each?.id === id)?.name ?? id.slice(-8);
}

// —— decisions ——

function acts() {
  const roles = whoami().posts.filter((p) => p.dossier === opened.issue.dossier).map((p) => p.role);
  const offered = Object.entries(STEPS)
    .filter(([, s]) => s.from.includes(opened.issue.state) && s.by.some((role) => roles.includes(role)));
  if (!offered.length) return [el("p", { className: "muted" }, say("noActions"))];
  return offered.map(([verb, { reason }]) => el("button", {
    type: "button", className: reason ? "grave" : "main", textContent: word("verbs", verb), onclick: () => decide(verb),
  }));
}

function decide(verb) {
  const { issue } = opened;
  const dialog = $("#decide");
  const required = Boolean(STEPS[verb].reason);
  $("h2", dialog).textContent = `${word("verbs", verb)}：${issue.title}`;
  $("p", dialog).textContent = say("decideHint");
  $("label span", dialog).textContent = say(required ? "reason" : "note");
  $("textarea", dialog).required = required;
  $("textarea", dialog).value = "";
  $(".main", dialog).textContent = word("verbs", verb);
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue === "yes") perform(step(issue, verb, $("textarea", dialog).value.trim()));
  };
  dialog.showModal();
}

async function perform(made) {
  const mine = opened;
  const notice = el("div", { className: "notice", role: "status" }, say("working"));
  mine.said = notice;
  $(".acts").replaceChildren(notice);
  try {
    const { outcome, issue } = await submit(made);
    replace(issue);
    if (mine !== opened) return;
    Object.assign(mine, { issue, history: [], older: null });
    notice.classList.add(["conflict", "parked"].includes(outcome.status) ? "wrong" : "well");
    notice.replaceChildren(...verdict(outcome, made.verb, issue));
    paint();
    await remember(mine);
  } catch (wrong) {
    if (mine !== opened) return;
    const unsure = ["network", "retry"].includes(wrong.remedy);
    explain(notice, wrong, () => perform(made), unsure ? ` ${say("sameChange")}` : "");
    if (!unsure) $(".acts").append(el("div", { className: "buttons" }, ...acts()));
  }
}

/** What became of a step, in words: done, or kept and why. */
function verdict(outcome, verb, issue) {
  const what = word("verbs", verb);
  const why = outcome.why ? `${word("why", outcome.why)} (${outcome.why})` : null;
  const next = outcome.remedy ? say(`next-${outcome.remedy}`) : null;
  return [
    el("strong", {}, say(outcome.status, { what }), outcome.replay ? say("replay") : ""),
    el("p", {}, [why, say("nowState", { state: word("state", issue.state) }), next].filter(Boolean).join(" · ")),
  ];
}

function replace(issue) {
  const at = queue.items.findIndex((each) => each.id === issue.id);
  if (at < 0) return;
  queue.items[at] = issue;
  $(`#row-${issue.id}`)?.replaceWith(row(issue));
}

// —— listening ——

const route = () => /^#\/issue\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;

async function enter() {
  frame();
  if (!whoami()) return $("#sign-in").username.focus();
  show(route(), { focus: false });
  load(true);
  try {
    projects = (await get("/api/v1/projects")).items;
    offer();
  } catch (wrong) {
    explain($("#queue-notice"), wrong, enter);
  }
}

$("#sign-in").onsubmit = async (event) => {
  event.preventDefault();
  const { username, password } = event.target;
  const button = $("button", event.target);
  button.disabled = true;
  try {
    await signIn(username.value.trim(), password.value);
    event.target.reset();
    $("#door .notice").replaceChildren();
    enter();
  } catch (wrong) {
    explain($("#door .notice"), wrong);
    password.select();
  }
  button.disabled = false;
};

$("#leave").onclick = () => {
  signOut();
  location.hash = "#/";
  location.reload(); // nothing of the person stays in memory
};

$("#language").onclick = () => {
  changeLanguage();
  frame();
  if (!whoami()) return;
  load(true);
  show(route(), { focus: false });
};

$("#filters").onsubmit = (event) => event.preventDefault();
$("#filters").onchange = ({ target }) => {
  if (target.tagName !== "SELECT") return;
  filter[target.name] = target.value;
  load(true);
};
$("#filters").overdue.onclick = () => {
  filter.overdue = !filter.overdue;
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
$("#more").onclick = async () => {
  const known = queue.items.length;
  await load(false);
  $("#rows").children[known]?.firstChild.focus();
};

function move(by) {
  const links = [...$("#rows").querySelectorAll("a")];
  const now = links.findIndex((a) => a === document.activeElement);
  const from = now >= 0 ? now : links.findIndex((a) => a.ariaCurrent === "true");
  const to = links[Math.max(0, from + by)] ?? $("#more");
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!whoami() || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (key === "Escape" && target.matches("input, select")) return target.blur();
  if (target.matches("input, select, textarea")) return;
  const within = target.closest("#detail"); // there the arrows scroll
  if (key === "j" || (key === "ArrowDown" && !within)) event.preventDefault(), move(1);
  else if (key === "k" || (key === "ArrowUp" && !within)) event.preventDefault(), move(-1);
  else if (key === "/") event.preventDefault(), $("#filters").text.focus();
  else if (key === "Escape" && opened) {
    const { id } = opened;
    location.hash = "#/";
    document.getElementById(`row-${id}`)?.firstChild.focus();
  }
});
addEventListener("hashchange", () => whoami() && show(route()));

enter();
