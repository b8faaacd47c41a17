/** Work carried out of one phone by hand and into another: what is in the file, and who may bring it in. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../canonical.ts";
import { bringIn, contentsOf, NotTaken } from "../carried.ts";
import { sets } from "../change.ts";
import { exportUnsent } from "../export.ts";
import type { Replica } from "../replica.ts";
import { SEEN } from "../stamp.ts";
import type { OutboxRow, Shot } from "../tables.ts";
import { waitingBytes } from "../waiting.ts";
import { Clock, device, granted, ISSUE, SITE } from "./devices.ts";

const WANG = { id: "w", username: "wang", name: "王某" };
const NOW = new Date("2026-11-22T02:00:00Z");
const PICTURE = new Uint8Array([1, 2, 3]);

const outbox = (replica: Replica): Promise<OutboxRow[]> => replica.db.outbox.orderBy("n").toArray();

async function shot(photo: string, data = PICTURE, mime = "image/jpeg"): Promise<Shot> {
  const told = { taken_at: "2026-11-22T09:00:00.000+08:00" };
  return { photo, sha256: await sha256(data), size: data.length, mime, name: "图 1.jpg", fields: sets(told) };
}

/** A phone with an issue, a photograph and a recording of it, a later edit, and a draft with a photograph. */
async function worked(): Promise<{ replica: Replica; record: string }> {
  const clock = new Clock();
  const replica = device(clock);
  await granted(replica);
  const record = await replica.create(SITE, "issue", ISSUE);
  await replica.db.bytes.bulkPut([
    { photo: "p1", bytes: PICTURE.slice().buffer },
    { photo: "a1", bytes: new Uint8Array([7]).buffer },
  ]);
  await replica.attach(SITE, record, await shot("p1"), {});
  await replica.attach(SITE, record, await shot("a1", new Uint8Array([7]), "audio/webm"), {});
  clock.passes(3_600_000);
  await replica.update(SITE, record, sets({ part: "二层" }));
  const taken = { photo: "p2", bytes: new Uint8Array([9]).buffer, preview: null };
  const shots = [await shot("p2", new Uint8Array([9]))];
  await replica.keep({ id: "d", kind: "issue", route: "/new/issue/d", saved: 0, values: {}, shots }, taken);
  await replica.freeze();
  return { replica, record };
}

const exported = ({ db }: Replica) => exportUnsent(db, new Date(0), WANG, "phone-1");

test("the export holds every change, photograph and draft that is not home, and says how much", async () => {
  const { replica } = await worked();
  const { file, files: digests, ...tally } = await exported(replica);
  assert.deepEqual(tally, { changes: 4, photos: 1, recordings: 1, drafts: 1 });
  assert.deepEqual((await exported(replica)).files, digests);
  const files = untar(new Uint8Array(await file.arrayBuffer()));
  const [p1, p2] = [await sha256(PICTURE), await sha256(new Uint8Array([9]))];
  for (const name of ["README.txt", "contents.json", "changes.jsonl", "media.json", "doubts.json", "drafts.json"]) {
    assert.ok(files[name], name);
  }
  assert.deepEqual([...(files[`photos/${p1}.jpeg`] ?? [])], [...PICTURE]);
  assert.deepEqual([...(files[`photos/${p2}.jpeg`] ?? [])], [9]);
  const lines = new TextDecoder().decode(files["changes.jsonl"]).trim().split("\n");
  const changes = lines.map((line) => (JSON.parse(line) as { change: object }).change);
  assert.deepEqual(
    changes,
    (await outbox(replica)).map(({ change }) => change),
  );
});

test("what is brought in waits to be sent as it was said, behind what waits there, and once", async () => {
  const { replica, record } = await worked();
  const { file } = await exported(replica);
  const other = device();
  await granted(other);
  await other.create(SITE, "issue", ISSUE);
  const before = await outbox(other);
  const tally = { changes: 4, photos: 1, recordings: 1, drafts: 1 };
  await other.db.meta.put({ key: SEEN, value: "2026-11-22T01:00:00.000Z" });
  assert.deepEqual(await bringIn(other.db, file, "w", NOW), tally);
  assert.equal(await other.db.meta.get(SEEN), undefined); // it was made where nothing of that was known
  const [own, ...carried] = await outbox(other);
  assert.deepEqual(own, before[0]);
  assert.deepEqual(
    carried.map(({ change, state, sent }) => ({ change, state, sent })),
    (await outbox(replica)).map(({ change }) => ({ change, state: "new", sent: true })),
  );
  assert.equal((await other.view(SITE)).get(record)?.body.part, "二层");
  assert.deepEqual([...new Uint8Array((await other.db.bytes.get("p1"))?.bytes ?? new ArrayBuffer())], [...PICTURE]);
  assert.equal((await other.db.drafts.get("d"))?.shots[0]?.photo, "p2");
  assert.ok(await other.db.bytes.get("p2"));
  const none = { changes: 0, photos: 0, recordings: 0, drafts: 0 };
  assert.deepEqual(await bringIn(other.db, file, "w", NOW), none);
  // What is made here next has a number of its own, and is not folded into what was carried.
  await other.update(SITE, record, sets({ part: "三层" }));
  const after = await outbox(other);
  assert.deepEqual(
    after.map(({ n }) => n),
    [...new Set(after.map(({ n }) => n))],
  );
  assert.equal(after.length, 6);
  await other.db.outbox.toCollection().modify({ state: "acked" });
  assert.deepEqual((await waitingBytes(other.db)).map(({ photo }) => photo).sort(), ["a1", "p1"]);
});

