/** A device's way out: what is not home is counted, what the house told goes, and in the end all goes. */

import { total, unsent } from "./storage.ts";
import { BROUGHT, NAMES, type Tables, TRACES } from "./tables.ts";

/** What would be lost if all of it went now: unsent records and photographs, refused ones, drafts. */
export async function remaining(db: Tables): Promise<number> {
  const told = await unsent(db);
  return total(told) + told.invalid + (await db.drafts.count());
}

/**
 * The house takes nothing more from here: what it told goes, as with lost access, and so does what it has taken in.
 * What was made here and is not home stays, for its author to carry out.
 */
export async function letGoOfTheirs(db: Tables): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    const mine = new Set(await db.media.where("state").anyOf("kept", "sent").primaryKeys());
    for (const draft of await db.drafts.toArray()) for (const shot of draft.shots) mine.add(shot.photo);
    for (const table of [db.media, db.bytes, db.previews]) {
      await table.bulkDelete((await table.toCollection().primaryKeys()).filter((photo) => !mine.has(photo)));
    }
    await db.outbox.where("state").anyOf("acked", "retained").delete();
    await db.meta.where("key").startsWithAnyOf(NAMES, TRACES, BROUGHT).delete();
    await db.shadow.clear();
    await db.cursors.clear();
  });
}
