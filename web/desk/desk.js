// The supervisors' page: the door, the frame, the keys. The queue and the issue are modules of their own.

import { signIn, signOut, whoami } from "./house.js";
import { show } from "./issue.js";
import { $, route } from "./parts.js";
import { load, loadProjects, move, offer } from "./queue.js";
import { explain } from "./trouble.js";
import { changeLanguage, language, say } from "./words.js";

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

async function enter() {
  frame();
  if (!whoami()) return $("#sign-in").username.focus();
  show(route(), { focus: false });
  load(true);
  try {
    await loadProjects();
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
  if (!whoami() || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
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
addEventListener("lapsed", frame); // trouble.js: the session has ended
addEventListener("hashchange", () => whoami() && show(route()));

enter();
