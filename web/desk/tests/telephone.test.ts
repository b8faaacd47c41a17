/** What is typed on a device is kept as the house keeps it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { dial, normal, spaced } from "../../telephone.ts";

interface Case {
  said: string;
  kept: string | null;
}
const file = new URL("../../../tests/vectors/telephones.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

test("a number is kept in one form however it was typed", () => {
  assert.ok(cases.length > 20);
  for (const { said, kept } of cases) {
    assert.equal(normal(said), kept, said);
    if (kept) assert.equal(normal(kept), kept, kept);
  }
});

test("a tap dials it, the extension after a pause, and nothing that is no number", () => {
  assert.equal(dial("13800000001"), "tel:13800000001");
  assert.equal(dial("010-64000001-801"), "tel:01064000001,801");
  assert.equal(dial("+85290000001"), "tel:+85290000001");
  assert.equal(dial("（已依法删除）"), null);
  assert.equal(dial("138 0000 0001"), null);
});

test("a mobile is read out in three parts", () => {
  assert.equal(spaced("13800000001"), "138 0000 0001");
  assert.equal(spaced("010-64000001"), "010-64000001");
});
