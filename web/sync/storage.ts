/** How the phone's own storage stands: whether it is ours to keep, and how much room is left. */

import type { Tables } from "./tables.ts";

const LITTLE = 200 * 1024 * 1024; // some forty photographs

export interface Room {
  /** The browser has promised not to clear it; null where it does not say. */
  kept: boolean | null;
  used: number | null;
  free: number | null;
  little: boolean;
}

/** Ask to keep what is stored; browsers grant it to installed apps, and others may ask the person. */
export async function askToKeep(): Promise<boolean | null> {
  const storage = globalThis.navigator?.storage;
  return storage?.persist ? storage.persist() : null;
}

export async function room(): Promise<Room> {
  const storage = globalThis.navigator?.storage;
  const kept = storage?.persisted ? await storage.persisted() : null;
  const { usage, quota } = storage?.estimate ? await storage.estimate() : {};
  if (usage === undefined || quota === undefined) return { kept, used: null, free: null, little: false };
  return { kept, used: usage, free: quota - usage, little: quota - usage < LITTLE };
}

export interface Unsent {
  /** Records with changes that the house has not taken in, by kind. */
  records: Record<string, number>;
  /** Photographs whose bytes the house does not call stored. */
  photos: number;
  recordings: number;
  /** Changes that a person has to put right. */
  invalid: number;
  refusedPhotos: number;
}

/** What is not home yet, in things that people recognise. */
export async function unsent(db: Tables): Promise<Unsent> {
  const waiting = await db.outbox.where("state").equals("new").toArray();
  const records: Record<string, number> = {};
  const seen = new Set<string>();
  for (const { record, change } of waiting) {
    if (seen.has(record)) continue;
    seen.add(record);
    records[change.kind] = (records[change.kind] ?? 0) + 1;
  }
  const media = await db.media.where("state").anyOf("kept", "sent").toArray();
  const invalid = await db.outbox.where("state").equals("invalid").count();
  const recordings = media.filter(({ mime }) => mime.startsWith("audio/")).length;
  const refused = media.filter((row) => row.fault !== null).length;
  return { records, photos: media.length - recordings, recordings, invalid, refusedPhotos: refused };
}

/** Kinds whose records stand beside bytes, and are counted by them. */
export const BY_BYTES = ["photo", "attachment"];

/** How many things that is: a photograph counts once, by its bytes. */
export const total = ({ records, photos, recordings }: Unsent): number =>
  Object.entries(records).reduce((sum, [kind, n]) => sum + (BY_BYTES.includes(kind) ? 0 : n), photos + recordings);
