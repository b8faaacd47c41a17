/** One spelling for every value, so that one hash proves it (RFC 8785 for the values we allow). */

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

const DEPTH = 64; // levels; nothing that people write needs more, and every reader can recurse so far

/** A value that has no single spelling here; `path` names where it stands. */
export class NotCanonical extends Error {
  readonly path: string;

  constructor(path: string, why: string) {
    super(`${path || "value"}: ${why}`);
    this.path = path;
  }
}

/**
 * Throw NotCanonical unless `value` is made of objects with ASCII keys, arrays, text, integers below
 * 2^53, booleans and null. Coordinates are integers of 1e-7 degree, measured decimals are text.
 */
export function check(value: unknown, path = "", room = DEPTH): void {
  if (room === 0) throw new NotCanonical(path, `nested deeper than ${DEPTH} levels`);
  if (typeof value === "string") {
    if (value.includes("\0")) throw new NotCanonical(path, "text with a NUL character");
    if (!value.isWellFormed()) throw new NotCanonical(path, "text with a lone surrogate");
  } else if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new NotCanonical(path, "no integer below 2^53; send decimals as text");
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => check(item, `${path}[${index}]`, room - 1));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!/^[\x00-\x7f]*$/.test(key)) throw new NotCanonical(path, "keys must be ASCII text");
      check(item, path ? `${path}.${key}` : key, room - 1);
    }
  } else if (typeof value !== "boolean" && value !== null) {
    throw new NotCanonical(path, `${typeof value} is not allowed`);
  }
}

/** The canonical text of `value` (RFC 8785). Throws NotCanonical. */
export function canonical(value: unknown): string {
  check(value);
  return spell(value as Value);
}

/** Canonical text of a value that `check` has already passed. */
export function spell(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(spell).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${spell(value[key] as Value)}`).join(",")}}`;
  }
  // JSON.stringify spells text and integers as RFC 8785 §3.2.2 wants them: the RFC took it from there.
  return JSON.stringify(value);
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export const hex = (bytes: ArrayBuffer | Uint8Array): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** SHA-256 as 64 lower-case hex digits. */
export async function sha256(data: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", data));
}

export const sha256Bytes = async (data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", data));

/** The hash of a journal entry's bytes: its leaf hash in the dossier's Merkle tree (RFC 9162 §2.1.1). */
export const entryHash = (data: Uint8Array): Promise<string> => sha256(joined(new Uint8Array([0]), data));

/** What an entry says of its payload; without the 16-byte salt nothing can be guessed from it. */
export const commitment = (salt: Uint8Array, payload: Uint8Array): Promise<string> => sha256(joined(salt, payload));

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes as base64url without padding (RFC 4648 §5). */
export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
