/** Places near each other, on a plane. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { metres, moved, offset, placeOf } from "../places.ts";

const SITE = { lat_e7: 399_950_871, lon_e7: 1_164_772_484 };

test("what lies east lies east, and the way back is the same", () => {
  const there = moved(SITE, 120, -45);
  const [east, north] = offset(SITE, there);
  assert.ok(Math.abs(east - 120) < 0.02 && Math.abs(north + 45) < 0.02);
  assert.ok(Math.abs(metres(SITE, there) - Math.hypot(120, 45)) < 0.02);
});

test("a place in a shifted datum is none that can be compared", () => {
  assert.deepEqual(placeOf({ ...SITE, datum: "CGCS2000" }), SITE);
  assert.deepEqual(placeOf({ ...SITE }), SITE);
  assert.equal(placeOf({ ...SITE, datum: "GCJ-02" }), null);
  assert.equal(placeOf({ lat_e7: SITE.lat_e7 }), null);
});
