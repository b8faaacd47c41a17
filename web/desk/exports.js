// Exports: ask for the queue as a file, see how far it is, fetch it.

import { get, picture, post, remove, uuid7 } from "./house.js";
import { $, el, moment } from "./parts.js";
import { present } from "./queue.js";
import { explain } from "./trouble.js";
import { say, word } from "./words.js";

const FORMS = ["xlsx", "csv", "pdf"];
const UNDER_WAY = ["waiting", "working"];
const POLL_MS = 1_000;
const dialog = $("#export");
const notice = $(".notice", dialog);
let asking = 0; // the latest question alone paints

$("#filters").export.onclick = () => {
  notice.replaceChildren();
  offerForms();
  dialog.showModal();
  refresh();
};
dialog.onclose = () => (asking += 1);

function offerForms() {
  $(".forms", dialog).replaceChildren(...FORMS.map((form) =>
    el("button", { type: "button", className: "main", textContent: say(`as-${form}`), onclick: () => ask(form, uuid7()) })));
}

async function ask(form, id) {
  notice.replaceChildren();
  try {
    await post("/api/v1/exports", { id, form, ...present() });
  } catch (wrong) {
    return explain(notice, wrong, () => ask(form, id)); // the same wish, not a second one
  }
  refresh();
}

/** The list now, and again each second as long as something is under way and the dialog is open. */
async function refresh() {
  const mine = (asking += 1);
  try {
    const { items } = await get("/api/v1/exports");
    if (mine !== asking) return;
    paint(items);
    if (items.some((one) => UNDER_WAY.includes(one.state))) setTimeout(() => mine === asking && refresh(), POLL_MS);
  } catch (wrong) {
    if (mine === asking) explain(notice, wrong, refresh);
  }
}

function paint(items) {
  const none = el("li", { className: "muted" }, say("noExports"));
  $(".exports", dialog).replaceChildren(...(items.length ? items.map(line) : [none]));
}

function line(one) {
  const { state, rows_done: done, rows_total: total } = one;
  const told = UNDER_WAY.includes(state) ? say("rowsOf", { done, total }) : say("rows", { n: done });
  const until = state === "ready" ? ` · ${say("keptUntil", { at: moment(one.expires_at) })}` : "";
  const why = one.why ? ` · ${word("why", one.why)}` : "";
  const bar = el("progress", { max: Math.max(total, 1), value: done, ariaLabel: say(`export-${state}`) });
  const act = (name, onclick) => el("button", { type: "button", textContent: say(name), onclick });
  return el("li", {},
    el("p", {}, el("b", {}, say(`as-${one.form}`)), ` ${say(`export-${state}`)}`),
    UNDER_WAY.includes(state) ? bar : "",
    el("p", { className: "muted" }, `${moment(one.asked_at)} · ${told}${until}${why}`),
    el("div", { className: "buttons" },
      one.file ? act("save", ({ target }) => fetchFile(one, target)) : "",
      act(UNDER_WAY.includes(state) ? "cancel" : "dropExport", () => giveUp(one))));
}

async function fetchFile(one, button) {
  button.disabled = true;
  try {
    const href = await picture(one.file);
    el("a", { href, download: `${say("queue")}-${one.made_at.slice(0, 10)}.${one.form}` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it meanwhile
  } catch (wrong) {
    explain(notice, wrong);
  }
  button.disabled = false;
}

async function giveUp(one) {
  try {
    await remove(one.address);
  } catch (wrong) {
    if (wrong.status !== 404) return explain(notice, wrong);
  }
  refresh();
}
