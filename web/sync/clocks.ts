/** What a device knows of its clocks: one that runs and is not set, and how far the other one is off. */

import { uuid7 } from "./ids.ts";
import { reopening, type Tables } from "./tables.ts";

// Below it, it is a clock that is being steered; above, the running clock stood still or the wall clock was set.
const STOOD_STILL_MS = 2_000;

/** Milliseconds, and the name of the stretch that they are counted in. */
export interface Reading {
  boot: string;
  ms: number;
}

/**
 * The running clock. The server takes the difference of two readings of one boot for true (protocol.md §6). Many browsers' clock stands
 * still while the phone sleeps (w3c/hr-time#115): what was captured before the sleep would be dated by all of it too
 * late. So a new boot begins as soon as the wall clock has gone further than this one, and what was read before is
 * judged by the wall clock. A wall clock that was set back is no such sign: there this one is the truer.
 */
export class Running {
  #boot = uuid7().slice(-12);
  #apart: number; // how far the wall clock is before this one; the least of this boot
  readonly #wall: () => number;
  readonly #running: () => number;

  constructor(wall = (): number => Date.now(), running = (): number => performance.now()) {
    this.#wall = wall;
    this.#running = running;
    this.#apart = wall() - running();
  }

  read(): Reading {
    const ms = this.#running();
    const apart = this.#wall() - ms;
    if (apart - this.#apart > STOOD_STILL_MS) {
      this.#boot = uuid7().slice(-12);
      this.#apart = apart;
    }
    this.#apart = Math.min(this.#apart, apart);
    return { boot: this.#boot, ms: Math.round(ms) };
  }
}

const OFFSET = "offset"; // a row of `meta`

/** How far the server's clock was ahead of this device's, and when that was measured, by the server's. */
export interface Offset {
  ms: number;
  at: string;
}

/** Keep what an answer made `at` by the server's clock tells of the one here, which showed `sent` when it was asked. */
export async function measured(db: Tables, at: string, sent: number): Promise<void> {
  // The answer was made somewhere between sending and now: half the way is the best guess.
  const value: Offset = { ms: Math.round(Date.parse(at) - (sent + Date.now()) / 2), at };
  await reopening(db, () => db.meta.put({ key: OFFSET, value }));
}

/** As last measured, also before this page was opened: a whole day without a line may follow. Null before. */
export const offset = async (db: Tables): Promise<Offset | null> =>
  ((await reopening(db, () => db.meta.get(OFFSET)))?.value as Offset | undefined) ?? null;
