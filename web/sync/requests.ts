/** What a device says: what is unsent, signed and frozen, within the limits; and where its cursors stand. */

import { canonical } from "./canonical.ts";
import { claim, type DeviceKey, sign } from "./signatures.ts";
import { type OutboxRow, reopening, TAKEN, type Tables } from "./tables.ts";
import { heldNow } from "./trust.ts";

const PROTOCOL = 1;
const REQUEST_CHANGES = 500; // protocol.md §7, as the next two
const PAGE_ITEMS = 500;
const ROOM = 4 * 1024 * 1024 - 256 * 1024; // left for the envelope and the cursors

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
    const push = offered ? { groups: new Map<string, string[]>(), schema: null } : await groupsOf(db);
    const cursors: Record<string, Record<string, object>> = {};
    for (const { dossier, audience, nonce, epoch, seq, floor, below } of await db.cursors.toArray()) {
      (cursors[dossier] ??= {})[audience] = { nonce, epoch, seq, floor, below };
    }
    const known = { checkpoints: await heldNow(db), keys: await db.houseKeys.count() };
    const pull = { limit: PAGE_ITEMS, cursors, ...known };
    const envelope = { protocol: PROTOCOL, no, sent_at, clock, pull, ...claimed, schema: push.schema ?? schema };
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

/** Changes by dossier, spelled once and for ever. */
async function groupsOf(db: Tables): Promise<{ groups: Map<string, string[]>; schema: number | null }> {
  const groups = new Map<string, string[]>();
  let [room, schema]: [number, number | null] = [ROOM, null];
  for (const row of (await unsent(db)).slice(0, REQUEST_CHANGES)) {
    const spelled = canonical(row.change);
    room -= new TextEncoder().encode(spelled).length;
    schema ??= row.schema;
    // What an older app saved goes first, as it was said; what is still being edited, next time.
    if (room < 0 || row.schema !== schema || !row.sent) break;
    groups.set(row.dossier, [...(groups.get(row.dossier) ?? []), spelled]);
  }
  // Where there is nothing to pull, an empty group asks whether the epoch is still the same.
  const read = new Set((await db.cursors.toArray()).map((cursor) => cursor.dossier));
  for (const { dossier } of await db.outbox.where("state").equals("retained").toArray()) {
    if (!read.has(dossier) && !groups.has(dossier)) groups.set(dossier, []);
  }
  return { groups, schema };
}
