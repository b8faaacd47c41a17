/** Others' pictures and files, kept here once they were seen, for when there is no line. */

import { BROUGHT, type Tables } from "./tables.ts";

const ROOM = 256 * 1024 * 1024; // bytes of a weak phone's disk; over that, what was brought longest ago goes
const SMALL = 128 * 1024; // what a list shows of a photograph is not counted: it goes with its record

interface Brought {
  size: number;
  at: number;
}

/** Keep it while its record is read here, or was made here: access may have gone while it came. */
export async function keepBrought(db: Tables, record: string, bytes: ArrayBuffer, room = ROOM): Promise<void> {
  await db.transaction("rw", db.shadow, db.media, db.previews, db.meta, async () => {
    const read = (await db.shadow.where("record").equals(record).count()) > 0;
    if (!read && !(await db.media.get(record))) return;
    await db.previews.put({ photo: record, bytes });
    if (bytes.byteLength <= SMALL) return;
    await db.meta.put({ key: BROUGHT + record, value: { size: bytes.byteLength, at: Date.now() } });
    await makeRoom(db, record, room);
  });
}

async function makeRoom(db: Tables, newest: string, room: number): Promise<void> {
  const rows = await db.meta.where("key").startsWith(BROUGHT).toArray();
  const named = rows.map(({ key, value }) => ({ record: key.slice(BROUGHT.length), ...(value as Brought) }));
  const here = new Set(
    await db.previews
      .where("photo")
      .anyOf(named.map(({ record }) => record))
      .primaryKeys(),
  );
  let sum = 0;
  const gone = named
    .sort((a, b) => Number(b.record === newest) - Number(a.record === newest) || b.at - a.at)
    .filter(({ record, size }, index) => !here.has(record) || ((sum += size) > room && index > 0))
    .map(({ record }) => record);
  await db.previews.bulkDelete(gone);
  await db.meta.bulkDelete(gone.map((record) => BROUGHT + record));
}
