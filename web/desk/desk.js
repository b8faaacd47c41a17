// The supervisors' page: the door, the frame, the keys. Queue, issue and measures are modules of their own.

import "./exports.js";
import { signIn, signOut, whoami } from "./house.js";
import { show } from "./issue.js";
import { loadMeasures, offerMeasures } from "./measures.js";
import { $, route } from "./parts.js";
import { load, loadProjects, move, offer } from "./queue.js";
import { explain } from "./trouble.js";
import { loadViews, offerViews } from "./views.js";
import { changeLanguage, language, say } from "./words.js";

function frame() {
  const me = whoami();
  document.documentElement.lang = language();
  document.title = `${say("product")} · ${say("desk")}`;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of document.querySelectorAll("[data-hint]")) each.placeholder = say(each.dataset.hint);
  for (const each of document.querySelectorAll("[data-name]")) each.ariaLabel = say(each.dataset.name);
  $("#door").hidden = Boolean(me);
  $("#leave").hidden = $("#rooms").hidden = !me;
  $("#work").hidden = !me || measuring();
  $("#figures").hidden = !me || !measuring();
  $("#me").textContent = me?.name ?? "";
  $("#me").title = me?.title ?? "";
  for (const each of $("#rooms").children) each.ariaCurrent = String((each.hash === MEASURES) === measuring());
  if (me) offer(), offerViews(), offerMeasures();
}

const MEASURES = "#/measures";
const measuring = () => location.hash === MEASURES;

/** What the address names: the measures, or the queue and perhaps an issue of it. */
function go() {
  frame();
  if (measuring()) loadMeasures();
  else show(route());
}

async function enter() {
  frame();
  if (!whoami()) return $("#sign-in").username.focus();
  if (measuring()) loadMeasures();
  show(route(), { focus: false });
  load(true);
  try {
    await loadProjects();
    await loadViews();
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

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!whoami() || measuring() || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (key === "Escape" && target.matches("input, select")) return target.blur();
  if (target.matches("input, select, textarea")) return;
  const within = target.closest("#detail"); // there the arrows scroll
  if (key === "j" || (key === "ArrowDown" && !within)) event.preventDefault(), move(1);
  else if (key === "k" || (key === "ArrowUp" && !within)) event.preventDefault(), move(-1);
  else if (key === "/") event.preventDefault(), $("#filters").text.focus();
  else if (key === "Escape" && route()) {
    const id = route();
    location.hash = "#/";
    document.getElementById(`row-${id}`)?.firstChild.focus();
  }
});
addEventListener("lapsed", () => { // trouble.js: the session has ended
  $("dialog[open]")?.close();
  frame();
});
addEventListener("hashchange", () => whoami() && go());

enter();
