// Photographs: fetched with the token, shown small in their place or large on request. Attachments: saved.

import { picture } from "./house.js";
import { $, el, moment } from "./parts.js";
import { say } from "./words.js";

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) seen.unobserve(target), target.show();
  }
}, { rootMargin: "300px" });

/** A photograph fetched with the token once it comes near the screen; its blob: URL lives until it is drawn. */
export function photograph(photo, path, signal) {
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

// Not from the store itself, which a script of this page may not speak to.
const here = ({ original }) => `${original}&via=server`;

export function enlarge(photo) {
  const loading = new AbortController();
  const large = photograph(photo, here(photo), loading.signal);
  const facts = [moment(photo.taken_at), photo.name, `SHA-256 ${photo.sha256}`].filter(Boolean).join(" · ");
  $("#viewer figure").replaceChildren(large, el("figcaption", {}, photo.caption ?? "", el("small", {}, facts)));
  $("#viewer").onclose = () => (loading.abort(), $("#viewer figure").replaceChildren());
  $("#viewer").showModal();
}

/** A video or a paper: never shown in place, only saved, under the name that it came with. */
export function attached(file) {
  const megabytes = `${(file.size / 1e6).toFixed(1)} MB`;
  const facts = [file.taken_at && moment(file.taken_at), megabytes, file.caption].filter(Boolean).join(" · ");
  const button = el("button", { type: "button" }, say("save"));
  button.disabled = !file.original;
  button.onclick = async () => {
    button.disabled = true;
    try {
      const href = await picture(here(file));
      el("a", { href, download: file.name ?? file.sha256.slice(0, 12) }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it meanwhile
      button.disabled = false;
    } catch {
      button.textContent = say("notSaved");
      button.disabled = false;
    }
  };
  const name = el("b", {}, file.name ?? file.mime);
  return el("li", {}, name, el("p", { className: "muted" }, file.original ? facts : say("awaitedFile")), button);
}
