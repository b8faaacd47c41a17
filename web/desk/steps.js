// The steps of an issue that may be taken here: which, by whom, with what said, and what came of it.

import { $, el } from "./parts.js";
import { DEPARTMENTS, say, word } from "./words.js";

// The server says which steps are open (`issue.steps`). The site receives, begins and replies, with
// photographs: these are not the desk's.
const SITES = ["receive", "begin", "reply"];
const GRAVE = ["dismiss", "fail", "withdraw", "return", "refer"]; // a reason is asked for

/** A button for each step open to this person; `take(verb, note, fields)` is called once it is confirmed. */
export function acts(issue, take) {
  const offered = issue.steps.filter((step) => !SITES.includes(step.do));
  if (!offered.length) return [el("p", { className: "muted" }, say("noActions"))];
  return offered.map((step) => el("button", {
    type: "button", className: GRAVE.includes(step.do) ? "grave" : "main", textContent: word("verbs", step.do),
    onclick: () => decide(issue, step, take),
  }));
}

/** What a step needs and the issue does not say yet: a department to choose, or words. */
function asked(name) {
  const input = name === "referred_to"
    ? el("select", { name, required: true }, ...Object.keys(DEPARTMENTS).map((code) => el("option", { value: code }, word("department", code))))
    : el("input", { name, required: true, maxLength: 400 });
  return el("label", {}, el("span", {}, word("fields", name)), input);
}

function decide(issue, { do: verb, needs }, take) {
  const dialog = $("#decide");
  const required = GRAVE.includes(verb);
  $(".needs", dialog).replaceChildren(...needs.map(asked));
  $("h2", dialog).textContent = `${word("verbs", verb)}：${issue.title}`;
  $("p", dialog).textContent = say("decideHint");
  $(".note span", dialog).textContent = say(required ? "reason" : "note");
  $("textarea", dialog).required = required;
  $("textarea", dialog).value = "";
  $(".main", dialog).textContent = word("verbs", verb);
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    const said = needs.map((name) => [name, { set: $(`[name=${name}]`, dialog).value.trim() }]);
    take(verb, $("textarea", dialog).value.trim(), Object.fromEntries(said));
  };
  dialog.showModal();
}

/** What became of a step, in words: done, or kept and why. */
export function verdict(outcome, verb, issue) {
  const what = word("verbs", verb);
  const why = outcome.why ? `${word("why", outcome.why)} (${outcome.why})` : null;
  const next = outcome.remedy ? say(`next-${outcome.remedy}`) : null;
  return [
    el("strong", {}, say(outcome.status, { what }), outcome.replay ? say("replay") : ""),
    el("p", {}, [why, say("nowState", { state: word("state", issue.state) }), next].filter(Boolean).join(" · ")),
  ];
}
