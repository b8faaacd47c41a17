/** What the phone says beside the words that it shares with the desk (../terms.ts). */

import { SEVERITIES, TERMS, VISITS, type Table } from "../terms.ts";

export const KIND_WORDS = {
  issue: ["问题", "issue"],
  photo: ["照片", "photo"],
  attachment: ["附件", "attachment"],
  markup: ["标注", "markup"],
  inspection: ["检查", "inspection"],
  answer: ["检查项", "checklist item"],
  signature: ["签名", "signature"],
  comment: ["意见", "comment"],
  reply: ["整改回复", "reply"],
  review: ["复查", "re-inspection"],
  extension: ["延期申请", "extension"],
  conflict: ["冲突", "conflict"],
  parked: ["待审工作", "parked work"],
  notice: ["文书", "notice"],
  project: ["项目", "project"],
  assignment: ["检查任务", "assignment"],
  recusal: ["回避", "recusal"],
  handover: ["项目交接", "handover"],
  contact: ["联系人", "contact"],
} as const satisfies Table;

/** Where an inspection or an assignment stands. */
export const VISIT_STATES = {
  draft: ["草稿", "Draft"],
  finished: ["已完成", "Finished"],
  reviewed: ["已审核", "Reviewed"],
  published: ["已公示", "Published"],
  open: ["待执行", "Open"],
  done: ["已完成", "Done"],
  cancelled: ["已取消", "Cancelled"],
} as const satisfies Table;

/** Fields of what is no issue. */
export const OTHER_FIELDS = {
  result: ["结果", "Result"],
  deduct: ["扣分", "Deduction"],
  note: ["情况", "What was found"],
  measurement: ["实测值", "Measured"],
  unit: ["单位", "Unit"],
  conclusion: ["检查结论", "Conclusion"],
  weather: ["天气", "Weather"],
  companions: ["陪同人员", "Companions"],
  caption: ["说明", "Caption"],
  project_type: ["项目类型", "Type"],
  stage: ["阶段", "Stage"],
  risk: ["风险等级", "Risk"],
  address: ["地址", "Address"],
  street: ["街道", "Subdistrict"],
  permit_no: ["施工许可证编号", "Permit"],
  client: ["建设单位", "Client"],
  main_contractor: ["施工单位", "Contractor"],
  supervision_firm: ["监理单位", "Supervision firm"],
  started_on: ["开工日期", "Started"],
  planned_finish_on: ["计划竣工日期", "Planned finish"],
  arrived_at: ["到场时间", "Arrived"],
  inspection_type: ["检查类型", "Type"],
  telephone: ["电话", "Telephone"],
  organisation: ["所属单位", "Of whom"],
  role: ["岗位", "Post"],
  valid_from: ["起始日期", "From"],
  valid_to: ["截止日期", "Until"],
} as const satisfies Table;

export const VISIT_VERBS = {
  finish: ["完成", "Finish"],
  review: ["审核", "Review"],
  publish: ["公示", "Publish"],
  complete: ["完成", "Complete"],
  cancel: ["取消", "Cancel"],
} as const satisfies Table;

/** Smaller tables, by the field that they are for. */
export const MORE = {
  severity: SEVERITIES,
  term: TERMS,
  result: { ok: ["符合", "OK"], fault: ["不符合", "Fault"], na: ["缺项", "N/A"] },
  grade: { excellent: ["优良", "Excellent"], passed: ["合格", "Passed"], failed: ["不合格", "Failed"] },
  party: {
    officer: ["检查人员", "Officer"],
    inspected: ["被检查单位", "Inspected firm"],
    companion: ["陪同人员", "Companion"],
    witness: ["见证人", "Witness"],
  },
  mode: { signed: ["已签名", "Signed"], refused: ["拒绝签名", "Refused"], absent: ["不在场", "Absent"] },
  conclusion: {
    none: ["未发现问题", "Nothing found"],
    rectify: ["责令改正", "Order to rectify"],
    stop_work: ["停工", "Stop work"],
    refer: ["移送", "Refer"],
  },
  inspection_type: VISITS,
  stage: {
    initiation: ["立项", "Initiation"],
    feasibility: ["可研", "Feasibility"],
    planning: ["规划", "Planning"],
    design: ["设计", "Design"],
    tender: ["招标", "Tender"],
    registered: ["监督注册", "Registered"],
    permitted: ["许可", "Permitted"],
    under_construction: ["在建", "Under construction"],
    suspended: ["停工", "Suspended"],
    divisional_acceptance: ["分部验收", "Divisional acceptance"],
    completion_acceptance: ["竣工验收", "Completion acceptance"],
    filed: ["备案", "Filed"],
    handed_over: ["移交", "Handed over"],
    warranty: ["保修", "Warranty"],
    ended: ["保修期满", "Warranty ended"],
  },
  risk: { blue: ["低", "Low"], yellow: ["一般", "General"], orange: ["较大", "Serious"], red: ["重大", "Major"] },
} as const satisfies Readonly<Record<string, Table>>;
