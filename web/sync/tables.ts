/** What a device keeps, one database a person: shadow, outbox, photographs, drafts (sync/replica.py has the model). */

import { Dexie, type Table } from "dexie";

import type { Value } from "./canonical.ts";
import type { Change, Fields } from "./change.ts";
import type { Body } from "./merge.ts";

/** The server's state of a record in one audience. */
export interface ShadowRow {
  dossier: string;
  record: string;
  audience: string;
  kind: string;
  version: number;
  epoch: number;
  body: Body;
  written: Record<string, number>;
  gen: number;
}

export interface CursorRow {
  dossier: string;
  audience: string;
  nonce: string;
  epoch: number;
  seq: number;
  floor: number;
  below: number | null;
  more: boolean;
  gen: number;
}

export interface EpochRow {
  dossier: string;
  epoch: number;
  backed_up: number;
}

/** `new` until answered, `acked` until the feed has passed it, `retained` until a backup covers it. */
export type OutboxState = "new" | "acked" | "retained" | "invalid";

export interface OutboxRow {
  n: number;
  id: string;
  dossier: string;
  record: string;
  state: OutboxState;
  change: Change;
  /** The catalogue under which it was said: what an older app saved goes as it was said. */
  schema: number;
  /** Whether it may have reached the server: from then on not a byte of it changes. */
  sent: boolean;
  /** When it was first saved, in ms of the phone's clock: only to tell one sitting from another. */
  saved: number;
  seq: number | null;
  epoch: number | null;
  outcome: Outcome | null;
  acked: number | null;
}

export interface Outcome {
  id: string | null;
  status: "applied" | "merged" | "noop" | "conflict" | "parked" | "invalid" | "retry";
  seq: number | null;
  version: number | null;
  conflict: string | null;
  why: string | null;
  remedy: string | null;
  replay: boolean;
  receipt: { seq: number; hash: string; at: string } | null;
  faults?: { field?: string; message?: string }[];
}

/** A photograph or a recording made here. Its bytes stay until the server's record says that they are at rest. */
export interface MediaRow {
  photo: string;
  dossier: string;
  subject: string;
  sha256: string;
  size: number;
  mime: string;
  name: string;
  state: "kept" | "sent" | "stored";
  /** Where the server takes its bytes, once it has said so. */
  url: string | null;
  /** The code of a refusal that trying again does not mend. */
  fault: string | null;
}

// Bytes lie apart from what is listed, and as ArrayBuffer: Blobs in IndexedDB still fail on WebKit.
export interface BytesRow {
  photo: string;
  bytes: ArrayBuffer;
}

/** What was taken and is not saved yet: a photograph, or a recording (`audio/…`). */
export interface Shot {
  photo: string;
  sha256: string;
  size: number;
  mime: string;
  name: string;
  fields: Fields;
}

/** Work in progress from its first keystroke on. */
export interface DraftRow {
  id: string;
  kind: string;
  route: string;
  saved: number;
  values: Record<string, Value>;
  shots: Shot[];
}

/** A note that introduces one of the house's keys; the first was taken on first use. */
export interface KeyRow {
  no: number;
  note: string;
}

/** The newest checkpoint of a dossier; requests numbered above `no` were made by a device that held it. */
export interface HeldRow {
  dossier: string;
  epoch: number;
  size: number;
  root: string;
  note: string;
  no: number;
}

/** A dossier whose server is not believed; both notes prove it to others. */
export interface DoubtRow {
  dossier: string;
  why: "forked" | "rolled-back" | "withheld" | "unknown-key" | "unexplained";
  held: string | null;
  shown: string | null;
  at: string;
}

/** A restore that the house has explained; `lost` where this device had seen more than came back. */
export interface RestoreRow {
  dossier: string;
  epoch: number;
  note: string;
  held: string;
  lost: boolean;
}

/** What the house said of one change when it entered it: this device can witness it. */
export interface ReceiptRow {
  dossier: string;
  seq: number;
  change: string;
  hash: string;
  at: string;
}

export interface MetaRow {
  key: string;
  value: unknown;
}

/** The name of the device's key that the house has taken; a row of `meta`. */
export const TAKEN = "key";
/** What rows of `meta` begin with that hold what the house told of colleagues: their names, who wrote what. */
export const [NAMES, TRACES] = ["name:", "trace:"] as const;
/** And those that say when a file was brought (brought.ts). */
export const BROUGHT = "brought:";

export class Tables extends Dexie {
  declare shadow: Table<ShadowRow, [string, string, string]>;
  declare cursors: Table<CursorRow, [string, string]>;
  declare epochs: Table<EpochRow, string>;
  declare outbox: Table<OutboxRow, number>;
  declare media: Table<MediaRow, string>;
  declare bytes: Table<BytesRow, string>;
  declare previews: Table<BytesRow, string>;
  declare drafts: Table<DraftRow, string>;
  declare meta: Table<MetaRow, string>;
  declare houseKeys: Table<KeyRow, number>;
  declare held: Table<HeldRow, string>;
  declare doubts: Table<DoubtRow, string>;
  declare restores: Table<RestoreRow, [string, number]>;
  declare receipts: Table<ReceiptRow, [string, number, string]>;

  constructor(name: string) {
    // Saved means saved, also when the battery dies.
    super(name, { chromeTransactionDurability: "strict" });
    this.version(1).stores({
      shadow: "[dossier+record+audience], kind, [dossier+kind], [dossier+audience], [dossier+record], record",
      cursors: "[dossier+audience], dossier",
      epochs: "dossier",
      outbox: "n, &id, state, [dossier+record], record",
      media: "photo, dossier, subject, state",
      bytes: "photo",
      previews: "photo",
      drafts: "id, kind",
      meta: "key",
    });
    this.version(2).stores({
      houseKeys: "no",
      held: "dossier",
      doubts: "dossier",
      restores: "[dossier+epoch]",
      receipts: "[dossier+seq+hash]",
    });
  }
}

/** What belongs to the device and to none of the people who work at it: its key, its id. */
export class Keyring extends Dexie {
  declare rows: Table<MetaRow, string>;

  constructor(name: string) {
    super(name, { chromeTransactionDurability: "strict" });
    this.version(1).stores({ rows: "key" });
  }

  async value<T>(key: string): Promise<T | null> {
    return ((await this.rows.get(key))?.value as T | undefined) ?? null;
  }
}

/** Have every database of this page whose name begins so forgotten. */
export async function drop(prefix: string): Promise<void> {
  for (const name of await Dexie.getDatabaseNames()) if (name.startsWith(prefix)) await Dexie.delete(name);
}

/**
 * Run `work`, and once more where the connection had died: iOS closes it in the background without a word.
 * `work` must be one transaction, so that the first try left nothing.
 */
export async function reopening<T>(db: Dexie, work: () => PromiseLike<T>): Promise<T> {
  if (Dexie.currentTransaction) return work(); // part of a larger one: that one is tried again
  try {
    return await work();
  } catch (wrong) {
    const name = wrong instanceof Error ? wrong.name : "";
    if (!["DatabaseClosedError", "InvalidStateError", "UnknownError"].includes(name)) throw wrong;
    db.close();
    await db.open();
    return work();
  }
}
