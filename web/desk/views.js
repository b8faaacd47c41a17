// Saved views: pick one, keep the present filters as one, let go of one.

import { get, put, remove, uuid7 } from "./house.js";
import { $, el } from "./parts.js";
import { apply, present } from "./queue.js";
import { explain } from "./trouble.js";
import { say } from "./words.js";

const form = $("#filters");
let views = [];
let chosen = null; // the view that was picked last

/** The list at once, the counts when they have come. */
export async function loadViews() {
  for (const counts of [false, true]) {
    views = (await get(`/api/v1/views?counts=${counts}`)).items;
    chosen = views.find((view) => view.id === chosen?.id) ?? null;
    offerViews();
  }
}

export function offerViews() {
  const option = (view) => el("option", {
    value: view.id, selected: view.id === chosen?.id,
    textContent: view.count ? say("viewCount", { name: view.name, ...view.count }) : view.name,
  });
  const group = (label, list) => (list.length ? [el("optgroup", { label }, ...list.map(option))] : []);
  form.view.replaceChildren(
    el("option", { value: "", textContent: say("noView"), selected: !chosen }),
    ...group(say("ownViews"), views.filter((view) => view.mine)),
    ...group(say("sharedViews"), views.filter((view) => !view.mine)),
  );
  form.drop.hidden = !chosen?.mine;
}

async function refresh() {
  try {
    await loadViews();
  } catch (wrong) {
    explain($("#queue-notice"), wrong, refresh);
  }
}

form.view.onchange = ({ target }) => {
  chosen = views.find((view) => view.id === target.value) ?? null;
  form.drop.hidden = !chosen?.mine;
  if (chosen) apply(chosen);
};

form.keep.onclick = () => {
  const dialog = $("#keep");
  const [fields, notice] = [$("form", dialog), $(".notice", dialog)];
  const fresh = uuid7(); // each press of the button again says the same
  notice.replaceChildren();
  fields.elements.name.value = chosen?.mine ? chosen.name : "";
  fields.shared.checked = Boolean(chosen?.mine && chosen.shared);
  fields.onsubmit = async (event) => {
    if (event.submitter.value !== "yes") return;
    event.preventDefault();
    const name = fields.elements.name.value.trim();
    const id = chosen?.mine && chosen.name === name ? chosen.id : fresh;
    try {
      chosen = await put(`/api/v1/views/${id}`, { name, shared: fields.shared.checked, ...present() });
    } catch (wrong) {
      return explain(notice, wrong);
    }
    dialog.close();
    refresh();
  };
  dialog.showModal();
};

form.drop.onclick = async () => {
  if (!confirm(say("dropViewAsk", { name: chosen.name }))) return;
  try {
    await remove(`/api/v1/views/${chosen.id}`);
  } catch (wrong) {
    if (wrong.status !== 404) return explain($("#queue-notice"), wrong);
  }
  refresh();
};
