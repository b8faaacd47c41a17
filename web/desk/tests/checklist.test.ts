/** What a colleague's edition changed is said whole, and a copy that went on changing is not dropped. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Content, dropSent, keep, kept } from "../checklist.ts";
import { differences } from "../differences.ts";

const BASE: Content = {
  code: "flood",
  edition: 1,
  title: "防汛检查",
  valid_from: "2026-01-01",
  sections: [
    {
      code: "1",
      title: "防汛",
      marks: 100,
      forms: [
        {
          code: "F1",
          title: "水泵",
          items: [
            { code: "1", title: "有无地下室" },
            { code: "2", title: "集水井水泵", marks: 10, measurement: { unit: "m", decimals: 1, least: "5" } },
          ],
        },
      ],
    },
  ],
};
const changed = (alter: (copy: Content) => void): string[] => {
  const copy = structuredClone(BASE);
  alter(copy);
  const found = differences(BASE, { ...copy, edition: 2 });
  return found.map(({ place, what, before, after }) => {
    return `${place.join("›")} ${typeof what === "string" ? what : what.column}: ${before} → ${after}`;
  });
};
const form = (copy: Content) => {
  const found = copy.sections[0]?.forms[0];
  assert.ok(found);
  return found;
};

test("another number alone changes nothing", () => assert.deepEqual(changed(() => undefined), []));

test("a title, marks, a measurement and a validity are said by their place, cleared ones too", () => {
  const said = changed((copy) => {
    copy.valid_to = "2026-12-31";
    delete copy.sections[0]?.marks;
    form(copy).items[1] = { code: "2", title: "水泵", marks: 20, measurement: { unit: "m", decimals: 1, least: "6" } };
  });
  assert.deepEqual(said, [
    " valid_to:  → 2026-12-31",
    "1 marks: 100 → ",
    "1›F1›2 title: 集水井水泵 → 水泵",
    "1›F1›2 marks: 10 → 20",
    "1›F1›2 measurement: m · 1 · 5 → m · 1 · 6",
  ]);
});

test("what was added and taken out is said once, with nothing of what lies in it", () => {
  const said = changed((copy) => {
    copy.sections.push({ code: "2", title: "用电", forms: [{ code: "F2", title: "配电", items: [{ code: "1", title: "接地" }] }] });
    form(copy).items.shift();
  });
  assert.deepEqual(said, ["2 added:  → 用电", "1›F1›1 removed: 有无地下室 → "]);
});

test("another order is said", () => assert.deepEqual(changed((copy) => void form(copy).items.reverse()), ["1›F1 order: 1 2 → 2 1"]));

test("a copy is dropped only where it is what was sent", () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  keep("k", { ...BASE, title: "另一标签页中写的" });
  dropSent("k", BASE);
  assert.equal(kept("k")?.content.title, "另一标签页中写的");
  keep("k", BASE);
  dropSent("k", structuredClone(BASE));
  assert.equal(kept("k"), null);
});
