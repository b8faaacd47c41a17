/** A checklist of another subject replaces none: editions are compared within their own code. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { inUse, lastCode } from "../checklists.ts";
import type { Body } from "../merge.ts";

const DAY = "2026-11-27";
const edition = (code: string, number: number, more: Body = {}) => ({
  record: `${code}-${number}`,
  body: { code, edition: number, state: "published", valid_from: "2012-07-01", ...more },
});
const used = (...editions: ReturnType<typeof edition>[]): string[] => inUse(editions, DAY).map(({ record }) => record);

test("a second checklist stands beside the first, whatever its edition is called", () => {
  assert.deepEqual(used(edition("JGJ59", 1), edition("flood", 7)), ["JGJ59-1", "flood-7"]);
});

test("of one code the newest edition is used, by number and not by letters", () => {
  assert.deepEqual(used(edition("JGJ59", 9), edition("JGJ59", 10), edition("JGJ59", 2)), ["JGJ59-10"]);
});

test("an edition that does not hold yet, or no longer, leaves the one that does", () => {
  const later = edition("JGJ59", 3, { valid_from: "2026-11-28" });
  const over = edition("JGJ59", 2, { valid_to: "2026-11-26" });
  assert.deepEqual(used(edition("JGJ59", 1), over, later), ["JGJ59-1"]);
  assert.deepEqual(used(over, later), []);
});

test("the first and the last day count", () => {
  assert.deepEqual(used(edition("flood", 1, { valid_from: DAY, valid_to: DAY })), ["flood-1"]);
});

test("drafts and what was withdrawn are not used", () => {
  assert.deepEqual(used(edition("a", 1, { state: "draft" }), edition("b", 1, { state: "withdrawn" })), []);
});

const visit = (checklist: string, arrived_at: string, ...officers: string[]) => ({
  record: arrived_at,
  body: { checklist, arrived_at, officers },
});

test("the last choice is the person's own, and outlives its edition", () => {
  const editions = new Map([edition("JGJ59", 1), edition("flood", 1)].map((one) => [one.record, one]));
  const visits = [
    visit("flood-1", "2026-11-25T09:00:00.000Z", "li", "wang"),
    visit("JGJ59-1", "2026-11-24T09:00:00.000Z", "li"),
    visit("JGJ59-1", "2026-11-26T09:00:00.000Z", "wang"),
    visit("unknown-1", "2026-11-27T09:00:00.000Z", "li"),
  ];
  assert.equal(lastCode(visits, editions, "li"), "flood");
  assert.equal(lastCode(visits, editions, "wang"), "JGJ59");
  assert.equal(lastCode(visits, editions, "zhang"), undefined);
});
