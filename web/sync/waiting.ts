/** Which photographs' bytes may go. */

import type { MediaRow, Tables } from "./tables.ts";

/** Photographs that may go now: kept here, and their record is already with the house. */
export async function waitingBytes(db: Tables): Promise<MediaRow[]> {
  const rows = await db.media
    .where("state")
    .equals("kept")
    .and((row) => row.fault === null)
    .toArray();
  const unsent = new Set((await db.outbox.where("state").equals("new").toArray()).map((row) => row.record));
  return rows.filter((row) => !unsent.has(row.photo)).sort((a, b) => (a.photo < b.photo ? -1 : 1));
}
