/** What is being drawn over photographs: kept in this tab until the house has it, whatever becomes of the page. */

import { joined, pieces, WIDE } from "../drawing/strokes.ts";
import { uuid7 } from "../sync/ids.ts";
import { type Made, made, type Outcome, push } from "./changes.ts";
import { me, Problem, type Said } from "./house.ts";

export type Markup = Said<"Markup">;

/** A drawing that the house does not have yet. */
export interface Drawing {
  readonly drawn: readonly string[];
  readonly caption: string;
  /** What it alters, as it stood on the screen; null where it is new. */
  readonly of: Pick<Markup, "id" | "version" | "width" | "height"> | null;
  /** The change on its way: while nobody knows whether it arrived, only the same is sent again. */
  readonly sent: Made | null;
}

export const EMPTY: Drawing = { drawn: [], caption: "", of: null, sent: null };
export const altering = (mark: Markup): Drawing => ({
  drawn: pieces(mark.strokes),
  caption: mark.caption ?? "",
  of: mark,
  sent: null,
});

// By person: on a shared computer nobody finds, and nobody loses, what another one drew.
const key = (photo: string): string => `xunjian.drawing.${me()?.id ?? ""}.${photo}`;

export const kept = (photo: string): Drawing | null =>
  JSON.parse(sessionStorage.getItem(key(photo)) ?? "null") as Drawing | null;

export const keep = (photo: string, drawing: Drawing): void =>
  sessionStorage.setItem(key(photo), JSON.stringify(drawing));

export const drop = (photo: string): void => sessionStorage.removeItem(key(photo));

interface Photographed {
  id: string;
  audience: string;
}

/** The change that brings a drawing in; `ratio` is the photograph's height for its width. */
export function written(photo: Photographed, ratio: number, { drawn, caption, of }: Drawing): Made {
  const said = { strokes: { set: joined(drawn) }, caption: { set: caption.trim() || null } };
  if (of) return made({ op: "update", kind: "markup", record: of.id, version: of.version, fields: said });
  const measure = { width: { set: WIDE }, height: { set: Math.round(WIDE * ratio) } };
  const fields = { photo: { set: photo.id }, ...measure, strokes: said.strokes };
  return made({
    op: "create",
    kind: "markup",
    record: uuid7(),
    audience: photo.audience, // who sees the photograph sees what points at something in it
    fields: caption.trim() ? { ...fields, caption: said.caption } : fields,
  });
}

/**
 * Send a drawing. What the house has, in its records or before a reviewer, is kept here no longer; all else stays:
 * under the same change where nobody knows whether it arrived, free to be altered where it was refused.
 * Throws Problem.
 */
export async function bring(dossier: string, photo: Photographed, ratio: number, drawing: Drawing): Promise<Outcome> {
  const sent = drawing.sent ?? written(photo, ratio, drawing);
  keep(photo.id, { ...drawing, sent });
  let outcome: Outcome;
  try {
    outcome = await push(sent)(dossier);
  } catch (wrong) {
    if (!(wrong instanceof Problem && wrong.unsure)) keep(photo.id, { ...drawing, sent: null });
    throw wrong;
  }
  if (["invalid", "retry"].includes(outcome.status)) keep(photo.id, { ...drawing, sent: null });
  else drop(photo.id);
  return outcome;
}
