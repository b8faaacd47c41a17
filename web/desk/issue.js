// One issue: its evidence, its facts, what was said about it, and the steps taken here.

import { remember } from "./history.js";
import { get, step, submit } from "./house.js";
import { $, alarm, badge, deadline, el, evidence, moment, sides, standing } from "./parts.js";
import { attached, enlarge, photograph } from "./photographs.js";
import { replace } from "./queue.js";
import { acts, verdict } from "./steps.js";
import { explain } from "./trouble.js";
import { say, word } from "./words.js";

let opened = null; // {issue, history, older, loading, said} of the issue in the detail pane

export async function show(id, { focus = true } = {}) {
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
    issue.attachments.length ? el("section", {}, el("h3", {}, say("attachments")),
      el("ul", { className: "said" }, ...issue.attachments.map(attached))) : "",
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
    el("footer", { className: "acts" }, opened.said ?? "", el("div", { className: "buttons" }, ...buttons())),
  );
}

function figure(photo, signal) {
  const button = el("button", { type: "button", className: "frame", ariaLabel: `${say("enlarge")}: ${photo.caption ?? ""}` },
    photograph(photo, photo.thumbnail, signal));
  button.disabled = !photo.original;
  button.onclick = () => enlarge(photo);
  return el("figure", {}, button, el("figcaption", {}, photo.caption ?? "", el("small", {}, moment(photo.taken_at))));
}

/** The steps open in this state; a press freezes the step as the issue stands on the screen. */
function buttons() {
  const { issue } = opened;
  return acts(issue, (verb, note, fields) => perform(step(issue, verb, note, fields)));
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
    if (!unsure) $(".acts").append(el("div", { className: "buttons" }, ...buttons()));
  }
}
