/**
 * What a device believes of the past: it keeps the newest checkpoint of each dossier, and takes in nothing that
 * breaks it (sync/trust.py; docs/protocol.md, Evidence).
 *
 * Hashes and signatures are computed before the local transaction, because a transaction of IndexedDB does not
 * survive waiting for them: `weigh` judges against what is held then, and `stands` says inside the transaction
 * whether it still is.
 */

import type { Checkpoint } from "./notes.ts";
import { checkpoint, decimal, decode, encode, NotTrusted, parse, verifiedCheckpoint } from "./notes.ts";
import { explained, type Key, keys, originOf } from "./statements.ts";
import type { DoubtRow, HeldRow, RestoreRow, Tables } from "./tables.ts";
import { type Hash, same, verifyConsistency } from "./tree.ts";

/** Why a dossier's server is not believed: words for it are in the page's tables. */
export type Why = DoubtRow["why"];

/** What an answer shows of a dossier's past: nothing, that all is as held, or a signed note with its proof. */
export type Shown = { note?: string; proof?: string[]; restores?: string[] } | null | undefined;

interface Told {
  epoch: number;
  checkpoint?: Shown;
}

/** A checkpoint that is beyond the one held, and that is kept even where something else speaks against the rest. */
interface Judged {
  keep?: Omit<HeldRow, "no">;
  restore?: RestoreRow;
  why?: Why;
}

interface Verdict extends Pick<Judged, "keep" | "restore"> {
  held: HeldRow | undefined;
  doubt?: DoubtRow;
}

/** What an answer is worth, against the keys and checkpoints that were held when it was judged. */
export interface Weighed {
  known: number;
  learned: string[];
  verdicts: Map<string, Verdict>;
}

class Doubt extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why);
    this.why = why;
  }
}

/** Judge answer `no`: the keys that it introduces, and each dossier's checkpoint. Outside of a transaction. */
export async function weigh(
  db: Tables,
  pull: { keys?: string[]; dossiers: Record<string, Told> },
  no: number,
  at: string,
): Promise<Weighed> {
  const notes = await introductions(db);
  const chain = await keys(notes);
  const told = pull.keys ?? [];
  // Keys that the known ones do not introduce are not believed, and change nothing.
  const learned = await keys(told, chain).then(
    () => told,
    () => [],
  );
  const all = learned.length ? [...chain, ...(await keys(learned, chain))] : chain;
  const verdicts = new Map<string, Verdict>();
  for (const [dossier, said] of Object.entries(pull.dossiers)) {
    const held = await db.held.get(dossier);
    verdicts.set(dossier, await verdict(dossier, said, held, { chain: all, at, late: !!held && no <= held.no }));
  }
  return { known: notes.length, learned, verdicts };
}

interface Court {
  chain: Key[];
  at: string;
  /** An answer that was asked for before the checkpoint was taken may well show an older one. */
  late: boolean;
}

async function verdict(dossier: string, said: Told, held: HeldRow | undefined, court: Court): Promise<Verdict> {
  const { why, ...taken } = await judge(dossier, said, held, court).catch((doubt: unknown): Judged => {
    if (doubt instanceof Doubt) return { why: doubt.why };
    throw doubt;
  });
  const shown = said.checkpoint?.note ?? null;
  return { held, ...taken, ...(why && { doubt: { dossier, why, held: held?.note ?? null, shown, at: court.at } }) };
}

async function judge(
  dossier: string,
  { epoch, checkpoint: shown }: Told,
  held: HeldRow | undefined,
  { chain, late }: Court,
): Promise<Judged> {
  const note = shown?.note;
  if (!note) {
    if (!held || late) return {};
    if (!shown) throw new Doubt("withheld");
    if (held.epoch < epoch) throw new Doubt("unexplained");
    return {};
  }
  const signed = await readNote(dossier, note, chain);
  const keep = { dossier, epoch: signed.epoch, size: signed.told.size, root: encode(signed.told.root), note };
  if (!held) return { keep };
  let taken: Judged = {};
  const order = signed.epoch - held.epoch || signed.told.size - held.size;
  if (order === 0) {
    if (!same(signed.told.root, decode(held.root))) throw new Doubt("forked");
  } else if (late) {
    return {}; // it continues, or comes before, an older one than the one held now
  } else if (order < 0) {
    throw new Doubt("rolled-back");
  } else {
    taken = { keep, ...(await beyond(dossier, held, signed, shown ?? {}, chain)) };
  }
  return signed.epoch < epoch && !late ? { ...taken, why: "unexplained" } : taken;
}

