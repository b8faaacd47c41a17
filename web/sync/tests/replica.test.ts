/** A device without a server: what is saved together, what is folded, what is let go and when. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Item } from "../answers.ts";
import { sets } from "../change.ts";
import type { Replica } from "../replica.ts";
import { unsent } from "../storage.ts";
import type { OutboxRow } from "../tables.ts";
import { Clock, device, granted, ISSUE, SITE } from "./devices.ts";

const MINUTE = 60_000;

async function ready(clock = new Clock()): Promise<Replica> {
  const replica = device(clock);
  await granted(replica);
  return replica;
}

const outbox = (replica: Replica): Promise<OutboxRow[]> => replica.db.outbox.orderBy("n").toArray();

/** An answer to the last request: the feed has come so far, and these changes are entered. */
async function answer(
  replica: Replica,
  items: Item[],
  until: number,
  entered: [string, number][] = [],
  backedUp = 0,
): Promise<void> {
  const [cursor] = await replica.db.cursors.toArray();
  const no = (((await replica.db.meta.get("no"))?.value as number | undefined) ?? 0) + 1;
  const page = {
    nonce: cursor?.nonce ?? "",
    since: cursor?.seq ?? 0,
    since_below: null,
    until,
    below: null,
    floor: 0,
    more: false,
    items,
  };
  const dossier = { epoch: 1, head: until, backed_up: backedUp, audiences: { field: page } };
  const outcomes = entered.map(([id, seq]) => ({
    ...{
      id,
      seq,
      version: seq,
      status: "applied" as const,
      conflict: null,
      why: null,
      remedy: null,
      replay: false,
      receipt: null,
    },
  }));
  const pull = { granted: { [SITE]: { epoch: 1, audiences: ["field"] } }, dossiers: { [SITE]: dossier } };
  await replica.receive({
    no,
    server_time: "2026-11-22T01:00:00Z",
    push: [{ dossier: SITE, epoch: 1, outcomes }],
    pull,
  });
}

const put = (record: string, version: number, body: Record<string, string>): Item => ({
  op: "put",
  record,
  kind: "issue",
  version,
  body,
  written: {},
});

test("two edits of one sitting that nobody has heard of are one change", async () => {
  const replica = await ready();
  const record = await replica.create(SITE, "issue", ISSUE);
  await replica.update(SITE, record, sets({ title: "洞口未封", part: "二层" }));
  await replica.update(SITE, record, { tags: { add: ["临边"] }, title: { set: "洞口未封闭" } });
  const [only, ...more] = await outbox(replica);
  assert.equal(more.length, 0);
  assert.equal(only?.change.op, "create");
  assert.deepEqual(only?.change.fields?.title, { set: "洞口未封闭" });
  assert.deepEqual(only?.change.fields?.tags, { add: ["临边"] });
  assert.equal((await replica.view(SITE)).get(record)?.body.part, "二层");
});

test("what may have been sent is frozen: the next edit is chained to it", async () => {
  const replica = await ready();
  const record = await replica.create(SITE, "issue", ISSUE);
  const before = JSON.parse(await replica.request()) as { push: { changes: object[] }[] };
  await replica.update(SITE, record, sets({ part: "二层" }));
  const [first, second] = await outbox(replica);
  assert.deepEqual(before.push[0]?.changes, [first?.change]);
  assert.equal(second?.change.base?.after, first?.id);
  assert.equal(second?.change.base?.version, 0);
  assert.deepEqual(second?.change.base?.shown, { version: 0, epoch: 1, first: first?.id });
});

test("edits of two sittings are two changes, each with its own time", async () => {
  const clock = new Clock();
  const replica = await ready(clock);
  const record = await replica.create(SITE, "issue", ISSUE);
  clock.passes(11 * MINUTE);
  await replica.update(SITE, record, sets({ part: "二层" }));
  assert.equal((await outbox(replica)).length, 2);
});

test("a step is never folded into an edit", async () => {
  const replica = await ready();
  const record = await replica.create(SITE, "issue", ISSUE);
  await replica.update(SITE, record, { state: { do: "confirm" } });
  await replica.update(SITE, record, sets({ part: "二层" }));
  assert.deepEqual(
    (await outbox(replica)).map(({ change }) => change.op),
    ["create", "update", "update"],
  );
  assert.equal((await replica.view(SITE)).get(record)?.body.state, "confirmed");
});

