// The steps of an issue that may be taken here: which, by whom, with what said, and what came of it.

import { whoami } from "./house.js";
import { $, el } from "./parts.js";
import { say, word } from "./words.js";

// From which states, and for which roles, the server allows each step (server/issues/records/issue.py).
const STEPS = {
  confirm: { from: ["submitted"], by: ["inspector", "supervisor"] },
  issue: { from: ["confirmed"], by: ["inspector", "supervisor"] },
  pass: { from: ["replied"], by: ["inspector", "supervisor"] },
  close: { from: ["passed"], by: ["supervisor"] },
  fail: { from: ["replied"], by: ["inspector", "supervisor"], reason: true },
  dismiss: { from: ["submitted", "confirmed"], by: ["supervisor"], reason: true },
};

/** A button for each step open to this person; `take(verb, note)` is called once it is confirmed. */
export function acts(issue, take) {
  const roles = whoami().posts.filter((p) => p.dossier === issue.dossier).map((p) => p.role);
  const offered = Object.entries(STEPS)
    .filter(([, s]) => s.from.includes(issue.state) && s.by.some((role) => roles.includes(role)));
  if (!offered.length) return [el("p", { className: "muted" }, say("noActions"))];
  return offered.map(([verb, { reason }]) => el("button", {
    type: "button", className: reason ? "grave" : "main", textContent: word("verbs", verb), onclick: () => decide(issue, verb, take),
  }));
}

function decide(issue, verb, take) {
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
    if (dialog.returnValue === "yes") take(verb, $("textarea", dialog).value.trim());
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
