/** When a device tries again. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { LONGEST_MS, pauseMs, Rhythm } from "../rhythm.ts";

const half = (): number => 0.5;
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

test("the pause doubles to five minutes, spread by lot, and heeds what the server asks", () => {
  assert.deepEqual(
    [1, 2, 3].map((failures) => pauseMs(failures, () => 1)),
    [2_000, 4_000, 8_000],
  );
  assert.equal(
    pauseMs(99, () => 1),
    LONGEST_MS,
  );
  assert.equal(
    pauseMs(3, () => 0),
    0,
  );
  assert.equal(pauseMs(1, half, 30_000), 30_000);
});

test("it tries again by itself as long as anything is left", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let tried = 0;
  const rhythm = new Rhythm(
    () => {
      tried += 1;
      return tried < 4 ? Promise.reject(new Error("no line")) : Promise.resolve({ left: false, moved: true });
    },
    () => 0,
    half,
  );
  await rhythm.now();
  for (const [waited, then] of [
    [1_000, 2],
    [2_000, 3],
    [4_000, 4],
  ] as const) {
    mock.timers.tick(waited - 1);
    await turns();
    assert.equal(tried, then - 1);
    mock.timers.tick(1);
    await turns();
    assert.equal(tried, then);
  }
  mock.timers.tick(30_000);
  await turns();
  assert.equal(tried, 5);
  rhythm.stop();
  mock.timers.reset();
});

test("an edit while the server asks for patience does not come earlier", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let tried = 0;
  const busy = (): Promise<never> => {
    tried += 1;
    return Promise.reject(new Error("503"));
  };
  const rhythm = new Rhythm(busy, () => 20_000, half);
  await rhythm.now();
  await rhythm.now();
  assert.equal(tried, 1);
  mock.timers.tick(20_000);
  await turns();
  assert.equal(tried, 2);
  rhythm.stop();
  mock.timers.reset();
});

test("what only a person can mend is asked again every five minutes, and at once when they have done something", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let tried = 0;
  const refused = (): Promise<never> => {
    tried += 1;
    return Promise.reject(new Error("426"));
  };
  const rhythm = new Rhythm(refused, () => null, half);
  await rhythm.now();
  for (const attempts of [2, 3]) {
    mock.timers.tick(LONGEST_MS - 1);
    await turns();
    assert.equal(tried, attempts - 1);
    mock.timers.tick(1);
    await turns();
    assert.equal(tried, attempts);
  }
  await rhythm.now();
  assert.equal(tried, 4);
  rhythm.stop();
  mock.timers.tick(LONGEST_MS);
  await turns();
  assert.equal(tried, 4);
  mock.timers.reset();
});

test("a clock that is set back while the server asks for patience stops nothing", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let clock = 86_400_000;
  const wall = mock.method(Date, "now", () => clock);
  let tried = 0;
  const busy = (): Promise<never> => {
    tried += 1;
    return Promise.reject(new Error("503"));
  };
  const rhythm = new Rhythm(busy, () => 20_000, half);
  await rhythm.now();
  clock = 0;
  for (const attempts of [2, 3]) {
    mock.timers.tick(20_000);
    await turns();
    assert.equal(tried, attempts);
  }
  rhythm.stop();
  wall.mock.restore();
  mock.timers.reset();
});

test("what is asked for during an attempt is done right after it, one at a time", async () => {
  let [running, most, tried] = [0, 0, 0];
  const rhythm = new Rhythm(
    async () => {
      most = Math.max(most, (running += 1));
      tried += 1;
      await turns();
      running -= 1;
      return { left: false, moved: true };
    },
    () => 0,
  );
  const first = rhythm.now();
  void rhythm.now();
  void rhythm.now();
  await first;
  await turns();
  await turns();
  rhythm.stop();
  assert.deepEqual([most, tried], [1, 2]);
});
