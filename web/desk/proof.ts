/**
 * Whether an entry is unchanged since it was sealed, checked here with WebCrypto: what it says is what it
 * committed to, it lies in the journal's tree, and a key of the house has signed that tree
 * (RFC 9162 §2.1.3, C2SP tlog-proof, signed-note; docs/protocol.md, Evidence).
 */

import { canonical, hex, utf8 } from "../sync/canonical.ts";
import { get, type Said, send } from "./house.ts";
import type { Word } from "./words.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const ED25519 = 1; // signed-note's number of the signature type
const NODE = 1;
const LEAF = 0;

export interface Check {
  what: Word;
  good: boolean;
  n?: number;
}

export interface Proven {
  good: boolean;
  checks: Check[];
}

type Bytes = Uint8Array<ArrayBuffer>;

const bytes = (base64: string): Bytes => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const urlBytes = (text: string): Bytes => bytes(text.replaceAll("-", "+").replaceAll("_", "/"));
const joined = (...parts: Bytes[]): Bytes => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (data: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const same = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

interface Proof {
  entry: Bytes;
  index: number;
  hashes: Bytes[];
  origin: string;
  size: number;
  root: Bytes;
  signed: string;
  signatures: { name: string; id: Bytes; value: Bytes }[];
}

/** A proof's file, read. Throws where it is none. */
export function parse(text: string): Proof {
  const cut = text.indexOf("\n\n");
  const [header, extra, index, ...hashes] = text.slice(0, cut).split("\n");
  const note = text.slice(cut + 2);
  const end = note.lastIndexOf("\n\n");
  const signed = note.slice(0, end + 1);
  const [origin, size, root] = signed.split("\n");
  if (header !== HEADER || !extra?.startsWith("extra ") || !index?.startsWith("index ") || !origin || !size || !root) {
    throw new Error("This is no proof of an entry.");
  }
  const signatures = note
    .slice(end + 2)
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, name = "", value = ""] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      const raw = bytes(value);
      return { name, id: raw.slice(0, 4), value: raw.slice(4) };
    });
  return {
    entry: bytes(extra.slice(6)),
    index: Number(index.slice(6)),
    hashes: hashes.map(bytes),
    origin,
    size: Number(size),
    root: bytes(root),
    signed,
    signatures,
  };
}

/** The root that `hashes` lead to from a leaf, or null where their number does not fit (RFC 9162 §2.1.3.2). */
export async function rootFrom(leaf: Bytes, index: number, size: number, hashes: readonly Bytes[]): Promise<Bytes | null> {
  if (index >= size) return null;
  let [at, last, root] = [index, size - 1, leaf];
  for (const sibling of hashes) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = await sha256(joined(Uint8Array.of(NODE), sibling, root));
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else root = await sha256(joined(Uint8Array.of(NODE), root, sibling));
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : null;
}

/** Whether one of the house's keys (`name+id+key`) has signed the proof's tree under the journal's name. */
export async function signedBy(proof: Proof, keys: readonly string[]): Promise<boolean> {
  for (const line of keys) {
    const key = bytes(line.split("+").slice(2).join("+"));
    if (key[0] !== ED25519) continue;
    const told = joined(utf8(`${proof.origin}\n`), key); // each journal's checkpoints are signed under its own name
    const id = (await sha256(told)).slice(0, 4);
    const signature = proof.signatures.find((one) => one.name === proof.origin && same(one.id, id));
    if (!signature) continue;
    const ours = await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", ours, signature.value, utf8(proof.signed));
  }
  return false;
}

type Shown = Pick<Said<"Entry">, "seq" | "hash" | "record" | "after">;

/** What the entry of a history line says is held against its proof. Throws Problem where there is none yet. */
export async function prove(dossier: string, entry: Shown): Promise<Proven> {
  const at = `/api/v1/dossiers/${encodeURIComponent(dossier)}/records/${entry.record}`;
  const [disclosed, text, known] = await Promise.all([
    get<Said<"Disclosure">>(`${at}/disclosure?seq=${entry.seq}`),
    send(`${at}/proof?seq=${entry.seq}`).then((answer) => answer.text()),
    get<Said<"HouseKeys">>("/api/v1/keys"),
  ]);
  const proof = parse(text);
  const leaf = await sha256(joined(Uint8Array.of(LEAF), proof.entry));
  const head = JSON.parse(new TextDecoder().decode(proof.entry)) as { payload?: string; dossier?: string; seq?: number };
  const root = await rootFrom(leaf, proof.index, proof.size, proof.hashes);
  const named = head.dossier === dossier && head.seq === entry.seq && proof.origin.includes(`/${dossier}/`);
  const checks: Check[] = [
    { what: "checkEntry", good: named && hex(leaf) === entry.hash },
    { what: "checkTree", good: root !== null && same(root, proof.root), n: proof.size },
    { what: "checkSigned", good: await signedBy(proof, known.items.map((one) => one.key)) },
  ];
  if (disclosed.salt !== null && disclosed.payload !== null) {
    const committed = hex(await sha256(joined(urlBytes(disclosed.salt), utf8(disclosed.payload))));
    const { after } = JSON.parse(disclosed.payload) as { after: unknown };
    const shown = canonical(after) === canonical(entry.after);
    checks.splice(1, 0, { what: "checkShown", good: committed === head.payload && shown });
  }
  return { good: checks.every((one) => one.good), checks };
}
