/** What a hand draws is written down so that every device draws the same, and each stroke can be taken back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import kinds from "../../sync/kinds.json" with { type: "json" };
import { arrow, box, fits, grown, joined, longer, pieces, type Point, says, spelled, type Stroke } from "../strokes.ts";

const TAKEN = /^[MmLlHhVvCcSsQqTtZz0-9 ,.\-]{1,20000}$/; // sync/record.py: strokes

const drag = (tool: "pen" | "arrow" | "box", ...way: Point[]): Stroke =>
  way.reduce<Stroke>((stroke, point) => grown(tool, stroke, point), []);

test("the record has a field for strokes", () => {
  assert.equal(kinds.kinds.markup.fields.strokes.required, true);
});

test("a way is told in whole units, a touch is a dot, nothing is nothing", () => {
  assert.equal(spelled(drag("pen", [12.4, 33.6], [15, 36], [17, 38])), "M12 34L15 36 17 38");
  assert.equal(spelled(drag("pen", [5, 5])), "M5 5L5 5");
  assert.equal(spelled([]), "");
});

test("what every tool draws the server takes", () => {
  for (const tool of ["pen", "arrow", "box"] as const) {
    const path = spelled(drag(tool, [-3.2, 10], [400.7, 310.2]));
    assert.match(path, TAKEN);
    assert.equal(path.match(/M/g)?.length, 1, "one stroke, taken back as one");
  }
});

test("points that lie too close say nothing", () => {
  const stroke: Stroke = [[10, 10]];
  assert.equal(longer(stroke, [11, 10]), stroke);
  assert.equal(longer(stroke, [13, 10]).length, 2);
});

test("an arrow ends in its tip, with both barbs behind it and of one length", () => {
  for (const from of [
    [0, 0],
    [200, 0],
    [90, 300],
    [40, 41],
  ] as Point[]) {
    const tip: Point = [100, 100];
    const [start, end, left, again, right] = arrow(from, tip) as [Point, Point, Point, Point, Point];
    assert.deepEqual([start, end, again], [from, tip, tip]);
    const away = (point: Point): number => Math.hypot(point[0] - tip[0], point[1] - tip[1]);
    assert.ok(Math.abs(away(left) - away(right)) < 2);
    for (const barb of [left, right]) {
      const along = (barb[0] - tip[0]) * (from[0] - tip[0]) + (barb[1] - tip[1]) * (from[1] - tip[1]);
      assert.ok(along > 0, "it lies on the shaft's side");
    }
  }
});

test("a box is closed, from whichever corner it was drawn", () => {
  const corners = (stroke: Stroke): string[] => [...new Set(stroke.map(String))].sort();
  const one = box([10, 20], [110, 220]);
  assert.deepEqual(one.at(0), one.at(-1));
  assert.deepEqual(corners(one), corners(box([110, 220], [10, 20])));
  assert.deepEqual(corners(one), corners(box([10, 220], [110, 20])));
});

test("an arrow and a box follow the hand, the pen keeps its way", () => {
  assert.deepEqual(drag("arrow", [0, 0], [50, 5], [100, 100]), arrow([0, 0], [100, 100]));
  assert.deepEqual(drag("box", [0, 0], [50, 5], [100, 100]), box([0, 0], [100, 100]));
  assert.deepEqual(drag("pen", [0, 0], [50, 5], [100, 100]), [
    [0, 0],
    [50, 5],
    [100, 100],
  ]);
});

test("a slip of the hand is no arrow and no box, but a dot is a dot", () => {
  assert.equal(says("arrow", drag("arrow", [10, 10], [13, 12])), false);
  assert.equal(says("box", drag("box", [10, 10])), false);
  assert.equal(says("pen", drag("pen", [10, 10])), true);
  assert.equal(says("box", drag("box", [10, 10], [60, 60])), true);
});

test("strokes come apart as they were put together, whoever spelled them", () => {
  const drawn = [spelled(drag("pen", [1, 2], [30, 40])), spelled(box([5, 5], [50, 60]))];
  assert.deepEqual(pieces(joined(drawn)), drawn);
  const foreign = "M10 10c5-5 10 0 20 3zm3 3l4 4M50.5,60Q70 80 90-10";
  assert.deepEqual(pieces(foreign), ["M10 10c5-5 10 0 20 3zm3 3l4 4", "M50.5,60Q70 80 90-10"]);
  assert.equal(joined(pieces(foreign)), foreign);
  assert.deepEqual(pieces(""), []);
});

test("a drawing has the record's room and no more", () => {
  const one = spelled(drag("pen", [100, 100], [200, 200]));
  const many = Array.from({ length: Math.floor(20_000 / one.length) }, () => one);
  assert.ok(fits(many) && TAKEN.test(joined(many)));
  assert.ok(!fits([...many, one]) && !TAKEN.test(joined([...many, one])));
});
