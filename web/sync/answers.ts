/** How a device takes the server's answers in: two independent messages, each safe to get twice. */

import { sha256 } from "./canonical.ts";
import type { Body } from "./merge.ts";
import { SEEN } from "./stamp.ts";
import { believes, learn, type Shown, type Weighed } from "./trust.ts";
import type { CursorRow, MediaRow, Outcome, OutboxRow, ShadowRow, Tables } from "./tables.ts";

const FINAL = ["applied", "merged", "noop", "conflict", "parked"];
const RETAINED_MS = 30 * 86_400_000; // protocol.md §5: kept for a restored server, but not for ever

export interface GroupAnswer {
  dossier: string;
  epoch?: number;
  outcomes?: Outcome[];
  error?: string;
}

export interface Item {
  record: string;
  kind: string;
  version: number;
  op: "put" | "delete" | "leave" | "erase";
  body?: Body;
  written?: Record<string, number>;
}

export interface Page {
  nonce: string;
  floor: number;
  since: number;
  since_below: number | null;
  until: number;
  below: number | null;
  more: boolean;
  items: Item[];
  resync?: string;
  snapshot?: { url: string; until: number; sha256: string };
}

export interface PullAnswer {
  granted: Record<string, { epoch: number; audiences: string[] }>;
  gone?: string[];
  keys?: string[];
  dossiers: Record<string, DossierAnswer>;
}

interface DossierAnswer {
  epoch: number;
  head: number;
  backed_up: number;
  wanted?: string[];
  checkpoint?: Shown;
  audiences: Record<string, Page>;
}

/** This device is to wipe itself; `push_first`: what it has not sent may come home before. */
export interface WipeOrder {
  order: string;
  at: string;
  push_first: boolean;
}

export interface Answer {
  no: number;
  server_time: string;
  device_key?: { key: string | null; why: string | null };
  wipe?: WipeOrder;
  push?: GroupAnswer[];
  pull?: PullAnswer;
}

/** A ready-made first load for a cursor that had just begun. */
export interface Offer {
  dossier: string;
  audience: string;
  nonce: string;
  url: string;
  until: number;
  sha256: string;
}

/**
 * Mark answered changes; the caller holds the transaction. An answer from another epoch acknowledges nothing.
 *
 * A device that may no longer read the dossier has no cursor to learn a new epoch from: it takes the
 * epoch from the refusal, and what it retained goes out again.
 */
export async function takePush(db: Tables, group: GroupAnswer, now: number): Promise<void> {
  const { dossier } = group;
  const known = (await db.epochs.get(dossier))?.epoch ?? 1;
  if (group.error === "epoch-changed") {
    const reads = await db.cursors.where("dossier").equals(dossier).count();
    if (!reads && group.epoch !== undefined && group.epoch > known) await restored(db, dossier, group.epoch);
    return;
  }
  if (group.error !== undefined || group.epoch !== known) return;
  for (const outcome of group.outcomes ?? []) {
    const final = FINAL.includes(outcome.status);
    if (!final && outcome.status !== "invalid") continue; // `retry` is no answer
    // What is invalid stays for repair; nothing waits for it.
    const answered: Partial<OutboxRow> = final
      ? { state: "acked", seq: outcome.seq, epoch: group.epoch, outcome, acked: now }
      : { state: "invalid", seq: null, epoch: group.epoch, outcome, acked: now };
    await db.outbox
      .where("id")
      .equals(outcome.id ?? "")
      .and((row) => row.state === "new")
      .modify(answered);
    if (outcome.why === "erased")
      await db.outbox
        .where("id")
        .equals(outcome.id ?? "")
        .delete(); // kept nowhere
    const { receipt } = outcome;
    if (receipt) {
      const { seq, hash, at } = receipt;
      await db.receipts.put({ dossier, seq, hash, at, change: outcome.id ?? "" });
    }
  }
  await settle(db, now);
}

/**
 * The server has told its time. What still waits was made before this device knew it: as long as anything does, the
 * time that stands is the one that all of it had seen.
 */
export async function heard(db: Tables, serverTime: string): Promise<void> {
  if (await db.outbox.where("state").equals("new").count()) return;
  const known = (await db.meta.get(SEEN))?.value as string | undefined;
  if (known === undefined || known < serverTime) await db.meta.put({ key: SEEN, value: serverTime });
}

/**
 * Acknowledged changes leave the view once every cursor of the dossier has passed them, and are let go
 * once a backup covers them: until then a restored server gets them again.
 */
