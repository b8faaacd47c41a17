/** Whether one signed tree continues another (RFC 9162 §2.1.4.2): sync/tree.py in another language. */

import { joined, sha256Bytes } from "./canonical.ts";

export const HASH = 32; // bytes of a SHA-256
const NODE = new Uint8Array([1]);

export type Hash = Uint8Array<ArrayBuffer>;

export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The root of the tree without leaves (RFC 9162 §2.1.1). */
export const empty = (): Promise<Hash> => sha256Bytes(new Uint8Array());

const nodeHash = (left: Hash, right: Hash): Promise<Hash> => sha256Bytes(joined(NODE, left, right));

interface Tree {
  size: number;
  root: Hash;
}

/**
 * Whether `proof` shows that the tree of `second` begins with the one of `first`. Never throws. Equal trees and
 * the empty one need no hashes, and take none.
 */
export async function verifyConsistency(first: Tree, second: Tree, proof: Hash[]): Promise<boolean> {
  const sizes = [first.size, second.size];
  if (!sizes.every(Number.isSafeInteger) || first.size < 0 || first.size > second.size) return false;
  if (proof.some((hash) => hash.length !== HASH)) return false;
  if (first.size === second.size || first.size === 0) {
    const root = first.size ? second.root : await empty();
    return !proof.length && same(first.root, root);
  }
  const path = isFull(first.size) ? [first.root, ...proof] : proof; // a full tree is itself the first hash
  const [start, ...others] = path;
  if (!start) return false;
  // Sizes beyond 2^31 are no business of bit operators.
  let [here, last] = [first.size - 1, second.size - 1];
  const up = (): void => void ([here, last] = [Math.floor(here / 2), Math.floor(last / 2)]);
  while (here % 2) up();
  let [before, after] = [start, start];
  for (const sibling of others) {
    if (last === 0) return false;
    if (here % 2 || here === last) {
      [before, after] = [await nodeHash(sibling, before), await nodeHash(sibling, after)];
      while (here % 2 === 0 && here) up();
    } else {
      after = await nodeHash(after, sibling);
    }
    up();
  }
  return last === 0 && same(before, first.root) && same(after, second.root);
}

const isFull = (size: number): boolean => (BigInt(size) & (BigInt(size) - 1n)) === 0n;
