// An issue's history: who did what when, what was lost to whom, and the seal of each entry.

import { get } from "./house.js";
import { $, alarm, day, el, moment, standing } from "./parts.js";
import { explain } from "./trouble.js";
import { say, word } from "./words.js";

/** The next page of the history of the issue that is `shown` (issue.js), into the place kept for it. */
export async function remember(shown) {
  const where = $("#history");
  const before = shown.older ? `?before=${shown.older}` : "";
  try {
    const { dossier, id } = shown.issue;
    const page = await get(`/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${id}/history${before}`, shown.loading.signal);
    shown.history = [...shown.history, ...page.items];
    shown.older = page.next;
    if (!shown.loading.signal.aborted) tell(shown, where);
  } catch (wrong) {
    const notice = alarm();
    where.replaceChildren(notice);
    explain(notice, wrong, () => remember(shown));
  }
}

function tell(shown, where) {
  const older = el("button", { type: "button", textContent: say("older"), onclick: () => remember(shown) });
  where.replaceChildren(el("ol", { className: "history" }, ...shown.history.map((e) => entry(shown, e))), shown.older ? older : "");
}

function entry(shown, e) {
  const step = e.op === "update" && e.after.state;
  const changed = Object.keys(e.after).filter((name) => !(step && name === "state"));
  const changes = el("dl", { className: "changes" }, ...changed.map((name) => {
    const after = el("ins", {}, value(shown, name, e.after[name]));
    const before = e.op === "create" ? [] : [el("del", {}, value(shown, name, e.before[name])), " → "];
    return el("div", {}, el("dt", {}, word("fields", name)), el("dd", {}, ...before, after));
  }));
  const lost = Object.entries(e.lost).filter(([, [, , mode]]) => mode === "review").map(([name, [kept, given]]) => el("p", { className: "thin" },
    say("lost", { field: word("fields", name), kept: value(shown, name, kept), mine: name === "state" ? word("verbs", given) : value(shown, name, given) })));
  const late = Math.abs(Date.parse(e.received_at) - Date.parse(e.at)) > 120_000;
  const refused = e.status === "parked" || (e.status === "conflict" && Object.keys(e.after).length === 0);
  return el("li", { className: refused ? "refused" : "" },
    el("p", { className: "deed" }, el("b", {}, e.who.name ?? (e.who.id === "system" ? say("system") : "—")),
      ...(step ? [standing(e.before.state), "→", standing(step)] : [say(`did-${e.op}`)]),
      refused ? el("b", { className: "late" }, say("notApplied"), e.why ? ` · ${word("why", e.why)}` : "") : ""),
    e.erased ? el("p", { className: "muted" }, say("erased")) : "",
    e.op === "create" ? el("details", {}, el("summary", {}, say("allFields", { n: changed.length })), changes) : changes,
    ...lost,
    e.reason ? el("p", {}, e.reason) : "",
    el("p", { className: "muted" }, moment(e.at), late ? ` · ${say("receivedAt")} ${moment(e.received_at)}` : "",
      ` · ${say("device")} ${e.device.split("/")[0]} · ${say("entry")} #${e.seq} `, e.signed ? `· ${say("deviceSigned")} ` : "", el("code", {}, e.hash.slice(0, 12))));
}

/** A field's value as people read it. */
function value(shown, name, v) {
  if (v === null || v === undefined || v.length === 0) return "—";
  if (["state", "severity", "domain"].includes(name)) return word(name, v);
  if (["assignee", "found_by", "rectified_by"].includes(name)) return person(shown, v);
  if (name === "due_on") return day(v);
  if (name.endsWith("_at")) return moment(v);
  if (name.endsWith("_e7")) return (v / 1e7).toFixed(6) + "°";
  if (Array.isArray(v)) return v.map((each) => each.text ?? each).join("、");
  return typeof v === "object" ? JSON.stringify(v) : String(v);
}

/** A history names people in values by id only: known is who also appears on the page. */
function person(shown, id) {
  const known = [...shown.history.map((e) => e.who), ...shown.issue.comments.map((c) => c.author), shown.issue.assignee];
  return known.find((each) => each?.id === id)?.name ?? id.slice(-8);
}