export async function settle(db: Tables, now: number): Promise<void> {
  const waiting = await db.outbox.where("state").anyOf("acked", "retained").toArray();
  if (!waiting.length) return;
  const cursors = await db.cursors.toArray();
  const epochs = new Map((await db.epochs.toArray()).map((row) => [row.dossier, row]));
  const passed = (row: OutboxRow): boolean =>
    cursors
      .filter((cursor) => cursor.dossier === row.dossier)
      .every((cursor) => cursor.epoch === row.epoch && cursor.seq >= (row.seq ?? 0) && !cursor.more);
  for (const row of waiting) {
    if (row.state === "acked" && !passed(row)) continue;
    const there = epochs.get(row.dossier);
    const covered = there !== undefined && there.epoch === row.epoch && there.backed_up >= (row.seq ?? Infinity);
    if (covered || now - (row.acked ?? now) > RETAINED_MS) await db.outbox.delete(row.n);
    else if (row.state === "acked") await db.outbox.update(row.n, { state: "retained" });
  }
}

/**
 * Take granted dossiers, pages and cursors in; the caller holds the transaction. Returns offered files. Of a
 * dossier whose history is not the one that was signed, nothing is taken in (trust.ts).
 */
export async function takePull(
  db: Tables,
  pull: PullAnswer,
  no: number,
  newId: () => string,
  now: number,
  weighed: Weighed,
): Promise<Offer[]> {
  const offers: Offer[] = [];
  await learn(db, weighed);
  const latest = (await db.meta.get("latest"))?.value as number | undefined;
  if (latest === undefined || no > latest) {
    await db.meta.put({ key: "latest", value: no });
    await grants(db, pull, newId);
  }
  for (const [dossier, said] of Object.entries(pull.dossiers)) {
    const known = await db.epochs.get(dossier);
    if (!known || said.epoch < known.epoch) continue; // a late answer from before a restore
    const doubted = await db.doubts.get(dossier);
    if (!(await believes(db, dossier, weighed))) continue;
    if (doubted) await again(db, dossier); // another history may have said that it took something in
    if (said.epoch > known.epoch) await restored(db, dossier, said.epoch);
    await db.epochs
      .where("dossier")
      .equals(dossier)
      .modify((row) => void (row.backed_up = Math.max(row.backed_up, said.backed_up)));
    for (const [audience, page] of Object.entries(said.audiences)) {
      await takePage(db, dossier, audience, said.epoch, page, newId);
      if (page.snapshot && page.more) offers.push({ dossier, audience, nonce: page.nonce, ...page.snapshot });
    }
    await sendAgain(db, dossier, said.wanted ?? []);
  }
  await letGo(db);
  await settle(db, now);
  return offers;
}

/**
 * Photographs that were sent to a dossier which is not read here any more: their record will never say here that
 * they rest. The house answered their last byte only when they did (media/uploads.py, finish), and that has to do.
 */
async function letGo(db: Tables): Promise<void> {
  const read = new Set((await db.cursors.toArray()).map(({ dossier }) => dossier));
  const sent = await db.media.where("state").equals("sent").toArray();
  const home = sent.filter(({ dossier }) => !read.has(dossier)).map(({ photo }) => photo);
  for (const table of [db.media, db.bytes, db.previews]) await table.bulkDelete(home);
}

/**
 * Take a ready-made first load in, if the cursor it was offered to is still loading. Throws where the
 * bytes are not the ones offered. Rows newer than the file stay.
 */
export async function takeSnapshot(db: Tables, offer: Offer, data: ArrayBuffer): Promise<boolean> {
  if ((await sha256(data)) !== offer.sha256) throw new Error("the first load is damaged");
  const lines = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  const items = (await new Response(lines).text())
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Item);
  const pair: [string, string] = [offer.dossier, offer.audience];
  return db.transaction("rw", db.tables, async () => {
    const held = await db.cursors.get(pair);
    if (!held || held.nonce !== offer.nonce || held.seq !== 0) return false;
    const there = await db.shadow.where("[dossier+audience]").equals(pair).toArray();
    const newer = new Map(there.filter((row) => row.epoch === held.epoch).map((row) => [row.record, row.version]));
    await takeItems(
      db,
      held,
      held.epoch,
      items.filter((item) => (newer.get(item.record) ?? -1) <= item.version),
    );
    await db.cursors.update(pair, { seq: offer.until, floor: offer.until, below: null, more: true });
    return true;
  });
}

/** The server came back from a backup: what it may lack is pushed again, in the old order. */
async function restored(db: Tables, dossier: string, epoch: number): Promise<void> {
  await db.epochs.put({ dossier, epoch, backed_up: 0 });
  await again(db, dossier);
}

/** What was answered and is still held goes out again; what is there already, its id tells. */
async function again(db: Tables, dossier: string): Promise<void> {
  await db.outbox
    .where("state")
    .anyOf("acked", "retained", "invalid")
    .and((row) => row.dossier === dossier)
    .modify({ state: "new", seq: null, epoch: null, outcome: null, acked: null });
  await db.meta.delete(SEEN); // it was made before that
}

