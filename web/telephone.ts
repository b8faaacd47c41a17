/** Telephone numbers as people type them, and as they are kept: what server/contacts/rules.py says, on a device. */

const MOBILE = /^1[3-9]\d{9}$/;
const LANDLINE = /^(010|02\d|0[3-9]\d{2})-?([2-9]\d{6,7})(?:-(\d{1,6}))?$/;
const ABROAD = /^\+(?!86)[1-9]\d{7,14}$/; // E.164

/** `13800000001`, `010-64000001-801`, `+85290000001`; null where it is no number. */
export function normal(said: string): string | null {
  const bare = said
    .normalize("NFKC")
    .replace(/[\s().·]+/g, "")
    .replaceAll("转", "-")
    .replace(/[‐‑‒–—−]/g, "-")
    .replace(/^00/, "+");
  const home = bare.replace(/^\+86-?/, "");
  const flat = home.replaceAll("-", "");
  if (MOBILE.test(flat)) return flat;
  if (home.startsWith("+")) return ABROAD.test(flat) ? flat : null;
  // Where the country is said, the area code goes without its zero.
  const found = LANDLINE.exec(home === bare || home.startsWith("0") ? home : `0${home}`);
  return found ? found.slice(1).filter(Boolean).join("-") : null;
}

/** Where a tap leads (RFC 3966); an extension is dialled after a pause. Null for what is no number, or none any more. */
export function dial(kept: string): string | null {
  if (normal(kept) !== kept) return null;
  const [area = "", local, extension] = kept.split("-");
  return `tel:${area}${local ?? ""}${extension ? `,${extension}` : ""}`;
}

/** As it is read out: `138 0000 0001`. */
export const spaced = (kept: string): string =>
  MOBILE.test(kept) ? kept.replace(/^(.{3})(.{4})(.{4})$/, "$1 $2 $3") : kept;
