/** What a device says: what is unsent, signed and frozen, within the limits; and where its cursors stand. */

import { canonical } from "./canonical.ts";
import { claim, type DeviceKey, sign } from "./signatures.ts";
import { SEEN } from "./stamp.ts";
import { type OutboxRow, reopening, TAKEN, type Tables } from "./tables.ts";
import { heldNow } from "./trust.ts";

const PROTOCOL = 1;
const REQUEST_CHANGES = 500; // protocol.md §7, as the next four
const REQUEST_GROUPS = 750;
const CHANGE_BYTES = 64 * 1024;
const PAGE_ITEMS = 500;
const ROOM = 4 * 1024 * 1024 - 64 * 1024; // for changes, cursors and checkpoints; the rest is the envelope's

export interface Teller {
  device: string;
  schema: number;
  sent_at: string;
  clock: { boot: string; ms: number };
  /** What the person's work is signed with here; null where nothing is. */
  key: DeviceKey | null;
}

/** The next request, as text. */
export async function next(db: Tables, { device, schema, sent_at, clock, key }: Teller): Promise<string> {
  // Until the house has taken the key it would doubt what is signed with it: the work waits one round trip.
  const offered = key && (await db.meta.get(TAKEN))?.value !== key.name;
  const claimed = offered ? { device_key: await claim(device, key) } : {};
  if (!offered) await freeze(db, key, (await unsent(db)).slice(0, REQUEST_CHANGES));
  return inOne(db, async () => {
    const no = (((await db.meta.get("no"))?.value as number | undefined) ?? 0) + 1;
    await db.meta.put({ key: "no", value: no });
    const cursors: Record<string, Record<string, object>> = {};
    for (const { dossier, audience, nonce, epoch, seq, floor, below } of await db.cursors.toArray()) {
      (cursors[dossier] ??= {})[audience] = { nonce, epoch, seq, floor, below };
    }
    const known = { checkpoints: await heldNow(db), keys: await db.houseKeys.count() };
    const pull = { limit: PAGE_ITEMS, cursors, ...known };
    // However much a device holds, it brings its work home, a change at a time if need be.
    const room = Math.max(ROOM - bytes(JSON.stringify(pull)), CHANGE_BYTES);
    const push = offered ? { groups: new Map<string, string[]>(), schema: null } : await groupsOf(db, room, no);
    const seen = (await db.meta.get(SEEN))?.value as string | undefined;
    const times = { sent_at, clock, ...(seen !== undefined && { seen_at: seen }) };
    const envelope = { protocol: PROTOCOL, no, ...times, pull, ...claimed, schema: push.schema ?? schema };
    const groups = await Promise.all(
      [...push.groups].map(async ([dossier, changes]) => {
        const head = JSON.stringify({ dossier, epoch: (await db.epochs.get(dossier))?.epoch ?? 1 });
        return `${head.slice(0, -1)},"changes":[${changes.join(",")}]}`;
      }),
    );
    return `${JSON.stringify(envelope).slice(0, -1)},"push":[${groups.join(",")}]}`;
  });
}

/**
 * Sign what waits; from here on not a byte of it changes, for it may be sent or carried out.
 *
 * Not when it is saved: edits of one sitting are still folded, and a transaction of IndexedDB does not survive
 * waiting for a signature. What was edited while its signature was made is signed another time.
 */
export async function freeze(db: Tables, key: DeviceKey | null, waiting: OutboxRow[]): Promise<void> {
  const open = waiting.filter(({ sent }) => !sent);
  const signed = await Promise.all(open.map(async ({ change }) => (key ? { sig: await sign(change, key) } : {})));
  await inOne(db, async () => {
    const now = await db.outbox.bulkGet(open.map(({ n }) => n));
    const still = open.flatMap((row, i) => {
      const there = now[i];
      const same = there && !there.sent && canonical(there.change) === canonical(row.change);
      return same ? [{ ...there, sent: true, change: { ...there.change, ...signed[i] } }] : [];
    });
    await db.outbox.bulkPut(still);
  });
}

const inOne = <T>(db: Tables, work: () => Promise<T>): Promise<T> =>
  reopening(db, () => db.transaction("rw", db.tables, async () => work()));

/** What is unsent, but for dossiers whose server is not believed now. */
async function unsent(db: Tables): Promise<OutboxRow[]> {
  const doubted = new Set(await db.doubts.toCollection().primaryKeys());
  const waiting = await db.outbox.where("state").equals("new").sortBy("n");
  return waiting.filter(({ dossier }) => !doubted.has(dossier));
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Changes by dossier, spelled once and for ever, in so many bytes. */
async function groupsOf(
  db: Tables,
  bytesLeft: number,
  no: number,
): Promise<{ groups: Map<string, string[]>; schema: number | null }> {
  const groups = new Map<string, string[]>();
  let [room, schema]: [number, number | null] = [bytesLeft, null];
  for (const row of (await unsent(db)).slice(0, REQUEST_CHANGES)) {
    const spelled = canonical(row.change);
    room -= bytes(spelled);
    schema ??= row.schema;
    // What an older app saved goes first, as it was said; what is still being edited, next time.
    if (room < 0 || row.schema !== schema || !row.sent) break;
    groups.set(row.dossier, [...(groups.get(row.dossier) ?? []), spelled]);
  }
  for (const dossier of await unread(db, no, REQUEST_GROUPS - groups.size)) {
    if (!groups.has(dossier)) groups.set(dossier, []);
  }
  return { groups, schema };
}

/**
 * Dossiers from which there is nothing to pull and of which something is retained: an empty group asks whether the
 * epoch is still the same. More than there is room for take turns, by request.
 */
async function unread(db: Tables, no: number, room: number): Promise<string[]> {
  const read = new Set((await db.cursors.toArray()).map((cursor) => cursor.dossier));
  const retained = (await db.outbox.where("state").equals("retained").toArray()).map(({ dossier }) => dossier);
  const found = [...new Set(retained)].filter((dossier) => !read.has(dossier));
  const first = found.length > room ? (no * room) % found.length : 0;
  return [...found.slice(first), ...found.slice(0, first)].slice(0, room);
}
