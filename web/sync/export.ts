/** Unsent work as one file that any computer opens: a tar (POSIX.1-1988 ustar) with changes and photographs. */

import { canonical, hex, sha256Bytes, utf8 } from "./canonical.ts";
import type { MediaRow, Tables } from "./tables.ts";

export const BLOCK = 512;
const README = `未提交的工作 Unsent work of one phone (巡检 Xunjian).

contents.json  何人、何机、何时，及各文件的 SHA-256 whose, made where and when, the SHA-256 of each file
changes.jsonl  每行一项提交，原样 one change a line, as it would have been sent: {dossier, schema, change}
media.json     照片和录音的登记 what the photographs and recordings belong to
doubts.json    不可信的服务器记录 what the house showed that is not believed
photos/        照片和录音原件，以 SHA-256 命名 the bytes themselves, named by their SHA-256
drafts.json    草稿 drafts that were not saved yet

请交给本人：在任一手机或电脑上登录 /phone/，在“待提交”中导入，即可提交；重复导入不会重复提交。
导出时手机上的内容未被删除。
Give it to its author: signed in at /phone/ on any phone or computer, they bring it in under Outbox, and it is
sent. Twice brought in is once sent. Nothing was removed from the phone when this file was made.
`;

/** Whose work a file holds. */
export interface Author {
  id: string;
  username: string;
  name: string;
}

/** The first file of an export: what is in it. */
export interface Contents {
  format: 1;
  author: Author;
  device: string;
  made_at: string;
  files: Record<string, string>;
}

/** How much an export holds. */
export interface Tally {
  changes: number;
  photos: number;
  recordings: number;
  drafts: number;
}

export interface Exported extends Tally {
  file: Blob;
  /** What it holds, by name and SHA-256: two exports of the same work differ in nothing of it. */
  files: Contents["files"];
}

/**
 * Everything of `author` that is not home for certain, and drafts; what stays on the phone is not touched. Where a
 * server is not believed, nothing that it took in is home either.
 */
export async function exportUnsent(db: Tables, at: Date, author: Author, device: string): Promise<Exported> {
  const doubts = await db.doubts.toArray();
  const doubted = new Set(doubts.map(({ dossier }) => dossier));
  const changes = await db.outbox
    .orderBy("n")
    .filter(({ state, dossier }) => ["new", "invalid"].includes(state) || doubted.has(dossier))
    .toArray();
  const lines = changes.map(({ dossier, schema, change }) => canonical({ dossier, schema, change }));
  const media = await db.media.where("state").anyOf("kept", "sent").toArray();
  const drafts = await db.drafts.toArray();
  const texts: [string, string][] = [
    ["changes.jsonl", lines.map((line) => `${line}\n`).join("")],
    ["media.json", JSON.stringify(media.map(carried), null, 1)],
    ["doubts.json", JSON.stringify(doubts, null, 1)],
    ["drafts.json", JSON.stringify(drafts, null, 1)],
  ];
  const parts: BlobPart[] = [];
  const files: Contents["files"] = {};
  const put = async (name: string, data: Uint8Array<ArrayBuffer>): Promise<void> => {
    files[name] = hex(await sha256Bytes(data));
    parts.push(...file(name, data, at));
  };
  for (const [name, text] of texts) await put(name, utf8(text));
  const there = new Set<string>();
  for (const { photo, sha256, mime } of [...media, ...drafts.flatMap((draft) => draft.shots)]) {
    const held = await db.bytes.get(photo);
    if (held) await put(bytesName(sha256, mime), new Uint8Array(held.bytes));
    if (held) there.add(photo);
  }
  const contents: Contents = { format: 1, author, device, made_at: at.toISOString(), files };
  const first = [...file("README.txt", utf8(README), at), ...file("contents.json", utf8(JSON.stringify(contents)), at)];
  const whole = [...first, ...parts, new Uint8Array(2 * BLOCK)]; // the end of a tar
  const carries = media.filter(({ photo }) => there.has(photo));
  const recordings = carries.filter(({ mime }) => mime.startsWith("audio/")).length;
  return {
    file: new Blob(whole, { type: "application/x-tar" }),
    files,
    changes: changes.length,
    photos: carries.length - recordings,
    recordings,
    drafts: drafts.length,
  };
}

/** What of a photograph's row makes sense elsewhere. */
export type Carried = Pick<MediaRow, "photo" | "dossier" | "subject" | "sha256" | "size" | "mime" | "name">;
const carried = ({ photo, dossier, subject, sha256, size, mime, name }: MediaRow): Carried => ({
  ...{ photo, dossier, subject, sha256 },
  ...{ size, mime, name },
});

export const bytesName = (sha256: string, mime: string): string => `photos/${sha256}.${mime.split("/")[1]}`;

function file(name: string, data: Uint8Array<ArrayBuffer>, at: Date): BlobPart[] {
  const padding = (BLOCK - (data.length % BLOCK)) % BLOCK;
  // A Blob each: two hundred photographs need not lie in memory at once.
  return [header(name, data.length, at), new Blob([data]), new Uint8Array(padding)];
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
