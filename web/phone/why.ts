/** Why something was not applied, and why a server is not believed: words of rooms that nobody sees first. */

import type { Table } from "../terms.ts";
import { WHY } from "../why.ts";
import { said } from "./words.ts";

/** Where the phone says what it does by itself, or what its holder can do about it. */
export const OWN_WHY = {
  "change-id-reused": ["提交编号重复，请重新保存", "This change's id was used before: save it again."],
  "schema-ahead": ["服务器版本较旧，将自动重试", "The server does not know this yet; it is sent again."],
  "epoch-changed": ["服务器已恢复备份，将自动重试", "The server was restored; it is sent again."],
  "out-of-time": ["本次提交较多，其余将自动重试", "There was no time for it; it is sent again."],
  "missing-base": ["此前的修改尚未提交，将自动重试", "An earlier edit has not arrived yet; it is sent again."],
  "invalid-fields": ["部分内容不符合要求，请修改", "Some values cannot be taken; correct them."],
  "bytes-missing": ["照片原件不在本机", "The photograph's bytes are not on this phone."],
  "digest-mismatch": ["照片内容与记录不符", "The photograph is not the one that its record names."],
  "not-an-image": ["文件不是照片", "The file is no photograph."],
  "too-large-for-type": ["照片过大", "The photograph is too large."],
  "empty-file": ["文件为空", "The file is empty."],
  "not-found": ["没有找到，或无权查看", "There is no such thing, or it is not yours to see."],
  "unknown-dossier": ["没有此案卷，或无权查看", "No such dossier, or it is not yours to see."],
} as const satisfies Table;

/** Why a dossier's server is not believed: the words of sync/trust.py. */
export const DOUBTS = {
  forked: ["服务器给出的历史与本机所存检查点不一致", "The server shows another history than it signed."],
  "rolled-back": ["服务器的历史比已签署的短，可能恢复了旧备份", "The server has gone back behind what it signed."],
  withheld: ["服务器不再出示检查点", "The server shows no checkpoint any more."],
  "unknown-key": ["检查点的签名密钥未知", "The checkpoint is signed by a key that nobody introduced."],
  unexplained: ["服务器恢复了备份，但没有签署的说明", "A backup was put back without a signed reason."],
} as const satisfies Table;

const known: Table = { ...WHY, ...OWN_WHY };
const doubts: Table = DOUBTS;

/** A code of an outcome in words; one that is new here is shown as it is. */
export const why = (code: string): string => (known[code] ? said(known[code]) : code);
export const doubt = (code: string): string => (doubts[code] ? said(doubts[code]) : code);
