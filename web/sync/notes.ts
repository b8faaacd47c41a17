/**
 * Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): sync/notes.py in another language, for who
 * reads and does not sign. Whom to trust, the caller says.
 */

import { verifyAsync } from "@noble/ed25519";

import { hex, joined, sha256Bytes, utf8 } from "./canonical.ts";
import { HASH, type Hash, same } from "./tree.ts";

const ED25519 = 1; // signed-note: the signature types have assigned numbers
const PUBLIC_BYTES = 32;
const SIGNATURES = 16; // signed-note: at least so many must be taken in
const NOTE_CHARACTERS = 64 * 1024;
const DASH = "\u2014 "; // an em dash and a space begin a signature's line
const ID_BYTES = 4;

/** Text that is no signed note or checkpoint; or one that no trusted key has signed rightly. */
export class NotTrusted extends Error {}

/** A public key by the name under which it signs. */
export interface Verifier {
  name: string;
  algorithm: number;
  public: Hash;
}

interface Signature {
  name: string;
  id: Hash;
  value: Hash;
}

interface Note {
  text: string;
  signatures: Signature[];
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Hash;
}

/** A key from its line, `name+id+key`. Throws NotTrusted where the line contradicts itself. */
export async function verifier(line: string): Promise<Verifier> {
  const [name = "", id = "", ...encoded] = line.split("+");
  const key = decode(encoded.join("+"));
  checkName(name);
  const read = { name, algorithm: key[0] ?? 0, public: key.slice(1) };
  if (read.algorithm !== ED25519 || read.public.length !== PUBLIC_BYTES)
    throw new NotTrusted("no key that is known here");
  if (hex(await idOf(read)) !== id) throw new NotTrusted("the key's id is not the one of its name and bytes");
  return read;
}

/** The four bytes by which signature lines name the key (signed-note, Signatures). */
async function idOf({ name, algorithm, public: key }: Verifier): Promise<Hash> {
  return (await sha256Bytes(joined(utf8(`${name}\n`), new Uint8Array([algorithm]), key))).slice(0, ID_BYTES);
}

/** A note's text and signatures, none of them checked. Throws NotTrusted. */
export function parse(note: string): Note {
  if (note.length > NOTE_CHARACTERS) throw new NotTrusted(`more than ${NOTE_CHARACTERS} characters`);
  if (/[\x00-\x09\x0b-\x1f]/.test(note) || !note.isWellFormed()) throw new NotTrusted("no text of a note");
  const at = note.lastIndexOf("\n\n");
  const rest = note.slice(at + 2);
  if (at < 1 || !rest.endsWith("\n"))
    throw new NotTrusted("a note is a text, an empty line, and lines with signatures");
  const lines = rest.slice(0, -1).split("\n");
  if (lines.length > SIGNATURES) throw new NotTrusted(`more than ${SIGNATURES} signatures`);
  return { text: note.slice(0, at + 1), signatures: lines.map(signature) };
}

function signature(line: string): Signature {
  const [, name = "", encoded = ""] = new RegExp(`^${DASH}([^ ]*) (.*)$`).exec(line) ?? [];
  checkName(name);
  const value = decode(encoded);
  if (value.length <= ID_BYTES) throw new NotTrusted("a signature is longer than its key's id");
  return { name, id: value.slice(0, ID_BYTES), value: value.slice(ID_BYTES) };
}

/**
 * The note, if a trusted key has signed it and no trusted key's signature on it is wrong; signatures by others are
 * passed over. Throws NotTrusted.
 */
export async function verified(note: string, trusted: Verifier[]): Promise<Note> {
  const read = parse(note);
  const ids = await Promise.all(trusted.map(idOf));
  let signed = 0;
  for (const { name, id, value } of read.signatures) {
    const key = trusted.find((one, i) => one.name === name && same(ids[i] ?? new Uint8Array(), id));
    if (!key) continue;
    if (!(await verifies(key, value, utf8(read.text)))) throw new NotTrusted(`the signature by ${name} is wrong`);
    signed += 1;
  }
  if (!signed) throw new NotTrusted("no key that is trusted has signed this");
  return read;
}

async function verifies(key: Verifier, value: Hash, text: Uint8Array): Promise<boolean> {
  // RFC 8032's own rule and not the laxer one of ZIP 215: what one verifier takes, all must take.
  return verifyAsync(value, text, key.public, { zip215: false }).catch(() => false);
}

/** Read a note's text as a checkpoint. Throws NotTrusted. */
export function checkpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const [origin = "", size = "", root = ""] = lines;
  if (lines.length !== 4 || lines[3] || !origin)
    throw new NotTrusted("a checkpoint has three lines: origin, size, root");
  const hash = decode(root);
  if (hash.length !== HASH) throw new NotTrusted(`a root has ${HASH} bytes`);
  return { origin, size: decimal(size), root: hash };
}

/** The checkpoint that a trusted key has signed under this journal's name. Throws NotTrusted. */
export async function verifiedCheckpoint(note: string, origin: string, trusted: Verifier[]): Promise<Checkpoint> {
  const { text } = await verified(
    note,
    trusted.map((key) => ({ ...key, name: origin })),
  );
  const read = checkpoint(text);
  if (read.origin !== origin) throw new NotTrusted(`it speaks of ${read.origin}, not of ${origin}`);
  return read;
}

/** A number that is written one way only. Throws NotTrusted. */
export function decimal(text: string): number {
  const value = Number(text);
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || !Number.isSafeInteger(value)) {
    throw new NotTrusted("a number is written in decimal, without leading zeros");
  }
  return value;
}

function checkName(name: string): void {
  if (!name || /[+\s]/u.test(name)) throw new NotTrusted("a key's name is not empty and has neither spaces nor +");
}

export const encode = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** Strictly: one text for one value, or a changed letter could pass unseen. Throws NotTrusted. */
export function decode(text: string): Hash {
  let read: Hash;
  try {
    read = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new NotTrusted("this is not base64");
  }
  if (encode(read) !== text) throw new NotTrusted("this is not the base64 of its bytes");
  return read;
}
