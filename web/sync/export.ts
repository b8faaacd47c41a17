/** Unsent work as one file that any computer opens: a tar (POSIX.1-1988 ustar) with changes and photographs. */

import { canonical, utf8 } from "./canonical.ts";
import type { Tables } from "./tables.ts";

const BLOCK = 512;
const README = `未提交的工作 Unsent work of one phone (巡检 Xunjian).

changes.jsonl  每行一项提交，原样 one change a line, as it would have been sent: {dossier, schema, change}
doubts.json    不可信的服务器记录 what the house showed that is not believed
photos/        照片原件，以 SHA-256 命名 the photographs' own bytes, named by their SHA-256
drafts.json    草稿 drafts that were not saved yet

请交给系统管理员。手机上的内容未被删除。 Give it to your administrator. Nothing was removed from the phone.
`;

/**
 * Everything that is not home for certain, and drafts; what stays on the phone is not touched. Where a server is
 * not believed, nothing that it took in is home either.
 */
export async function exportUnsent(db: Tables, at: Date): Promise<Blob> {
  const doubts = await db.doubts.toArray();
  const doubted = new Set(doubts.map(({ dossier }) => dossier));
  const changes = await db.outbox
    .orderBy("n")
    .filter(({ state, dossier }) => ["new", "invalid"].includes(state) || doubted.has(dossier))
    .toArray();
  const lines = changes.map(({ dossier, schema, change }) => canonical({ dossier, schema, change }));
  const media = await db.media.where("state").anyOf("kept", "sent").toArray();
  const drafts = await db.drafts.toArray();
  const parts: BlobPart[] = [
    ...file("README.txt", utf8(README), at),
    ...file("changes.jsonl", utf8(lines.map((line) => `${line}\n`).join("")), at),
    ...file("doubts.json", utf8(JSON.stringify(doubts, null, 1)), at),
    ...file("drafts.json", utf8(JSON.stringify(drafts, null, 1)), at),
  ];
  const shots = drafts.flatMap((draft) => draft.shots);
  for (const { photo, sha256, mime } of [...media, ...shots]) {
    const held = await db.bytes.get(photo);
    if (held) parts.push(...file(`photos/${sha256}.${mime.split("/")[1]}`, new Uint8Array(held.bytes), at));
  }
  parts.push(new Uint8Array(2 * BLOCK)); // the end of a tar
  return new Blob(parts, { type: "application/x-tar" });
}

function file(name: string, data: Uint8Array<ArrayBuffer>, at: Date): BlobPart[] {
  const padding = (BLOCK - (data.length % BLOCK)) % BLOCK;
  return [header(name, data.length, at), data, new Uint8Array(padding)];
}

/** One header block; names are ASCII and shorter than 100 bytes. */
function header(name: string, size: number, at: Date): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;
  const put = (text: string, offset: number): void => block.set(utf8(text), offset);
  put(name, 0);
  put(octal(0o600, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(size, 12), 124);
  put(octal(Math.floor(at.getTime() / 1000), 12), 136);
  put(" ".repeat(8), 148); // the sum is taken with its own field blank
  put("0", 156);
  put("ustar\x0000", 257);
  put(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return block;
}