test("an edit over a version that came meanwhile is not folded into the one before", async () => {
  const replica = await ready();
  await answer(replica, [put("r1", 5, { title: "a", state: "submitted" })], 5);
  await replica.update(SITE, "r1", sets({ part: "二层" }));
  await answer(replica, [put("r1", 6, { title: "b", state: "submitted" })], 6);
  await replica.update(SITE, "r1", sets({ title: "c" }));
  const [first, second] = await outbox(replica);
  assert.equal(first?.change.base?.version, 5);
  assert.deepEqual(second?.change.base, {
    version: 5,
    epoch: 1,
    after: first?.id,
    shown: { version: 6, epoch: 1, first: first?.id },
  });
});

test("what is answered stays on the screen until the feed has passed it, and is kept until a backup covers it", async () => {
  const replica = await ready();
  const record = await replica.create(SITE, "issue", ISSUE);
  const [row] = await outbox(replica);
  const id = row?.id ?? "";
  await answer(replica, [], 3, [[id, 4]]);
  assert.equal((await outbox(replica))[0]?.state, "acked");
  assert.ok((await replica.view(SITE)).has(record));
  await answer(replica, [put(record, 4, { title: "临边防护缺失", state: "submitted" })], 4);
  assert.equal((await outbox(replica))[0]?.state, "retained");
  assert.deepEqual((await unsent(replica.db)).records, {});
  await answer(replica, [], 4, [], 4);
  assert.deepEqual(await outbox(replica), []);
});

test("a record that came back before its own outcome shows as the server has it", async () => {
  const replica = await ready();
  const visit = sets({ inspection_type: "routine", arrived_at: "2026-11-22T09:00:00.000+08:00" });
  const record = await replica.create(SITE, "inspection", visit);
  const there = { inspection_type: "campaign", state: "finished" };
  await answer(replica, [{ ...put(record, 4, there), kind: "inspection" }], 4);
  const seen = (await replica.view(SITE)).get(record);
  assert.deepEqual([seen?.version, seen?.body], [4, there]);
});

test("what two phones derive one id for: the own answer shows over the other's until it is judged", async () => {
  const replica = await ready();
  const record = await replica.create(SITE, "issue", ISSUE);
  await answer(replica, [put(record, 4, { title: "他人先报", state: "confirmed" })], 4);
  const seen = (await replica.view(SITE)).get(record);
  assert.deepEqual([seen?.version, seen?.body.title, seen?.body.state], [4, "临边防护缺失", "confirmed"]);
});

test("what no backup ever covers is let go after thirty days", async () => {
  const clock = new Clock();
  const replica = await ready(clock);
  await replica.create(SITE, "issue", ISSUE);
  await answer(replica, [], 4, [[(await outbox(replica))[0]?.id ?? "", 4]]);
  assert.equal((await outbox(replica))[0]?.state, "retained");
  clock.passes(31 * 24 * 60 * MINUTE);
  await replica.settle();
  assert.deepEqual(await outbox(replica), []);
});

const shot = (photo: string) => ({
  photo,
  sha256: "a".repeat(64),
  size: 3,
  mime: "image/jpeg",
  name: "图 1.jpg",
  fields: sets({ taken_at: "2026-11-22T09:00:00.000+08:00" }),
});

test("a capture is saved whole or not at all", async () => {
  const replica = await ready();
  const draft = { id: "d", kind: "issue", route: "/new/issue/d", saved: 0, values: {}, shots: [shot("p1")] };
  await replica.keep(draft, { photo: "p1", bytes: new ArrayBuffer(3), preview: null });
  const capture = (photo: string): Promise<void> =>
    replica.together(async () => {
      const record = await replica.create(SITE, "issue", ISSUE);
      await replica.attach(SITE, record, shot(photo), {});
      await replica.db.drafts.delete("d");
    });
  await assert.rejects(capture("p2"), /not here/);
  assert.deepEqual([await outbox(replica), await replica.db.media.toArray()], [[], []]);
  assert.equal(await replica.db.drafts.count(), 1);
  await capture("p1");
  assert.deepEqual(
    (await outbox(replica)).map(({ change }) => change.kind),
    ["issue", "photo"],
  );
  assert.equal(await replica.db.drafts.count(), 0);
});