interface Signed {
  epoch: number;
  told: Checkpoint;
}

/** A checkpoint beyond the one held: it continues that one, or a signed note says why not. */
async function beyond(
  dossier: string,
  held: HeldRow,
  { epoch, told }: Signed,
  shown: NonNullable<Shown>,
  chain: Key[],
): Promise<Judged> {
  const first = { size: held.size, root: decode(held.root) };
  const continued = await verifyConsistency(first, told, hashes(shown.proof ?? []));
  if (epoch > held.epoch) {
    const note = await reasonFor(dossier, epoch, shown.restores ?? [], chain);
    return { restore: { dossier, epoch, note, held: held.note, lost: !continued } };
  }
  if (!continued) throw new Doubt("forked");
  return {};
}

/** The epoch and the checkpoint, signed under this dossier's name by a key that is known. */
async function readNote(dossier: string, note: string, chain: Key[]): Promise<Signed> {
  const [first] = chain;
  try {
    if (!first) throw new NotTrusted("no key is known yet");
    const epoch = decimal(checkpoint(parse(note).text).origin.split("/").at(-1) ?? "");
    const origin = originOf(first.deployment, dossier, epoch);
    const trusted = chain.map((key) => key.verifier);
    return { epoch, told: await verifiedCheckpoint(note, origin, trusted) };
  } catch (wrong) {
    if (wrong instanceof NotTrusted) throw new Doubt("unknown-key");
    throw wrong;
  }
}

/** The signed note that says why this epoch began. */
async function reasonFor(dossier: string, epoch: number, restores: string[], chain: Key[]): Promise<string> {
  const origin = originOf(chain[0]?.deployment ?? "", dossier, epoch);
  const trusted = chain.map((key) => key.verifier);
  for (const note of restores) {
    if ((await explained(note, trusted).catch(() => null)) === origin) return note;
  }
  throw new Doubt("unexplained");
}

function hashes(listed: string[]): Hash[] {
  try {
    return listed.map(decode);
  } catch {
    return [new Uint8Array()]; // no proof of anything
  }
}

const introductions = async (db: Tables): Promise<string[]> =>
  (await db.houseKeys.orderBy("no").toArray()).map(({ note }) => note);

// ------------------------------------------------------------------------- inside the local transaction
/** Whether what was judged against is still what is held: another tab may have taken an answer in meanwhile. */
export async function stands(db: Tables, { known, verdicts }: Weighed): Promise<boolean> {
  if ((await db.houseKeys.count()) !== known) return false;
  const now = await db.held.bulkGet([...verdicts.keys()]);
  return [...verdicts.values()].every(({ held }, i) => held?.note === now[i]?.note && held?.no === now[i]?.no);
}

export async function learn(db: Tables, { known, learned }: Weighed): Promise<void> {
  await db.houseKeys.bulkAdd(learned.map((note, i) => ({ no: known + i + 1, note })));
}

/** Take a verdict in: whether to take the rest of what the answer says of the dossier. */
export async function believes(db: Tables, dossier: string, { verdicts }: Weighed): Promise<boolean> {
  const { doubt, keep, restore } = verdicts.get(dossier) ?? {};
  if (restore) await db.restores.put(restore);
  // Requests numbered later than this were made by a device that held it: their answers show no less.
  if (keep) await db.held.put({ ...keep, no: ((await db.meta.get("no"))?.value as number | undefined) ?? 0 });
  if (!doubt) await db.doubts.delete(dossier);
  else if (!(await db.doubts.get(dossier))) await db.doubts.put(doubt); // since when, and not until when
  return !doubt;
}

// --------------------------------------------------------------------------------- for people, for others
/** The newest checkpoint of each dossier, as a request tells of it. */
export async function heldNow(db: Tables): Promise<Record<string, { epoch: number; size: number; root: string }>> {
  const rows = await db.held.toArray();
  return Object.fromEntries(rows.map(({ dossier, epoch, size, root }) => [dossier, { epoch, size, root }]));
}

/** What this device can witness of what the house has signed: a file for `xunjian verify --held`. */
export async function evidence(db: Tables): Promise<object> {
  const superseded = (await db.restores.toArray()).map(({ dossier, held: note }) => ({ dossier, note }));
  const newest = (await db.held.toArray()).map(({ dossier, note }) => ({ dossier, note }));
  const receipts = (await db.receipts.toArray()).map(({ dossier, seq, hash }) => ({ dossier, seq, hash }));
  return {
    keys: await introductions(db),
    checkpoints: [...superseded, ...newest],
    receipts,
    doubts: await db.doubts.toArray(),
  };
}
