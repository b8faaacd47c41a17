/** A file as a record: its digest first, then the record that names it, then its bytes by tus, resumed where they stand. */

import { hex } from "../sync/canonical.ts";
import { uuid7 } from "../sync/ids.ts";
import { change, now } from "./changes.ts";
import { token } from "./house.ts";

const RETRIES_MS = [0, 1_000, 3_000, 9_000];

/** Bring a photograph of `subject` in and answer its SHA-256. Throws Problem, or what the upload says. */
export async function photograph(dossier: string, subject: string, audience: string, file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  const record = uuid7();
  const said = { subject, sha256, size: bytes.byteLength, mime: file.type, name: file.name, taken_at: now() };
  const fields = Object.fromEntries(Object.entries(said).map(([name, set]) => [name, { set }]));
  const outcome = await change({ op: "create", kind: "photo", record, audience, fields })(dossier);
  if (!["applied", "merged", "noop"].includes(outcome.status)) throw new Error(outcome.why ?? outcome.status);
  const { Upload } = await import("tus-js-client"); // few need it
  await new Promise<void>((resolve, reject) => {
    new Upload(new Blob([bytes]), {
      endpoint: "/api/v1/uploads",
      metadata: { dossier, record, sha256, mime: file.type, filename: file.name },
      headers: { Authorization: `Bearer ${token()}` },
      storeFingerprintForResuming: false,
      retryDelays: RETRIES_MS,
      onError: reject,
      onSuccess: () => resolve(),
    }).start();
  });
  return sha256;
}