test("a draft that was saved since does not come back, here or once the house has told of it", async () => {
  const { replica } = await worked();
  const { file } = await exported(replica);
  const other = device();
  await granted(other);
  await bringIn(other.db, file, "w", NOW);
  await other.together(async () => {
    await other.create(SITE, "issue", ISSUE, { record: "d" });
    await other.db.drafts.delete("d");
  });
  const again = async (): Promise<number> => (await bringIn(other.db, file, "w", NOW)).drafts;
  assert.equal(await again(), 0);
  await other.db.outbox.clear();
  const row = { dossier: SITE, record: "d", audience: "field", kind: "issue", version: 1, epoch: 1, body: {} };
  await other.db.shadow.put({ ...row, written: {}, gen: 0 });
  assert.equal(await again(), 0);
  assert.equal(await other.db.drafts.count(), 0);
});

test("a file is read through piece by piece: all of it at once is more than a phone has memory for", async () => {
  const { replica } = await worked();
  const { file, files } = await exported(replica);
  const large = new Blob([file]);
  large.arrayBuffer = () => Promise.reject(new RangeError("Array buffer allocation failed"));
  assert.deepEqual((await contentsOf(large)).files, files);
});

test("bytes that the house has called stored are not sent again", async () => {
  const { replica } = await worked();
  const { file } = await exported(replica);
  const other = device();
  const body = { sha256: await sha256(PICTURE), stored_at: "2026-11-22T01:30:00.000Z" };
  const row = { dossier: SITE, record: "p1", audience: "field", kind: "photo", version: 3, epoch: 1, body };
  await other.db.shadow.put({ ...row, written: {}, gen: 0 });
  assert.equal((await bringIn(other.db, file, "w", NOW)).photos, 0);
  assert.equal(await other.db.bytes.get("p1"), undefined);
});

test("of another one's, a damaged or a foreign file nothing is taken in", async () => {
  const { replica } = await worked();
  const { file } = await exported(replica);
  const whole = new Uint8Array(await file.arrayBuffer());
  const other = device();
  const why = async (given: Blob, person = "w"): Promise<string> => {
    const wrong: unknown = await bringIn(other.db, given, person, NOW).catch((thrown: unknown) => thrown);
    assert.ok(wrong instanceof NotTaken, String(wrong));
    return [wrong.why, wrong.author?.name].filter(Boolean).join(" ");
  };
  assert.equal(await why(file, "li"), "of-another 王某");
  const at = new TextDecoder("latin1").decode(whole).lastIndexOf("photos/") + 512;
  const bad = whole.slice();
  bad[at] = (bad[at] ?? 0) ^ 1;
  assert.equal(await why(new Blob([bad])), "damaged");
  for (const end of [whole.length - 1024, whole.length - 1536, 700]) {
    assert.equal(await why(new Blob([whole.slice(0, end)])), "damaged", String(end));
  }
  assert.equal(await why(new Blob(["PK\u0003\u0004 a zip"])), "no-export");
  assert.equal(await why(new Blob([])), "no-export");
  assert.deepEqual([await other.db.outbox.count(), await other.db.media.count()], [0, 0]);
});

/** A reader of tar that knows nothing of our writer. */
function untar(tar: Uint8Array): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const text = (from: number, to: number): string => new TextDecoder().decode(tar.slice(from, to)).split("\0")[0] ?? "";
  for (let at = 0; tar[at];) {
    const blank = tar.slice(at, at + 512).fill(32, 148, 156);
    assert.equal(
      parseInt(text(at + 148, at + 156), 8),
      blank.reduce((sum, byte) => sum + byte, 0),
    );
    const size = parseInt(text(at + 124, at + 136), 8);
    files[text(at, at + 100)] = tar.slice(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
