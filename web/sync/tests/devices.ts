/** Devices for tests: an IndexedDB of their own in memory, a clock and ids that are handed in. */

import "fake-indexeddb/auto";

import { uuid7 } from "../ids.ts";
import { Replica } from "../replica.ts";

let made = 0;

export class Clock {
  now = new Date("2026-11-22T01:00:00Z");

  passes(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }
}

/** A device that nobody else shares its storage with; the same name opens the same storage again. */
export function device(clock = new Clock(), name = `device-${(made += 1)}`): Replica {
  return new Replica(name, name, { now: () => clock.now, newId: uuid7 });
}

export const SITE = "project:wj-01";

/** The device may read the site's field audience and has nothing of it yet. */
export async function granted(replica: Replica, dossier = SITE): Promise<void> {
  await replica.db.epochs.put({ dossier, epoch: 1, backed_up: 0 });
  const cursor = {
    dossier,
    audience: "field",
    nonce: "a",
    epoch: 1,
    seq: 0,
    floor: 0,
    below: null,
    more: false,
    gen: 0,
  };
  await replica.db.cursors.put(cursor);
}

export const ISSUE = {
  title: { set: "临边防护缺失" },
  domain: { set: "edge" },
  severity: { set: "general" },
  found_at: { set: "2026-11-21T10:00:00.000+08:00" },
};