test("bytes are freed only by a record that says they rest, under their own digest", async () => {
  const replica = await ready();
  await replica.db.bytes.put({ photo: "p1", bytes: new ArrayBuffer(3) });
  await replica.attach(SITE, "r1", shot("p1"), {});
  const photo = (body: Record<string, string>): Item => ({ ...put("p1", 9, body), kind: "photo" });
  await answer(replica, [photo({ sha256: "a".repeat(64) })], 9);
  await answer(replica, [photo({ sha256: "b".repeat(64), stored_at: "2026-11-22T02:00:00Z" })], 10);
  assert.equal(await replica.db.bytes.count(), 1);
  assert.equal((await unsent(replica.db)).photos, 1);
  await answer(replica, [photo({ sha256: "a".repeat(64), stored_at: "2026-11-22T02:00:00Z" })], 11);
  assert.equal(await replica.db.bytes.count(), 0);
  assert.equal((await replica.db.media.get("p1"))?.state, "stored");
});

test("what is lost with a post leaves the screen, and the outbox stays", async () => {
  const replica = await ready();
  await answer(replica, [put("r1", 5, { title: "a", state: "submitted" })], 5);
  await replica.update(SITE, "r1", sets({ part: "二层" }));
  await replica.receive({
    no: 99,
    server_time: "2026-11-22T01:00:00Z",
    pull: { granted: {}, gone: [SITE], dossiers: {} },
  });
  assert.equal(await replica.db.shadow.count(), 0);
  assert.equal((await outbox(replica)).length, 1);
  const { push } = JSON.parse(await replica.request()) as { push: { dossier: string }[] };
  assert.equal(push[0]?.dossier, SITE);
});

test("pictures of what may no longer be seen go with it; what is not home stays", async () => {
  const replica = await ready();
  const bytes = new ArrayBuffer(3);
  const photo = (record: string): Item => ({ ...put(record, 5, { subject: "r1" }), kind: "photo" });
  await answer(replica, [photo("theirs"), photo("deleted"), photo("mine")], 5);
  for (const name of ["theirs", "deleted", "mine"]) await replica.db.previews.put({ photo: name, bytes });
  await replica.db.bytes.put({ photo: "mine", bytes });
  await replica.attach(SITE, "r1", shot("mine"), {});
  await answer(replica, [{ ...photo("deleted"), version: 6, op: "delete" }], 6);
  assert.deepEqual(await replica.db.previews.toCollection().primaryKeys(), ["mine", "theirs"]);
  await replica.receive({ no: 99, server_time: "2026-11-22T01:00:00Z", pull: { granted: {}, dossiers: {} } });
  assert.deepEqual(await replica.db.previews.toCollection().primaryKeys(), ["mine"]);
  assert.deepEqual([await replica.db.media.count(), await replica.db.bytes.count()], [1, 1]);
});

test("after a restore everything retained goes out again in its old order", async () => {
  const replica = await ready();
  const first = await replica.create(SITE, "issue", ISSUE);
  const second = await replica.create(SITE, "issue", ISSUE);
  const ids = (await outbox(replica)).map(({ id }) => id);
  await answer(replica, [], 9, [
    [ids[0] ?? "", 4],
    [ids[1] ?? "", 5],
  ]);
  const dossier = { epoch: 2, head: 3, backed_up: 0, audiences: {} };
  const pull = { granted: { [SITE]: { epoch: 2, audiences: ["field"] } }, dossiers: { [SITE]: dossier } };
  await replica.receive({ no: 99, server_time: "2026-11-22T01:00:00Z", pull });
  const { push } = JSON.parse(await replica.request()) as { push: { epoch: number; changes: { record: string }[] }[] };
  assert.equal(push[0]?.epoch, 2);
  assert.deepEqual(
    push[0]?.changes.map(({ record }) => record),
    [first, second],
  );
});

test("what the server could never take is refused when it is saved", async () => {
  const replica = await ready();
  await assert.rejects(replica.create(SITE, "issue", sets({ title: "a" })), /domain, severity, found_at/);
  await assert.rejects(replica.create(SITE, "issue", { ...ISSUE, nonsense: { set: 1 } }), /nonsense/);
  await assert.rejects(replica.create(SITE, "issue", { ...ISSUE, part: { set: 1.5 } }), /decimals/);
  await assert.rejects(
    replica.create(SITE, "issue", { ...ISSUE, description: { set: "字".repeat(30_000) } }),
    /bytes in one change/,
  );
  assert.deepEqual(await outbox(replica), []);
});