async function grants(db: Tables, pull: PullAnswer, newId: () => string): Promise<void> {
  const held = await db.cursors.toArray();
  for (const { dossier, audience } of held) {
    const grant = pull.granted[dossier];
    if (grant?.audiences.includes(audience)) continue;
    await db.cursors.delete([dossier, audience]);
    await forget(db, await db.shadow.where("[dossier+audience]").equals([dossier, audience]).toArray());
  }
  const cursors = new Set(held.map(({ dossier, audience }) => `${dossier} ${audience}`));
  for (const [dossier, { epoch, audiences }] of Object.entries(pull.granted)) {
    if (!(await db.epochs.get(dossier))) await db.epochs.put({ dossier, epoch, backed_up: 0 });
    for (const audience of audiences) {
      if (cursors.has(`${dossier} ${audience}`)) continue;
      const begun = { nonce: newId(), epoch, seq: 0, floor: 0, below: null, more: true, gen: 0 };
      await db.cursors.put({ dossier, audience, ...begun });
    }
  }
}

/** Rows that are no longer this person's, and the pictures of them. */
async function forget(db: Tables, rows: ShadowRow[]): Promise<void> {
  await db.shadow.bulkDelete(rows.map(({ dossier, record, audience }) => [dossier, record, audience]));
  await forgetPictures(
    db,
    rows.filter(({ kind }) => kind === "photo" || kind === "attachment").map(({ record }) => record),
  );
}

/** Photographs that are not home yet stay, like the outbox: a reviewer decides on them. */
async function forgetPictures(db: Tables, photos: string[]): Promise<void> {
  const mine = await db.media.bulkGet(photos);
  const gone = photos.filter((_, i) => mine[i] === undefined || mine[i].state === "stored");
  await db.media.bulkDelete(gone);
  await db.previews.bulkDelete(gone);
}

/** Page and cursor together, only if nonce and `since` are the ones we hold. */
async function takePage(
  db: Tables,
  dossier: string,
  audience: string,
  epoch: number,
  page: Page,
  newId: () => string,
): Promise<void> {
  const pair: [string, string] = [dossier, audience];
  const held = await db.cursors.get(pair);
  if (!held || held.nonce !== page.nonce) return;
  if (page.resync !== undefined) {
    const anew = { nonce: newId(), epoch, seq: 0, floor: page.floor, below: null, more: true, gen: held.gen + 1 };
    await db.cursors.update(pair, anew);
    return;
  }
  if (page.since !== held.seq || page.since_below !== held.below) return;
  await takeItems(db, held, epoch, page.items);
  await db.cursors.update(pair, { seq: page.until, floor: page.floor, below: page.below, more: page.more });
  if (page.more) return;
  const older = db.shadow
    .where("[dossier+audience]")
    .equals(pair)
    .and((row) => row.gen < held.gen);
  await forget(db, await older.toArray());
}

async function takeItems(db: Tables, held: CursorRow, epoch: number, items: Item[]): Promise<void> {
  const { dossier, audience, gen } = held;
  const rows: ShadowRow[] = [];
  const gone: [string, string, string][] = [];
  for (const { op, record, kind, version, body, written } of items) {
    if (op === "erase" || (body && "erased" in body)) await erase(db, record, op === "erase");
    if (op !== "put") gone.push([dossier, record, audience]);
    else rows.push({ dossier, record, audience, kind, version, epoch, body: body ?? {}, written: written ?? {}, gen });
  }
  await db.shadow.bulkDelete(gone);
  await forgetPictures(
    db,
    gone.map(([, record]) => record),
  );
  await db.shadow.bulkPut(rows);
  await freeStored(db, rows);
}

/** Contents were erased by law: what was kept of them, in case of a restore, goes here as well. */
async function erase(db: Tables, record: string, whole: boolean): Promise<void> {
  const kept = db.outbox.where("record").equals(record);
  await kept.and(({ state }) => state === "acked" || state === "retained").delete();
  if (!whole) return;
  for (const table of [db.media, db.bytes, db.previews]) await table.delete(record);
}

/** Bytes that had arrived whole and are lacking all the same: a restored server, a swept upload. */
async function sendAgain(db: Tables, dossier: string, wanted: string[]): Promise<void> {
  if (!wanted.length) return;
  await db.media
    .where("dossier")
    .equals(dossier)
    .and((row) => row.state === "sent" && wanted.includes(row.sha256))
    .modify({ state: "kept" });
}

/** The server has verified these bytes at rest: only now may the phone free them. */
async function freeStored(db: Tables, rows: ShadowRow[]): Promise<void> {
  const told = rows.filter(({ body }) => "sha256" in body && "stored_at" in body);
  if (!told.length) return;
  const mine = await db.media.bulkGet(told.map((row) => row.record));
  const home = mine.filter((row, i): row is MediaRow => row !== undefined && row.sha256 === told[i]?.body.sha256);
  await db.media.bulkPut(home.map((row) => ({ ...row, state: "stored" as const, fault: null })));
  await db.bytes.bulkDelete(home.map((row) => row.photo));
}
