/** Kinds of paper in words, for the desk and for the one room of the phone that names papers. */

import type { Table } from "./terms.ts";

export const NOTICE_KINDS = {
  rectification: ["责令限期整改通知书", "Order to rectify"],
  stop_work: ["责令停工通知书", "Order to stop work"],
  resume: ["同意复工通知书", "Consent to resume work"],
  referral: ["案件移送函", "Referral of a case"],
  interview: ["约谈通知书", "Summons to an interview"],
  listing: ["隐患挂牌督办通知书", "Major hazard under supervision"],
} as const satisfies Table;
