/**
 * Whether an entry is unchanged since it was sealed, checked in this browser: it is the one shown, what is shown
 * is what it committed to, it lies in the journal's tree, and a key of the house has signed that tree
 * (RFC 9162 §2.1.3, C2SP tlog-proof; docs/protocol.md, Evidence).
 */

import { canonical, commitment, entryHash, joined, sha256Bytes, utf8 } from "../sync/canonical.ts";
import { checkpoint, decode, parse, verifiedCheckpoint, verifier } from "../sync/notes.ts";
import { originOf } from "../sync/statements.ts";
import { type Hash, same } from "../sync/tree.ts";
import { get, Problem, type Said, send } from "./house.ts";
import type { Word } from "./words.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const NODE = new Uint8Array([1]);

export interface Check {
  what: Word;
  good: boolean;
  n?: number;
}

export interface Proven {
  good: boolean;
  checks: Check[];
}

interface Proof {
  entry: Hash;
  index: number;
  hashes: Hash[];
  note: string;
}

/** A proof's file, read; its checkpoint is not checked. Throws where it is none. */
export function read(text: string): Proof {
  const cut = text.indexOf("\n\n");
  const [header, extra = "", index = "", ...hashes] = text.slice(0, cut).split("\n");
  if (header !== HEADER || !extra.startsWith("extra ") || !/^index \d+$/.test(index))
    throw new Error("This is no proof of an entry.");
  const note = text.slice(cut + 2);
  return { entry: decode(extra.slice(6)), index: Number(index.slice(6)), hashes: hashes.map(decode), note };
}

/** The root that `hashes` lead to from a leaf, or null where their number does not fit (RFC 9162 §2.1.3.2). */
export async function rootFrom(leaf: Hash, index: number, size: number, hashes: readonly Hash[]): Promise<Hash | null> {
  if (index >= size) return null;
  let [at, last, root] = [index, size - 1, leaf];
  const up = (): void => void ([at, last] = [Math.floor(at / 2), Math.floor(last / 2)]);
  for (const sibling of hashes) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = await sha256Bytes(joined(NODE, sibling, root));
      while (at % 2 === 0 && at !== 0) up();
    } else root = await sha256Bytes(joined(NODE, root, sibling));
    up();
  }
  return last === 0 ? root : null;
}

type Shown = Pick<Said<"Entry">, "seq" | "epoch" | "hash" | "record" | "after">;

/** What a line of the history says is held against its proof. Throws Problem where there is none yet. */
export async function prove(dossier: string, entry: Shown): Promise<Proven> {
  const at = `/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${entry.record}`;
  const [disclosed, text, known] = await Promise.all([
    get<Said<"Disclosure">>(`${at}/disclosure?seq=${entry.seq}`),
    send(`${at}/proof?seq=${entry.seq}`).then((answer) => answer.text()),
    get<Said<"HouseKeys">>("/api/v1/keys"),
  ]);
  try {
    return await held(dossier, entry, disclosed, text, known);
  } catch (fault) {
    if (fault instanceof Problem) throw fault;
    return { good: false, checks: [{ what: "checkReadable", good: false }] };
  }
}

async function held(
  dossier: string,
  entry: Shown,
  disclosed: Said<"Disclosure">,
  text: string,
  known: Said<"HouseKeys">,
): Promise<Proven> {
  const proof = read(text);
  const head = JSON.parse(new TextDecoder().decode(proof.entry)) as { payload?: string; dossier?: string; seq?: number };
  const hash = await entryHash(proof.entry);
  const leaf = Uint8Array.from(hash.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const tree = checkpoint(parse(proof.note).text);
  const root = await rootFrom(leaf, proof.index, tree.size, proof.hashes);
  const named = head.dossier === dossier && head.seq === entry.seq;
  const checks: Check[] = [
    { what: "checkEntry", good: named && hash === entry.hash },
    { what: "checkTree", good: root !== null && same(root, tree.root), n: tree.size },
    { what: "checkSigned", good: await signed(proof.note, originOf(known.deployment ?? "", dossier, entry.epoch), known) },
  ];
  if (disclosed.salt !== null && disclosed.payload !== null) {
    const salt = decode(padded(disclosed.salt));
    const committed = (await commitment(salt, utf8(disclosed.payload))) === head.payload;
    const { after } = JSON.parse(disclosed.payload) as { after: unknown };
    checks.splice(1, 0, { what: "checkShown", good: committed && canonical(after) === canonical(entry.after) });
  }
  return { good: checks.every((one) => one.good), checks };
}

/** Whether a key of the house has signed the checkpoint under this journal's name. */
async function signed(note: string, origin: string, known: Said<"HouseKeys">): Promise<boolean> {
  try {
    const keys = await Promise.all(known.items.map((one) => verifier(one.key)));
    return Boolean(await verifiedCheckpoint(note, origin, keys));
  } catch {
    return false;
  }
}

/** Base64url without padding (RFC 4648 §5) as `decode` reads it. */
function padded(text: string): string {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return plain.padEnd(Math.ceil(plain.length / 4) * 4, "=");
}
