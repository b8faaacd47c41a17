/** What a device believes, what it signs, what it can witness: tests/vectors, and the rules around them. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, device, granted, ISSUE, SITE } from "./devices.ts";
import type { Answer } from "../answers.ts";
import { base64url, hex, sha256Bytes, utf8 } from "../canonical.ts";
import type { Change } from "../change.ts";
import { exportUnsent } from "../export.ts";
import { checkpoint, NotTrusted, verified, verifiedCheckpoint, verifier } from "../notes.ts";
import { Replica } from "../replica.ts";
import { claim, commit, deviceKey, sign, statement } from "../signatures.ts";
import { believes, evidence, heldNow, learn, type Shown, stands, weigh } from "../trust.ts";
import { verifyConsistency } from "../tree.ts";
import { vectors } from "./vectors.ts";

const LI = { id: "li", username: "li", name: "李某" };

const bytes = (digits: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(digits, "hex"));

test("one tree continues another, as the vectors say, and no other one", async () => {
  const { roots, consistency } = vectors<{
    roots: string[];
    consistency: { first: number; second: number; proof: string[] }[];
  }>("tree");
  const tree = (size: number) => ({ size, root: bytes(roots[size] ?? "") });
  for (const { first, second, proof } of consistency) {
    const told = proof.map(bytes);
    assert.ok(await verifyConsistency(tree(first), tree(second), told), `${first} → ${second}`);
    const other = { size: second, root: bytes(roots[0] ?? "") };
    assert.equal(await verifyConsistency(tree(first), other, told), false);
    assert.equal(await verifyConsistency(tree(first), tree(second), [...told, bytes(roots[1] ?? "")]), false);
    if (first < second) assert.equal(await verifyConsistency(tree(second), tree(first), told), false);
  }
});

test("notes and checkpoints are read as others write them", async () => {
  const { accepted, made, refused } = vectors<{
    accepted: { key: string; text: string; note: string }[];
    made: { key: string; origin: string; size: number; root: string; note: string };
    refused: { name: string; key: string; origin: string; note: string }[];
  }>("notes");
  for (const { key, text, note } of accepted) assert.equal((await verified(note, [await verifier(key)])).text, text);
  const key = await verifier(made.key);
  const read = await verifiedCheckpoint(made.note, made.origin, [key]);
  assert.deepEqual([read.origin, read.size, hex(read.root)], [made.origin, made.size, made.root]);
  for (const { name, key: line, origin, note } of refused) {
    await assert.rejects(async () => verifiedCheckpoint(note, origin, [await verifier(line)]), NotTrusted, name);
  }
  assert.throws(() => checkpoint("a\n9007199254740993\nAAAA\n"), NotTrusted);
});

interface Step {
  no: number;
  asked: number;
  epoch: number;
  keys: string[];
  checkpoint: Shown;
  after: { took: boolean; why: string | null; held: object | null; keys: number; restores: [number, boolean][] };
}

for (const { name, steps } of vectors<{ cases: { name: string; steps: Step[] }[] }>("trust").cases) {
  test(`the past that is shown: ${name}`, async () => {
    const { db } = device();
    const here = "project:a";
    for (const { no, asked, epoch, keys, checkpoint: shown, after } of steps) {
      await db.meta.put({ key: "no", value: asked });
      const weighed = await weigh(db, { keys, dossiers: { [here]: { epoch, checkpoint: shown } } }, no, "");
      const took = await db.transaction("rw", db.tables, async () => {
        assert.ok(await stands(db, weighed));
        await learn(db, weighed);
        return believes(db, here, weighed);
      });
      const [doubt] = await db.doubts.toArray();
      const restores = (await db.restores.toArray()).map((row) => [row.epoch, row.lost]);
      const held = (await heldNow(db))[here] ?? null;
      assert.deepEqual({ took, why: doubt?.why ?? null, held, keys: await db.houseKeys.count(), restores }, after);
    }
  });
}

test("what was judged against a checkpoint that is not held any more is judged anew", async () => {
  const { db } = device();
  const [first, second] = vectors<{ cases: { name: string; steps: Step[] }[] }>("trust").cases[1]?.steps ?? [];
  const of = ({ keys, epoch, checkpoint: shown }: Step) => ({
    keys,
    dossiers: { "project:a": { epoch, checkpoint: shown } },
  });
  if (!first || !second) throw new Error("the vectors lack a case");
  const weighed = await weigh(db, of(first), 1, "");
  await learn(db, weighed);
  await believes(db, "project:a", weighed);
  assert.equal(await stands(db, weighed), false); // its key is known by now
  const next = await weigh(db, of(second), 2, "");
  assert.ok(await stands(db, next));
  await db.held.update("project:a", { note: "another tab was first" });
  assert.equal(await stands(db, next), false);
});

interface Signed {
  public: string;
  key: string;
  salt: string;
  claim: { device: string; public: string; proof: string };
  cases: { name: string; change: Change; statement: string; digest: string; sig: string }[];
}

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const point = (text: string) => crypto.subtle.importKey("raw", Buffer.from(text, "base64url"), P256, true, ["verify"]);
const holds = async (key: CryptoKey, value: string, said: Uint8Array<ArrayBuffer>): Promise<boolean> =>
  crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, Buffer.from(value, "base64url"), said);

test("a statement is what the server reads, and its signature holds for it alone", async () => {
  const { public: known, salt, cases } = vectors<Signed>("signatures");
  for (const { name, change, statement: text, digest, sig } of cases) {
    assert.equal(new TextDecoder().decode(statement(change)), text, name);
    const said = await commit(bytes(salt), change);
    assert.equal(hex(said), digest, name);
    assert.ok(await holds(await point(known), sig.split(".")[3] ?? "", said), name);
    const other = await commit(bytes(salt), { ...change, n: change.n + 1 });
    assert.equal(await holds(await point(known), sig.split(".")[3] ?? "", other), false, name);
  }
});

test("a device's key stays on the device, is the same tomorrow, and proves itself", async () => {
  const { db } = device();
  const [key, again] = [await deviceKey(db), await deviceKey(db)];
  assert.ok(key && again);
  assert.equal(key.name, again.name);
  assert.equal(again.private.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", again.private));
  const told = await claim("phone-1", again);
  const said = Buffer.concat([Buffer.from("xunjian device key v1\nphone-1\n"), Buffer.from(key.public, "base64url")]);
  assert.ok(await holds(await point(key.public), told.proof ?? "", await sha256Bytes(Uint8Array.from(said))));
  const [change] = vectors<Signed>("signatures").cases;
  const [algorithm, name, salt = "", value = ""] = (await sign((change as { change: Change }).change, again)).split(
    ".",
  );
  assert.deepEqual([algorithm, name], ["es256", key.name]);
  const digest = await commit(Uint8Array.from(Buffer.from(salt, "base64url")), (change as { change: Change }).change);
  assert.ok(await holds(await point(key.public), value, digest));
  assert.equal(base64url(utf8("ÿ~?")), Buffer.from("ÿ~?").toString("base64url"));
});

interface Asked {
  no: number;
  device_key?: { public: string };
  push: { changes: Change[] }[];
  pull: { checkpoints: object; keys: number };
}

const signing = (name: string): Replica => new Replica(name, name, { now: () => new Clock().now, signs: true });
const told = (no: number, more: Partial<Answer> = {}): Answer => ({ no, server_time: "2026-11-22T01:00:00Z", ...more });
const changesOf = ({ push }: Asked): Change[] => push.flatMap(({ changes }) => changes);

test("nothing is sent before the house has taken the key, and then everything is signed", async () => {
  const li = signing("signing-1");
  await granted(li);
  await li.create(SITE, "issue", ISSUE);
  const first = JSON.parse(await li.request()) as Asked;
  assert.ok(first.device_key);
  assert.deepEqual(changesOf(first), []);
  await li.receive(told(first.no, { device_key: { key: (await deviceKey(li.db))?.name ?? "", why: null } }));
  const second = JSON.parse(await li.request()) as Asked;
  assert.equal(second.device_key, undefined);
  assert.match(changesOf(second)[0]?.sig ?? "", /^es256\.[0-9a-f]{16}\.[\w-]{22}\.[\w-]{86}$/);
});

test("a key that is not taken is made anew; a house that asks for none gets work unsigned", async () => {
  const li = signing("signing-2");
  await granted(li);
  const first = JSON.parse(await li.request()) as Asked;
  await li.receive(told(first.no, { device_key: { key: null, why: "key-taken" } }));
  const second = JSON.parse(await li.request()) as Asked;
  assert.notEqual(second.device_key?.public, first.device_key?.public);
  // Another one is not taken either: what waits goes to a reviewer sooner than nowhere.
  await li.create(SITE, "issue", ISSUE);
  await li.receive(told(second.no, { device_key: { key: null, why: "key-not-enrolled" } }));
  assert.equal(changesOf(JSON.parse(await li.request()) as Asked).length, 1);
  const wang = signing("signing-3");
  await granted(wang);
  await wang.create(SITE, "issue", ISSUE);
  await wang.receive(told((JSON.parse(await wang.request()) as Asked).no));
  const [sent] = changesOf(JSON.parse(await wang.request()) as Asked);
  assert.ok(sent && sent.sig === undefined);
});

test("what is signed is not folded any more, and what is exported is signed", async () => {
  const li = signing("signing-4");
  await granted(li);
  await li.db.meta.put({ key: "key", value: (await deviceKey(li.db))?.name });
  const record = await li.create(SITE, "issue", ISSUE);
  await li.update(SITE, record, { part: { set: "二层" } });
  assert.equal(await li.db.outbox.count(), 1);
  await li.freeze();
  const file = await (await exportUnsent(li.db, new Date(), LI, "phone")).file.text();
  const [frozen] = await li.db.outbox.toArray();
  assert.ok(frozen?.change.sig && file.includes(frozen.change.sig));
  await li.update(SITE, record, { part: { set: "三层" } });
  assert.equal(await li.db.outbox.count(), 2);
  assert.deepEqual((await li.db.outbox.toArray())[0], frozen);
});

test("a dossier in doubt is sent nothing, and others go on", async () => {
  const li = device();
  await granted(li);
  await granted(li, "project:wj-02");
  await li.create(SITE, "issue", ISSUE);
  await li.create("project:wj-02", "issue", ISSUE);
  await li.db.doubts.put({ dossier: SITE, why: "forked", held: null, shown: null, at: "" });
  const asked = JSON.parse(await li.request()) as { push: { dossier: string }[] };
  assert.deepEqual(
    asked.push.map(({ dossier }) => dossier),
    ["project:wj-02"],
  );
});

test("a photograph that was sent to a site which is taken away is home: nothing of it is waited for", async () => {
  const li = device();
  await granted(li);
  const row = {
    dossier: SITE,
    subject: "s",
    sha256: "a",
    size: 1,
    mime: "image/jpeg",
    name: "",
    url: null,
    fault: null,
  };
  await li.db.media.bulkPut([
    { ...row, photo: "sent", state: "sent" },
    { ...row, photo: "kept", state: "kept" },
  ]);
  for (const photo of ["sent", "kept"]) await li.db.bytes.put({ photo, bytes: new ArrayBuffer(1) });
  const { no } = JSON.parse(await li.request()) as Asked;
  await li.receive(told(no, { pull: { granted: { [SITE]: { epoch: 1, audiences: ["field"] } }, dossiers: {} } }));
  assert.equal(await li.db.media.count(), 2);
  await li.receive(told(no + 1, { pull: { granted: {}, dossiers: {} } }));
  const left = [await li.db.media.toCollection().primaryKeys(), await li.db.bytes.toCollection().primaryKeys()];
  assert.deepEqual(left, [["kept"], ["kept"]]);
});

test("receipts are kept as evidence, and what was erased by law is kept nowhere", async () => {
  const li = device();
  await granted(li);
  const record = await li.create(SITE, "issue", ISSUE);
  const { no, ...asked } = JSON.parse(await li.request()) as Asked;
  const [change] = changesOf({ no, ...asked });
  const receipt = { seq: 4, hash: "ab".repeat(32), at: "2026-11-22T01:00:00Z" };
  const plain = { version: 4, conflict: null, why: null, remedy: null, replay: false, receipt };
  const outcome = { ...plain, id: change?.id ?? "", status: "applied" as const, seq: 4 };
  await li.receive(told(no, { push: [{ dossier: SITE, epoch: 1, outcomes: [outcome] }] }));
  const { receipts } = (await evidence(li.db)) as { receipts: object[] };
  assert.deepEqual(receipts, [{ dossier: SITE, seq: 4, hash: receipt.hash }]);
  for (const table of [li.db.bytes, li.db.previews]) await table.put({ photo: record, bytes: new ArrayBuffer(1) });
  const page = { nonce: "a", floor: 0, since: 0, since_below: null, until: 5, below: null, more: false };
  const gone = [{ record, kind: "issue", version: 5, op: "erase" as const }];
  const site = { epoch: 1, head: 5, backed_up: 0, audiences: { field: { ...page, items: gone } } };
  const pull = { granted: { [SITE]: { epoch: 1, audiences: ["field"] } }, dossiers: { [SITE]: site } };
  await li.receive(told(no + 1, { pull }));
  const left = [await li.db.outbox.count(), await li.db.bytes.count(), await li.db.previews.count()];
  assert.deepEqual(left, [0, 0, 0]);
});
