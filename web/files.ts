/** Files under a record (附件): how a browser can show one, and what desk and phone say of it. */

import type { Table } from "./terms.ts";

export type Way = "video" | "audio" | "paper";

/** How this browser shows a file of that type in its place; null where it would only save it. */
export function wayOf(mime: string): Way | null {
  if (mime === "application/pdf") return navigator.pdfViewerEnabled ? "paper" : null;
  const [kind] = mime.split("/");
  if (kind !== "video" && kind !== "audio") return null;
  return document.createElement(kind).canPlayType(mime) ? kind : null;
}

export const sized = (bytes: number): string =>
  bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;

export const FILE_WORDS = {
  attachments: ["附件", "Attachments"],
  play: ["播放", "Play"],
  openPaper: ["打开", "Open"],
  saveFile: ["下载", "Save"],
  notBrought: ["载入失败，请重试", "It did not come; try again"],
  notPlayed: ["浏览器不能播放此文件，请下载后查看", "This browser cannot play it: save it and open it elsewhere"],
  awaitedFile: [
    "附件尚未上传，仍保存在手机上，联网后自动续传",
    "Not here yet: kept on the phone, it follows when there is a line",
  ],
  notSaved: ["下载失败，请重试", "Not saved; try again"],
} as const satisfies Table;