test("what is invalid is said again under a new id, put right", async () => {
  const replica = await ready();
  await replica.create(SITE, "issue", ISSUE);
  const [row] = await outbox(replica);
  await replica.db.outbox.update(row?.n ?? 0, { state: "invalid", sent: true });
  await replica.repair(row?.n ?? 0, sets({ title: "改正" }));
  const [again, ...more] = await outbox(replica);
  assert.equal(more.length, 0);
  assert.notEqual(again?.id, row?.id);
  assert.deepEqual([again?.state, again?.change.fields?.title], ["new", { set: "改正" }]);
  assert.ok((again?.n ?? 0) > (row?.n ?? 0));
});

test("a device that starts again has everything it had saved", async () => {
  const clock = new Clock();
  const replica = device(clock, "kept");
  await granted(replica);
  const record = await replica.create(SITE, "issue", ISSUE);
  const { no } = JSON.parse(await replica.request()) as { no: number };
  replica.close();
  const again = device(clock, "kept");
  assert.ok((await again.view(SITE)).has(record));
  assert.equal((JSON.parse(await again.request()) as { no: number }).no, no + 1);
  assert.equal((await outbox(again))[0]?.sent, true);
});

test("a device says which time it had been told before its work was made", async () => {
  const replica = await ready();
  const told = async (at: string): Promise<void> =>
    void (await replica.receive({ no: 1, server_time: at, push: [{ dossier: SITE, epoch: 1, outcomes: [] }] }));
  const seen = async (): Promise<unknown> => (JSON.parse(await replica.request()) as { seen_at?: string }).seen_at;
  assert.equal(await seen(), undefined);
  await told("2026-11-22T01:00:00.000Z");
  assert.equal(await seen(), "2026-11-22T01:00:00.000Z");
  await replica.create(SITE, "issue", ISSUE);
  await told("2026-11-22T02:00:00.000Z"); // and the work still waits
  assert.equal(await seen(), "2026-11-22T01:00:00.000Z");
  const [row] = await outbox(replica);
  await answer(replica, [], 5, [[row?.id ?? "", 5]], 0);
  await told("2026-11-22T02:00:00.000Z");
  await told("2026-11-22T01:30:00.000Z"); // a late one
  assert.equal(await seen(), "2026-11-22T02:00:00.000Z");
  await replica.receive({ no: 9, server_time: "2026-11-22T03:00:00.000Z", pull: restored });
  assert.equal(await seen(), undefined); // what it kept goes out again, and was made before that
});

const restored = {
  granted: { [SITE]: { epoch: 2, audiences: ["field"] } },
  dossiers: { [SITE]: { epoch: 2, head: 5, backed_up: 0, audiences: {} } },
};

test("a group over which the house failed is kept and goes out again, beside one that is entered", async () => {
  const replica = await ready();
  await granted(replica, "project:wj-02");
  await replica.create(SITE, "issue", ISSUE);
  await replica.create("project:wj-02", "issue", ISSUE);
  const [, second] = await outbox(replica);
  const rest = { conflict: null, why: null, remedy: null, replay: false, receipt: null };
  const entered = { id: second?.id ?? "", status: "applied" as const, seq: 5, version: 5, ...rest };
  await replica.receive({
    no: 1,
    server_time: "2026-11-22T01:00:00.000Z",
    push: [
      { dossier: SITE, error: "busy", outcomes: [] },
      { dossier: "project:wj-02", epoch: 1, outcomes: [entered] },
    ],
  });
  assert.deepEqual(
    (await outbox(replica)).map(({ state }) => state),
    ["new", "acked"],
  );
  const { push } = JSON.parse(await replica.request()) as { push: { dossier: string; changes: object[] }[] };
  assert.deepEqual(
    push.map(({ dossier, changes }) => [dossier, changes.length]),
    [[SITE, 1]],
  );
});

test("however many cursors a device holds, its work goes with them", async () => {
  const replica = await ready();
  const cursor = await replica.db.cursors.toCollection().first();
  if (!cursor) throw new Error("there is one");
  const rows = Array.from({ length: 6_000 }, (_, n) => ({ ...cursor, nonce: "n".repeat(800), audience: `party:${n}` }));
  await replica.db.cursors.bulkPut(rows);
  for (let n = 0; n < 3; n += 1) {
    await replica.create(SITE, "issue", { ...ISSUE, description: { set: "字".repeat(12_000) } });
  }
  const { push } = JSON.parse(await replica.request()) as { push: { changes: object[] }[] };
  assert.equal(push[0]?.changes.length, 1); // there is room for one change beside them, and always for one
});
