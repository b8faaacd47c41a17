/** When a device tries again: soon after a fault, later and later while it lasts, and never not at all. */

export const FIRST_MS = 1_000; // protocol.md §7
export const LONGEST_MS = 300_000;

/**
 * How long to wait after so many failures in a row.
 *
 * Full jitter: anything from nothing to the doubled limit, so that phones which were refused together
 * do not come back together. `retryAfterMs` (what a 429 or 503 asked for) is the least.
 */
export function pauseMs(failures: number, random: () => number, retryAfterMs = 0): number {
  const limit = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.max(random() * limit, retryAfterMs);
}

export interface Attempt {
  /** Whether anything is still not home. */
  left: boolean;
  /** Whether something came nearer to home. */
  moved: boolean;
}

/**
 * Runs one attempt at a time, whoever asks, and keeps asking while anything is left.
 *
 * The timer re-arms whatever the fault, as long as the outbox is not empty: a queue that waits for the
 * next edit has lost work (powersync-swift#179).
 */
export class Rhythm {
  failures = 0;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;
  #notBefore = 0; // when the server asked for patience, an edit is no reason to come earlier
  readonly #attempt: () => Promise<Attempt>;
  readonly #retryAfterMs: (fault: unknown) => number | null;
  readonly #random: () => number;
  readonly #idleMs: number;

  /**
   * `attempt` is one sync. `retryAfterMs` says of a fault how long to wait at least, or null where
   * somebody has to do something first (a new sign-in, a newer app): it is asked again seldom, for not all who
   * speak on the way are the house, and it may have changed its mind. `idleMs`: how often to ask when nothing is left.
   */
  constructor(
    attempt: () => Promise<Attempt>,
    retryAfterMs: (fault: unknown) => number | null,
    random: () => number = Math.random,
    idleMs = 30_000,
  ) {
    this.#attempt = attempt;
    this.#retryAfterMs = retryAfterMs;
    this.#random = random;
    this.#idleMs = idleMs;
  }

  /** Something was saved, the line is back, the app came to the front: try now, or right after the attempt that runs. */
  now(): Promise<void> {
    if (this.#stopped || Date.now() < this.#notBefore) return Promise.resolve();
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    if (this.#timer) clearTimeout(this.#timer);
    this.#running = this.#once().finally(() => {
      this.#running = null;
      if (!this.#again) return;
      this.#again = false;
      void this.now();
    });
    return this.#running;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #once(): Promise<void> {
    let wait = this.#idleMs;
    try {
      const { left, moved } = await this.#attempt();
      // A quiet attempt that leaves something behind (`retry` outcomes) is not asked again at once.
      this.failures = left && !moved ? this.failures + 1 : 0;
      if (left) wait = pauseMs(this.failures, this.#random);
    } catch (fault) {
      this.failures += 1;
      const asked = this.#retryAfterMs(fault);
      wait = asked === null ? LONGEST_MS : pauseMs(this.failures, this.#random, asked);
      this.#notBefore = Date.now() + (asked ?? 0);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#notBefore = 0; // it has waited long enough, whatever a clock that was set back says
      void this.now();
    }, wait);
  }
}
