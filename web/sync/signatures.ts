/**
 * A device's signature over a change (sync/signatures.py): ECDSA over P-256 with a key that cannot be taken out
 * of the browser. What is signed is SHA-256(16-byte salt ‖ canonical statement).
 */

import { base64url, fromBase64url, hex, joined, sha256Bytes, spell, utf8, type Value } from "./canonical.ts";
import type { Change } from "./change.ts";
import type { Tables } from "./tables.ts";

const ALGORITHM = "es256"; // RFC 7518 §3.4; another algorithm is another word here
const SALT = 16;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const CLAIM = "xunjian device key v1\n";
// Everything that a change says but its signature; what it does not say stands as null.
const SAID = ["id", "n", "op", "kind", "record", "base", "audience", "at", "clock", "reason"] as const;

export interface DeviceKey {
  /** The first 16 hex digits of the SHA-256 of its public point: how changes name it. */
  name: string;
  public: string;
  private: CryptoKey;
}

/** The canonical bytes of what a change says. */
export function statement(change: Change): Uint8Array<ArrayBuffer> {
  const told = Object.fromEntries(SAID.map((name) => [name, (change[name] ?? null) as Value]));
  const fields = (change.fields ?? {}) as unknown as Value;
  return utf8(spell({ ...told, fields, atomic: false }));
}

/** SHA-256(salt ‖ statement): what is signed. */
export const commit = (salt: Uint8Array, change: Change): Promise<Uint8Array<ArrayBuffer>> =>
  sha256Bytes(joined(salt, statement(change)));

/** The `sig` of a change, under 16 random bytes. */
export async function sign(change: Change, key: DeviceKey): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT));
  const value = await crypto.subtle.sign(SIGNING, key.private, await commit(salt, change));
  return `${ALGORITHM}.${key.name}.${base64url(salt)}.${base64url(new Uint8Array(value))}`;
}

/** What a device says of its key with its first exchange: the key, and that it holds it. */
export async function claim(device: string, key: DeviceKey): Promise<Record<string, string>> {
  const said = joined(utf8(`${CLAIM}${device}\n`), fromBase64url(key.public));
  const proof = await crypto.subtle.sign(SIGNING, key.private, await sha256Bytes(said));
  return { algorithm: ALGORITHM, public: key.public, proof: base64url(new Uint8Array(proof)) };
}

const ROW = "device-key";

/** This device's key for this person; made where there is none. Null where the browser cannot keep one. */
export async function deviceKey(db: Tables): Promise<DeviceKey | null> {
  const known = (await db.meta.get(ROW))?.value as DeviceKey | undefined;
  if (known) return known;
  try {
    const made = await make();
    return await db.transaction("rw", db.meta, async () => {
      const other = (await db.meta.get(ROW))?.value as DeviceKey | undefined; // another tab was first
      if (!other) await db.meta.put({ key: ROW, value: made });
      return other ?? made;
    });
  } catch {
    return null; // an old WebView that has no such curve, or cannot put a key down
  }
}

/** The house does not take this key: another one is made when it is wanted again. */
export async function forgetKey(db: Tables): Promise<void> {
  await db.meta.delete(ROW);
}

/** A new key of this browser's. Throws where it cannot make one. */
export async function make(): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"]); // the private half never leaves
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const name = hex(await sha256Bytes(point)).slice(0, 16);
  return { name, public: base64url(point), private: pair.privateKey };
}
