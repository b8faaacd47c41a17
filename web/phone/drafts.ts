/** Work in progress: a row from the first keystroke, so that a killed page loses not a letter. */

import { signal } from "@preact/signals";

import type { Value } from "../sync/canonical.ts";
import { uuid7 } from "../sync/ids.ts";
import type { DraftRow } from "../sync/tables.ts";
import { type Taken, take } from "./camera.ts";
import { atWork } from "./house.ts";
import { tell } from "./live.ts";
import { path } from "./route.ts";
import { say } from "./words.ts";

/** A new draft of a kind, not kept before something is in it. */
export function begin(kind: string, values: Record<string, Value> = {}): DraftRow {
  const id = uuid7();
  return { id, kind, route: path("new", kind, id), saved: Date.now(), values, shots: [] };
}

let writing: Promise<unknown> = Promise.resolve();
/** Photographs that a draft names and the disk does not hold yet: nobody is shown what a kill would take. */
export const unkept = signal<readonly string[]>([]);

/** Keep the draft as it now is. Writes follow each other: the last one stands. */
export function keep(draft: DraftRow, taken?: Taken): Promise<void> {
  const { replica } = atWork();
  const row = { ...draft, saved: Date.now() };
  const bytes = taken && { photo: taken.shot.photo, bytes: taken.bytes, preview: taken.preview };
  const written = writing.then(() => replica.keep(row, bytes));
  writing = written.catch((wrong: unknown) => tell(`${say("storageFailed")} (${String(wrong)})`));
  return written;
}

/**
 * Take a photograph into a draft: bytes and draft in one transaction, and nothing is shown without them.
 * `latest` is asked when the photograph is ready, and `hold` told at once: hashing takes a moment, and
 * people type and take the next one meanwhile.
 */
export async function shoot(latest: () => DraftRow, file: File, hold: (draft: DraftRow) => void): Promise<void> {
  await add(latest, await take(atWork().replica, file), hold);
}

/** The same for what was taken already: a recording. */
export async function add(latest: () => DraftRow, taken: Taken, hold: (draft: DraftRow) => void): Promise<void> {
  const draft = latest();
  const longer = { ...draft, shots: [...draft.shots, taken.shot] };
  const { photo } = taken.shot;
  unkept.value = [...unkept.value, photo];
  hold(longer);
  try {
    await keep(longer, taken);
  } catch (wrong) {
    const now = latest();
    hold({ ...now, shots: now.shots.filter((shot) => shot.photo !== photo) });
    throw wrong;
  } finally {
    unkept.value = unkept.value.filter((other) => other !== photo);
  }
}

/** All writes so far are on the disk. */
export const settled = (): Promise<unknown> => writing;
