/** What all clients must agree on: canonical bytes, merges, pages, outcomes, ids, scores. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Answer, type GroupAnswer, type Page, takePull, takePush } from "../answers.ts";
import { canonical, commitment, entryHash, NotCanonical, sha256, utf8 } from "../canonical.ts";
import type { Fields } from "../change.ts";
import { mergeText } from "../diff3.ts";
import { answerId, findingId, organisationId } from "../ids.ts";
import type { Kind, Policy } from "../kinds.ts";
import { type Body, merge, type Written } from "../merge.ts";
import { type Given, type Grading, score, type Section } from "../score.ts";
import type { CursorRow, OutboxState } from "../tables.ts";
import { weigh } from "../trust.ts";
import { device } from "./devices.ts";
import { vectors } from "./vectors.ts";

const HERE = "project:a";

interface Canonical {
  accepted: { name: string; value: unknown; text: string; sha256: string; entry: string }[];
  refused: { name: string; json: string }[];
  commitments: { salt: string; payload: string; commitment: string }[];
}

test("one spelling, one hash", async () => {
  const { accepted, refused, commitments } = vectors<Canonical>("canonical");
  for (const { name, value, text, sha256: digest, entry } of accepted) {
    assert.equal(canonical(value), text, name);
    assert.equal(await sha256(utf8(text)), digest, name);
    assert.equal(await entryHash(utf8(text)), entry, name);
  }
  for (const { name, json } of refused) assert.throws(() => canonical(JSON.parse(json)), NotCanonical, name);
  for (const { salt, payload, commitment: told } of commitments) {
    assert.equal(await commitment(Buffer.from(salt, "hex"), utf8(payload)), told);
  }
});

test("texts merge where the edits do not touch", () => {
  for (const { base, current, mine, merged } of vectors<
    { base: string; current: string; mine: string; merged: string | null }[]
  >("text")) {
    assert.equal(mergeText(base, current, mine), merged, `${current} | ${mine}`);
  }
});

interface Merges {
  kind: {
    fields: Record<string, { policy: Policy; group?: string; order?: string[] }>;
    lifecycle: { initial: string; transitions: Record<string, [string, string]> };
  };
  cases: {
    name: string;
    body: Body;
    fields: Fields;
    written: Written;
    trunk: number;
    device: string;
    actor: string;
    at: string;
    atomic?: boolean;
    bases?: Body;
    status: string;
    after: Body;
    lost: string[];
  }[];
}

test("changes are judged as the server judges them", () => {
  const { kind: said, cases } = vectors<Merges>("merge");
  const steps = Object.entries(said.lifecycle.transitions).map(([verb, [from, to]]) => [
    verb,
    { from: [from], to, by: [] },
  ]);
  const state = { policy: "state" as const };
  const states = { initial: said.lifecycle.initial, steps: Object.fromEntries(steps) };
  const kind: Kind = { fields: { ...said.fields, state }, states };
  for (const given of cases) {
    const judged = merge({ kind, ...given });
    assert.equal(judged.status, given.status, given.name);
    assert.deepEqual(judged.after, given.after, given.name);
    assert.deepEqual(Object.keys(judged.lost).sort(), given.lost, given.name);
  }
});

interface Cursors {
  cases: {
    name: string;
    held: Omit<CursorRow, "dossier" | "audience" | "gen">;
    shadow: Record<string, number>;
    epoch: number;
    page: Page;
    after: object;
    shadow_after: Record<string, number>;
  }[];
}

for (const given of vectors<Cursors>("cursors").cases) {
  test(`a page and its cursor: ${given.name}`, async () => {
    const { db } = device();
    const { held, epoch, page } = given;
    await db.epochs.put({ dossier: HERE, epoch: held.epoch, backed_up: 0 });
    await db.cursors.put({ dossier: HERE, audience: "field", gen: 0, ...held });
    for (const [record, version] of Object.entries(given.shadow)) {
      const row = { dossier: HERE, record, audience: "field", kind: "thing", version, epoch: held.epoch };
      await db.shadow.put({ ...row, body: {}, written: {}, gen: 0 });
    }
    const said = { epoch, head: 99, backed_up: 0, audiences: { field: page } };
    const pull = { granted: { [HERE]: { epoch, audiences: ["field"] } }, dossiers: { [HERE]: said } };
    const weighed = await weigh(db, pull, 7, "");
    await takePull(db, pull satisfies NonNullable<Answer["pull"]>, 7, () => "*", 0, weighed);
    const { dossier: _d, audience: _a, gen: _g, ...cursor } = (await db.cursors.toArray())[0] as CursorRow;
    assert.deepEqual(cursor, given.after);
    const shadow = (await db.shadow.toArray()).map(({ record, version }) => [record, version]);
    assert.deepEqual(Object.fromEntries(shadow), given.shadow_after);
  });
}

interface Outcomes {
  cases: {
    name: string;
    epoch: number;
    backed_up: number;
    cursors: { audience: string; epoch: number; seq: number; more: boolean }[];
    outbox: { id: string; state: OutboxState; seq: number | null; epoch: number | null }[];
    group: GroupAnswer;
    after: Record<string, string>;
  }[];
}

for (const given of vectors<Outcomes>("outcomes").cases) {
  test(`an outcome and the outbox: ${given.name}`, async () => {
    const { db } = device();
    await db.epochs.put({ dossier: HERE, epoch: given.epoch, backed_up: given.backed_up });
    for (const cursor of given.cursors) {
      await db.cursors.put({ dossier: HERE, nonce: "a", floor: 0, below: null, gen: 0, ...cursor });
    }
    for (const [at, row] of given.outbox.entries()) {
      const change = { id: row.id, n: at + 1, op: "update" as const, kind: "thing", record: "r", at: "" };
      const rest = { dossier: HERE, record: "r", change, schema: 1, sent: true, saved: 0, outcome: null, acked: 0 };
      await db.outbox.put({ n: at + 1, ...row, ...rest });
    }
    await takePush(db, given.group, 0);
    const left = (await db.outbox.toArray()).map(({ id, state }) => [id, state]);
    assert.deepEqual(Object.fromEntries(left), given.after);
  });
}

test("two phones derive one id for one item", async () => {
  const { cases } = vectors<{
    cases: { name: string; inspection: string; form: string; instance: string; item: string; record: string }[];
  }>("answers");
  for (const { name, inspection, form, instance, item, record } of cases) {
    assert.equal(await answerId(inspection, form, instance, item), record, name);
  }
});

test("what failed becomes one issue, whoever says so", async () => {
  const { cases } = vectors<{ cases: { name: string; answer: string; issue: string }[] }>("findings");
  assert.ok(cases.length);
  for (const { name, answer, issue } of cases) assert.equal(await findingId(answer), issue, name);
});

test("what a code is called stands under one id everywhere", async () => {
  const { cases } = vectors<{ cases: { name: string; code: string; record: string }[] }>("organisations");
  for (const { name, code, record } of cases) assert.equal(await organisationId(code), record, name);
});

interface Scores {
  sections: Section[];
  grading: Grading;
  cases: {
    name: string;
    answers: Given[];
    graded: boolean;
    total: string | null;
    grade: string | null;
    complete: boolean;
    forms: object[];
  }[];
}

for (const { name, answers, graded, ...told } of vectors<Scores>("score").cases) {
  test(`a score: ${name}`, () => {
    const { sections, grading } = vectors<Scores>("score");
    const { total, grade, complete, forms } = score(answers, sections, graded ? grading : null);
    assert.deepEqual({ total, grade, complete }, { total: told.total, grade: told.grade, complete: told.complete });
    const shown = forms.map(({ code, instance, score: marks, zero, missing }) => ({
      code,
      instance,
      score: marks,
      zero,
      missing,
    }));
    assert.deepEqual(shown, told.forms);
  });
}
