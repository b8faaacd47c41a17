/** What the house signs beside checkpoints: its keys, and why an epoch began (sync/statements.py). */

import { decimal, decode, NotTrusted, parse, type Verifier, verified, verifier } from "./notes.ts";
import { empty, HASH, same } from "./tree.ts";

const KEY = "xunjian key v1";
const RESTORE = "xunjian restore v1";

/** The name of one journal in one epoch, under which its checkpoints are signed. */
export const originOf = (deployment: string, dossier: string, epoch: number): string =>
  `${deployment}/${dossier}/${epoch}`;

/** A key that the house signs with: the `no`-th. */
export interface Key {
  deployment: string;
  no: number;
  verifier: Verifier;
}

/**
 * The keys that these notes introduce after those that are known, each signed by itself and by the one before.
 * The first of all vouches for itself: the device takes it on first use. Throws NotTrusted.
 */
export async function keys(introductions: string[], known: Key[] = []): Promise<Key[]> {
  const chain = [...known];
  for (const note of introductions) {
    const key = await keyOf(parse(note).text);
    const before = chain.at(-1);
    if (key.no !== chain.length + 1 || (before && key.deployment !== before.deployment)) {
      throw new NotTrusted(`key ${key.no} of ${key.deployment} does not follow`);
    }
    for (const needed of [key, before]) if (needed) await verified(note, [needed.verifier]);
    chain.push(key);
  }
  return chain.slice(known.length);
}

async function keyOf(text: string): Promise<Key> {
  const told = read(KEY, text, ["deployment", "no", "key", "at"]);
  const key = await verifier(told.get("key") ?? "");
  const deployment = told.get("deployment") ?? "";
  if (key.name !== deployment) throw new NotTrusted("a house's key bears its name");
  return { deployment, no: decimal(told.get("no") ?? ""), verifier: key };
}

/** The journal whose new epoch this note explains. Throws NotTrusted. */
export async function explained(note: string, trusted: Verifier[]): Promise<string> {
  const told = read(RESTORE, parse(note).text, ["origin", "tree", "by", "at", "reason"], ["lost"]);
  const origin = told.get("origin") ?? "";
  await verified(
    note,
    trusted.map((key) => ({ ...key, name: origin })),
  );
  for (const tree of [told.get("tree"), told.get("lost")]) if (tree !== undefined) await checkTree(tree);
  return origin;
}

async function checkTree(text: string): Promise<void> {
  const [size = "", encoded = ""] = text.split(" ", 2);
  const root = decode(encoded);
  if (root.length !== HASH || (size === "0" && !same(root, await empty())))
    throw new NotTrusted("a tree is a size and a root");
  decimal(size);
}

/** Lines `name value` under a title, each name once and in its order. Throws NotTrusted. */
function read(title: string, text: string, names: string[], optional: string[] = []): Map<string, string> {
  const [first, ...lines] = text.slice(0, -1).split("\n");
  const told = new Map(
    lines.map((line) => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const lacking = names.some((name) => !told.has(name));
  const foreign = [...told.keys()].some((name) => !names.includes(name) && !optional.includes(name));
  if (first !== title || lacking || foreign || told.size !== lines.length) throw new NotTrusted(`this is no ${title}`);
  return told;
}
