/** Work that was carried out of a phone by hand, brought in on another one by its author: the way back of export.ts. */

import { sha256 } from "./canonical.ts";
import type { Change } from "./change.ts";
import { type Author, BLOCK, bytesName, type Carried, type Contents, type Tally } from "./export.ts";
import { SEEN } from "./stamp.ts";
import type { DraftRow, OutboxRow, Tables } from "./tables.ts";

/** Why a file is not taken in. */
export type Fault = "no-export" | "damaged" | "of-another";

/** Nothing of the file was taken in; `author` where it is whole and somebody else's. */
export class NotTaken extends Error {
  readonly why: Fault;
  readonly author: Author | null;

  constructor(why: Fault, author: Author | null = null) {
    super(why);
    this.why = why;
    this.author = author;
  }
}

type Files = Map<string, Blob>;
interface Line {
  dossier: string;
  schema: number;
  change: Change;
}

/**
 * Take what a file of `person` holds into their outbox; how much of it was not here. Bytes first, one by one, then
 * all that names them in one transaction: cut off between, the same file is brought in again. What was signed goes as
 * it was signed, and its id tells the house what it has: brought in twice, it is sent once. Throws NotTaken.
 */
export async function bringIn(db: Tables, file: Blob, person: string, now: Date): Promise<Tally> {
  const files = await untar(file);
  const { author } = await whole(files);
  if (author.id !== person) throw new NotTaken("of-another", author);
  const read = (name: string): Promise<string> => files.get(name)?.text() ?? Promise.resolve("[]");
  const lines = (await read("changes.jsonl")).split("\n").filter(Boolean);
  const changes = lines.map((line) => JSON.parse(line) as Line);
  const media = await fresh(db, JSON.parse(await read("media.json")) as Carried[], files);
  const drafts = await unsaved(db, JSON.parse(await read("drafts.json")) as DraftRow[]);
  for (const { photo, sha256, mime } of [...media, ...drafts.flatMap(({ shots }) => shots)]) {
    const bytes = await files.get(bytesName(sha256, mime))?.arrayBuffer();
    if (bytes) await db.bytes.put({ photo, bytes });
  }
  const recordings = media.filter(({ mime }) => mime.startsWith("audio/")).length;
  return db.transaction("rw", db.tables, async () => {
    await db.media.bulkPut(media.map((row) => ({ ...row, state: "kept", url: null, fault: null })));
    await db.drafts.bulkPut(drafts);
    const queued = await queue(db, changes, now);
    return { changes: queued, photos: media.length - recordings, recordings, drafts: drafts.length };
  });
}

/** What a file holds that is whole. One photograph of it is in memory at a time. Throws NotTaken. */
export const contentsOf = async (file: Blob): Promise<Contents> => whole(await untar(file));

async function whole(files: Files): Promise<Contents> {
  const contents = parsed(await files.get("contents.json")?.text());
  if (contents.format !== 1) throw new NotTaken("no-export");
  for (const [name, digest] of Object.entries(contents.files)) {
    const data = await files.get(name)?.arrayBuffer();
    if (!data || (await sha256(data)) !== digest) throw new NotTaken("damaged");
  }
  return contents;
}

function parsed(said: string | undefined): Contents {
  if (said === undefined) throw new NotTaken("no-export");
  try {
    return JSON.parse(said) as Contents;
  } catch {
    throw new NotTaken("damaged");
  }
}

/** Of these photographs and recordings, those that are neither here nor with the house, as far as it has said so. */
async function fresh(db: Tables, media: Carried[], files: Files): Promise<Carried[]> {
  const here = await db.media.bulkGet(media.map(({ photo }) => photo));
  const found: Carried[] = [];
  for (const [i, row] of media.entries()) {
    if (here[i] || !files.has(bytesName(row.sha256, row.mime))) continue;
    const shadow = await db.shadow.where("[dossier+record]").equals([row.dossier, row.photo]).toArray();
    if (!shadow.some(({ body }) => body.sha256 === row.sha256 && "stored_at" in body)) found.push(row);
  }
  return found;
}

/** Of these drafts, those that are neither here nor were saved since: a record goes by the id of its draft. */
async function unsaved(db: Tables, drafts: DraftRow[]): Promise<DraftRow[]> {
  const here = await db.drafts.bulkGet(drafts.map(({ id }) => id));
  const found: DraftRow[] = [];
  for (const [i, draft] of drafts.entries()) {
    const saved = [db.outbox, db.shadow].map((table) => table.where("record").equals(draft.id).count());
    if (!here[i] && (await Promise.all(saved)).every((n) => n === 0)) found.push(draft);
  }
  return found;
}

/** In its old order behind what waits here; a number of this device is no number of the one that it was said on. */
async function queue(db: Tables, lines: Line[], now: Date): Promise<number> {
  const ids = lines.map(({ change }) => change.id);
  const known = new Set((await db.outbox.where("id").anyOf(ids).toArray()).map(({ id }) => id));
  const counted = ((await db.meta.get("n"))?.value as number | undefined) ?? 0;
  let n = Math.max(counted, (await db.outbox.orderBy("n").last())?.n ?? 0);
  const rows = lines
    .filter(({ change }) => !known.has(change.id))
    .map(({ dossier, schema, change }): OutboxRow => {
      n += 1;
      const said = { n, id: change.id, dossier, record: change.record, change, schema, saved: now.getTime() };
      // It may have been sent from there: not a byte of it changes.
      return { ...said, state: "new", sent: true, seq: null, epoch: null, outcome: null, acked: null };
    });
  await db.outbox.bulkPut(rows);
  if (rows.length) await db.meta.delete(SEEN); // it was made where nothing of what was told here was known
  await db.meta.put({ key: "n", value: n });
  return rows.length;
}

/** The files of a tar (POSIX.1-1988 ustar), as export.ts writes them; none is read yet. Throws NotTaken. */
async function untar(tar: Blob): Promise<Files> {
  const files: Files = new Map();
  for (let at = 0; at + BLOCK <= tar.size;) {
    const head = new Uint8Array(await tar.slice(at, at + BLOCK).arrayBuffer());
    if (!head[0]) return files;
    const text = (from: number, to: number): string =>
      new TextDecoder().decode(head.subarray(from, to)).split("\0")[0] ?? "";
    if (text(257, 262) !== "ustar") throw new NotTaken("no-export");
    const size = parseInt(text(124, 136), 8);
    const from = at + BLOCK;
    if (!(from + size <= tar.size)) throw new NotTaken("damaged"); // also where the size is no number
    files.set(text(0, 100), tar.slice(from, from + size));
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new NotTaken(files.size ? "damaged" : "no-export"); // cut off before its end
}
