/** A device's clocks: what the server may reckon with, and what is still known without a line. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { offset, Running } from "../clocks.ts";
import { Replica } from "../replica.ts";
import { Clock, device, granted, ISSUE, SITE } from "./devices.ts";

const [SECOND, HOUR] = [1_000, 3_600_000];

/** Two clocks that a test moves: the one on the wall, and the one that only runs. */
class Clocks {
  wall = Date.parse("2026-11-22T02:00:00Z");
  ran = 5_000.25;
  readonly running = new Running(
    () => this.wall,
    () => this.ran,
  );

  passes(ms: number, { asleep = 0 } = {}): void {
    this.wall += ms + asleep;
    this.ran += ms;
  }
}

test("a running clock names the boot that it counts in", () => {
  const clocks = new Clocks();
  const first = clocks.running.read();
  clocks.passes(HOUR);
  const second = clocks.running.read();
  assert.deepEqual(second, { boot: first.boot, ms: first.ms + HOUR });
  assert.equal(first.ms, 5_000, "whole milliseconds, as the protocol has them");
  assert.notEqual(new Running().read().boot, new Running().read().boot);
});

test("a clock that stood still while the phone slept begins another boot", () => {
  const clocks = new Clocks();
  const morning = clocks.running.read();
  clocks.passes(SECOND, { asleep: 4 * HOUR });
  const afternoon = clocks.running.read();
  assert.notEqual(afternoon.boot, morning.boot);
  clocks.passes(HOUR);
  assert.equal(clocks.running.read().boot, afternoon.boot);
});

test("many short sleeps add up", () => {
  const clocks = new Clocks();
  const { boot } = clocks.running.read();
  clocks.passes(SECOND, { asleep: 1_500 });
  assert.equal(clocks.running.read().boot, boot, "so much a clock may be steered");
  clocks.passes(SECOND, { asleep: 1_500 });
  assert.notEqual(clocks.running.read().boot, boot);
});

test("a wall clock that was set back takes nothing from the running one, and a sleep after it is still seen", () => {
  const clocks = new Clocks();
  const { boot } = clocks.running.read();
  clocks.wall -= 5 * HOUR;
  assert.equal(clocks.running.read().boot, boot);
  clocks.passes(SECOND, { asleep: HOUR });
  assert.notEqual(clocks.running.read().boot, boot);
});

test("what was captured before a sleep is not dated by the clock that stood still", async () => {
  const clocks = new Clocks();
  const now = (): Date => new Date(clocks.wall);
  const replica = new Replica("slept", "slept", { now, running: clocks.running });
  await granted(replica);
  await replica.create(SITE, "issue", ISSUE);
  clocks.passes(SECOND, { asleep: 4 * HOUR });
  await replica.create(SITE, "issue", ISSUE);
  const said = JSON.parse(await replica.request()) as { clock: object; push: { changes: { clock: object }[] }[] };
  const boots = said.push.flatMap(({ changes }) => changes.map(({ clock }) => (clock as { boot: string }).boot));
  const here = (said.clock as { boot: string }).boot;
  assert.deepEqual(
    boots.map((boot) => boot === here),
    [false, true],
  );
});

test("how far the clock is off is known for a whole day without a line, whatever became of the page", async () => {
  const before = device(new Clock(), "killed");
  assert.equal(await offset(before.db), null);
  const at = new Date(Date.now() + 90 * SECOND).toISOString();
  const exchange = async (body: string): Promise<{ no: number; server_time: string }> => {
    const { no } = JSON.parse(body) as { no: number };
    return { no, server_time: at };
  };
  await before.sync({ exchange, fetch: () => Promise.reject(new Error("nothing is offered")) });
  before.close();
  const after = await offset(device(new Clock(), "killed").db);
  assert.equal(after?.at, at);
  assert.ok(Math.abs((after?.ms ?? 0) - 90 * SECOND) < 5 * SECOND, `${after?.ms} ms`);
});
