/** Bringing everything home: text first, then bytes, then the receipts for them. */

import { expired, type HttpLine } from "./line.ts";
import type { Replica } from "./replica.ts";
import type { Attempt } from "./rhythm.ts";
import type { Tables } from "./tables.ts";
import { waitingBytes } from "./waiting.ts";

const UPLOADS = "/api/v1/uploads";

/** One attempt. Throws what the line throws; whatever was answered before that is kept. */
export async function bringHome(
  replica: Replica,
  line: HttpLine,
  base: string,
  progress?: (photo: string, share: number) => void,
): Promise<Attempt> {
  const before = await tally(replica.db);
  await replica.sync(line);
  if ((await waitingBytes(replica.db)).length) {
    // A fifth of all the code, and only needed where there is a line: the first page does without it.
    const { sendBytes } = await import("./uploads.ts");
    const written = async (): Promise<void> => {
      if ((await tally(replica.db)).changes) await replica.sync(line);
    };
    const place = { endpoint: base + UPLOADS, token: () => line.current() };
    const send = (): Promise<void> => sendBytes(replica.db, place, written, progress);
    await send().catch(async (wrong: unknown) => {
      if (!line.renewal || !expired(wrong)) throw wrong;
      await line.renew();
      await send();
    });
    await replica.sync(line); // the receipts
  }
  const after = await tally(replica.db);
  return { left: after.left, moved: after.told !== before.told };
}

/** What still has to go, without what only a person can put right. */
async function tally(db: Tables): Promise<{ changes: number; left: boolean; told: string }> {
  const changes = await db.outbox.where("state").equals("new").primaryKeys();
  const media = (await db.media.where("state").anyOf("kept", "sent").toArray()).filter((row) => row.fault === null);
  const told = JSON.stringify([changes, media.map(({ photo, state }) => [photo, state])]);
  return { changes: changes.length, left: changes.length > 0 || media.length > 0, told };
}
