/** What others made and was seen here: kept while it may be read, as far as there is room. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { keepBrought } from "../brought.ts";
import { letGoOfTheirs } from "../leaving.ts";
import type { Tables } from "../tables.ts";
import { Clock, device, SITE } from "./devices.ts";

const KB = 1024;
const LARGE = 200 * KB;

const kept = (db: Tables): Promise<string[]> => db.previews.toCollection().primaryKeys();

/** A device that reads these files, and nothing was brought yet. */
async function reading(...records: string[]): Promise<Tables> {
  const { db } = device(new Clock());
  for (const record of records) {
    const row = { dossier: SITE, record, audience: "field", kind: "attachment", version: 1, epoch: 1, body: {} };
    await db.shadow.put({ ...row, written: {}, gen: 0 });
  }
  return db;
}

/** Each a little later than the one before. */
async function bring(db: Tables, records: string[], size = LARGE, room?: number): Promise<void> {
  for (const record of records) {
    await new Promise((later) => setTimeout(later, 2));
    await keepBrought(db, record, new ArrayBuffer(size), room);
  }
}

test("what arrives after access was lost is not kept", async () => {
  const db = await reading("mine-to-read");
  await bring(db, ["mine-to-read", "read-no-more"]);
  assert.deepEqual(await kept(db), ["mine-to-read"]);
  assert.equal(await db.meta.where("key").startsWith("brought:").count(), 1);
});

test("where there is no room, what was brought longest ago goes first", async () => {
  const db = await reading("a", "b", "c");
  await bring(db, ["a", "b", "a", "c"], LARGE, 2 * LARGE);
  assert.deepEqual(await kept(db), ["a", "c"]);
});

test("a file larger than the room is kept alone until the next one comes", async () => {
  const db = await reading("a", "b", "c");
  await bring(db, ["a", "b"], 3 * LARGE, 2 * LARGE);
  assert.deepEqual(await kept(db), ["b"]);
  await bring(db, ["c"], LARGE, 2 * LARGE);
  assert.deepEqual(await kept(db), ["c"]);
});

test("small pictures take no room from files, and files take none of theirs", async () => {
  const db = await reading("thumb", "a", "b");
  await bring(db, ["thumb"], 20 * KB, LARGE);
  await bring(db, ["a", "b"], LARGE, LARGE);
  assert.deepEqual(await kept(db), ["b", "thumb"]);
});

test("what is here no more is not counted", async () => {
  const db = await reading("a", "b", "c");
  await bring(db, ["a", "b"], LARGE, 2 * LARGE);
  await db.previews.delete("b"); // its record was taken away
  await bring(db, ["c"], LARGE, 2 * LARGE);
  assert.deepEqual(await kept(db), ["a", "c"]);
  assert.equal(await db.meta.get("brought:b"), undefined);
});

test("who leaves leaves no list of what they saw", async () => {
  const db = await reading("a");
  await bring(db, ["a"]);
  await letGoOfTheirs(db);
  assert.deepEqual([await kept(db), await db.meta.where("key").startsWith("brought:").count()], [[], 0]);
});
