/** Photographs' bytes on their way: by tus 1.0, one at a time, resumed wherever the house stands. */

import { DetailedError, Upload } from "tus-js-client";

import { Refused, refusal } from "./line.ts";
import type { MediaRow, Tables } from "./tables.ts";
import { waitingBytes } from "./waiting.ts";

// Asked again within one attempt for a line that hiccups; longer absences are the rhythm's business.
const RETRIES_MS = [0, 500, 2_000];

export interface Place {
  endpoint: string;
  /** Asked before each request: it may be renewed while a long video is on its way. */
  token: () => Promise<string | null>;
}

/**
 * Send what waits. `sent` means that the house has every byte; they are freed here only when its record
 * says that they rest (answers.ts). `between` runs after each: what is written meanwhile does not wait for
 * all of them. Throws what the line throws; a refusal of one photograph that no repetition mends is noted
 * with it and holds up none of the others.
 */
export async function sendBytes(
  db: Tables,
  place: Place,
  between: () => Promise<void>,
  progress?: (photo: string, share: number) => void,
): Promise<void> {
  for (const row of await waitingBytes(db)) {
    const held = await db.bytes.get(row.photo);
    if (!held) {
      await db.media.update(row.photo, { fault: "bytes-missing" });
      continue;
    }
    try {
      await send(db, row, held.bytes, place, progress);
      await db.media.update(row.photo, { state: "sent" });
    } catch (wrong) {
      if (!(wrong instanceof Refused) || !["repair", "ask", "drop"].includes(wrong.remedy)) throw wrong;
      await db.media.update(row.photo, { fault: wrong.code });
    }
    await between();
  }
}

function send(
  db: Tables,
  row: MediaRow,
  bytes: ArrayBuffer,
  { endpoint, token }: Place,
  progress?: (photo: string, share: number) => void,
): Promise<void> {
  const { photo, dossier, sha256, mime, name } = row;
  let spared = false;
  return new Promise((resolve, reject) => {
    const upload = new Upload(source(bytes), {
      endpoint,
      uploadSize: bytes.byteLength,
      ...(row.url && { uploadUrl: row.url }),
      metadata: { dossier, record: photo, sha256, mime, filename: name },
      onBeforeRequest: async (asking) => {
        const now = await token();
        if (now) asking.setHeader("Authorization", `Bearer ${now}`);
      },
      storeFingerprintForResuming: false, // the row remembers where it goes, in the same database as the bytes
      retryDelays: RETRIES_MS,
      onAfterResponse: (asked, answer) => {
        spared = asked.getMethod() === "POST" && Number(answer.getHeader("Upload-Offset")) === bytes.byteLength;
      },
      onUploadUrlAvailable: () => {
        void db.media.update(photo, { url: upload.url });
        if (!spared) return;
        // The dossier holds these bytes. The client would send them all the same, and be told afterwards.
        void upload.abort();
        resolve();
      },
      onProgress: (sent, total) => progress?.(photo, total ? sent / total : 0),
      onError: (wrong) => reject(told(wrong)),
      onSuccess: () => resolve(),
    });
    upload.start();
  });
}

/** Node's tus takes a Buffer where the browser's takes a Blob. */
function source(bytes: ArrayBuffer): Blob {
  const node = (globalThis as { Buffer?: { from(bytes: ArrayBuffer): unknown } }).Buffer;
  return node ? (node.from(bytes) as Blob) : new Blob([bytes]);
}

function told(wrong: Error): Error {
  const answer = wrong instanceof DetailedError ? wrong.originalResponse : null;
  if (!answer) return wrong;
  let body = {};
  try {
    body = JSON.parse(answer.getBody()) as object;
  } catch {
    // Not the house's own words: somebody on the way.
  }
  return refusal(answer.getStatus(), body, Number(answer.getHeader("Retry-After")) || 0);
}
