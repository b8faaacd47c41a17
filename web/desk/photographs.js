// Photographs: fetched with the token, shown small in their place or large on request.

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

export function enlarge(photo) {
  const loading = new AbortController();
  const large = photograph(photo, photo.original, loading.signal);
  const facts = [moment(photo.taken_at), photo.name, `SHA-256 ${photo.sha256}`].filter(Boolean).join(" · ");
  $("#viewer figure").replaceChildren(large, el("figcaption", {}, photo.caption ?? "", el("small", {}, facts)));
  $("#viewer").onclose = () => (loading.abort(), $("#viewer figure").replaceChildren());
  $("#viewer").showModal();
}
