/** Names that need no server: UUIDv7 for what is new, UUIDv5 for what two phones must call the same. */

import { hex, utf8 } from "./canonical.ts";

const ANSWERS = "5d1c0f3e-8a77-5b57-9d0e-3f7f6f2a1c59"; // docs/protocol.md, Answers

/** RFC 9562 version 7. Its time is never read; it only keeps new ids together in an index. */
export function uuid7(now: number = Date.now()): string {
  const noise = crypto.getRandomValues(new Uint8Array(10));
  return dashed(now.toString(16).padStart(12, "0") + hex(noise), 7);
}

/** The id of the answer to one item; `instance` names one of several objects, and is else empty. */
export function answerId(inspection: string, form: string, instance: string, item: string): Promise<string> {
  return uuid5(ANSWERS, `${inspection}|${form}|${instance}|${item}`);
}

const FINDINGS = "b1f0f3a6-6f0a-5f5c-8a3e-4a1d6a0d7e92"; // docs/protocol.md, Findings

/** The id of the issue that a failed answer becomes, whoever says so first. */
export const findingId = (answer: string): Promise<string> => uuid5(FINDINGS, answer);

const ORGANISATIONS = "8e0b7d52-6a34-5f0e-9b6a-1d1c50a2f1b7"; // docs/protocol.md, Organisations

/** The id of the record that says what a code is called. */
export const organisationId = (code: string): Promise<string> => uuid5(ORGANISATIONS, code);

async function uuid5(namespace: string, name: string): Promise<string> {
  const space = Uint8Array.from(namespace.replaceAll("-", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const said = utf8(name);
  const whole = new Uint8Array(space.length + said.length);
  whole.set(space);
  whole.set(said, space.length);
  return dashed(hex(await crypto.subtle.digest("SHA-1", whole)).slice(0, 32), 5); // RFC 9562 §5.5 asks for SHA-1
}

function dashed(digits: string, version: number): string {
  const variant = ((parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const set = `${digits.slice(0, 12)}${version}${digits.slice(13, 16)}${variant}${digits.slice(17)}`;
  return set.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
