/**
 * The house's codes in words, Chinese first, for phone and desk alike: they say what the catalogue says
 * (tests/server/test_desk.py). What only one of them shows stands in its own terms.ts.
 */

export type Table = Readonly<Record<string, readonly [string, string]>>;

/** Where an issue stands. */
export const STATES = {
  submitted: ["已提交", "Submitted"],
  confirmed: ["已确认", "Confirmed"],
  issued: ["已下达", "Issued"],
  received: ["已签收", "Received"],
  rectifying: ["整改中", "Rectifying"],
  replied: ["待复查", "Awaiting re-inspection"],
  on_spot: ["当场整改", "Put right on the spot"],
  failed: ["复查不合格", "Failed"],
  passed: ["复查合格", "Passed"],
  closed: ["已销号", "Closed"],
  dismissed: ["不成立", "Dismissed"],
  merged: ["已合并", "Merged"],
  referred: ["已移送", "Referred"],
  accepted: ["对方受理", "Accepted elsewhere"],
  settled: ["移送办结", "Settled elsewhere"],
  withdrawn: ["已撤销", "Withdrawn"],
} as const satisfies Table;

/** What is done to an issue. */
export const VERBS = {
  confirm: ["确认", "Confirm"],
  dismiss: ["不成立", "Dismiss"],
  merge: ["合并", "Merge"],
  issue: ["下达", "Issue order"],
  receive: ["签收", "Receive"],
  begin: ["开始整改", "Begin"],
  reply: ["整改回复", "Reply"],
  on_spot: ["当场整改", "Put right on the spot"],
  pass: ["复查合格", "Pass"],
  fail: ["复查不合格", "Fail"],
  close: ["销号", "Close issue"],
  close_major: ["重大隐患销号", "Close major issue"],
  refer: ["移送", "Refer"],
  accept: ["对方受理", "Accepted elsewhere"],
  return: ["退回", "Returned"],
  settle: ["移送办结", "Settled elsewhere"],
  withdraw: ["撤销", "Withdraw"],
  countersign: ["会签", "Countersign"],
  recall: ["文书作废，重新下达", "Paper voided, to be issued anew"],
} as const satisfies Table;

export const SEVERITIES = {
  major: ["重大", "Major"],
  serious: ["较大", "Serious"],
  general: ["一般", "General"],
} as const satisfies Table;

export const DOMAINS = {
  safety: ["安全", "Safety"],
  quality: ["质量", "Quality"],
  civilised: ["文明施工", "Civilised site"],
  dust: ["扬尘", "Dust"],
  noise: ["噪声", "Noise"],
  fire: ["消防", "Fire"],
  electricity: ["用电", "Electricity"],
  lifting: ["起重机械", "Lifting"],
  pit: ["基坑", "Pit"],
  formwork: ["模板", "Formwork"],
  scaffold: ["脚手架", "Scaffold"],
  height: ["高处", "Work at height"],
  edge: ["临边洞口", "Edges and openings"],
  confined: ["有限空间", "Confined space"],
  hot_work: ["动火", "Hot work"],
  wages: ["实名制与工资", "Wages"],
  papers: ["资料", "Papers"],
  road: ["占道掘路", "Road works"],
  nuisance: ["扰民", "Nuisance"],
  green: ["绿色低碳", "Green"],
  pipelines: ["市政管线保护", "Pipelines"],
} as const satisfies Table;

/** How long a contractor has. */
export const TERMS = {
  "on-the-spot": ["当场", "On the spot"],
  general: ["一般", "General"],
  material: ["需备料", "Material needed"],
  systemic: ["系统性", "Systemic"],
  major: ["重大", "Major"],
} as const satisfies Table;

/** What an inspection is made for. */
export const VISITS = {
  routine: ["日常检查", "Routine"],
  campaign: ["专项检查", "Campaign"],
  double_random: ["双随机抽查", "Drawn by lot"],
  joint: ["联合检查", "Joint"],
  case: ["个案检查", "Case"],
  reinspection: ["复查", "Re-inspection"],
  start_check: ["开工条件核查", "Before the start"],
  acceptance: ["验收监督", "Acceptance"],
  off_site: ["非现场检查", "Off site"],
} as const satisfies Table;

/** An issue's fields. */
export const FIELDS = {
  title: ["标题", "Title"],
  description: ["问题描述", "Description"],
  domain: ["类别", "Domain"],
  code: ["隐患编码", "Code"],
  severity: ["隐患等级", "Severity"],
  part: ["部位", "Part"],
  legal_basis: ["依据", "Legal basis"],
  demand: ["整改要求", "Demand"],
  found_at: ["发现时间", "Found"],
  due_on: ["整改期限", "Due"],
  assignee: ["责任人", "Assignee"],
  inspection: ["所属检查", "Inspection"],
  contractor: ["责任单位", "Contractor"],
  tags: ["标签", "Tags"],
  notes: ["备注", "Notes"],
  state: ["状态", "State"],
  lat_e7: ["纬度", "Latitude"],
  lon_e7: ["经度", "Longitude"],
  accuracy_m: ["定位精度（米）", "Accuracy (m)"],
  datum: ["坐标系", "Datum"],
  found_by: ["提交人", "Found by"],
  rectified_by: ["整改人", "Rectified by"],
  term: ["整改期限类别", "Term"],
  duplicate_of: ["重复于", "Duplicate of"],
  referred_to: ["移送部门", "Referred to"],
  receipt: ["移送回执", "Receipt"],
  issued_by: ["下达人", "Issued by"],
  passed_by: ["复查人", "Passed by"],
  failed_by: ["复查不合格判定人", "Failed by"],
  closed_by: ["销号人", "Closed by"],
  decided_by: ["决定人", "Decided by"],
  issued_at: ["下达时间", "Issued at"],
  received_at: ["签收时间", "Received at"],
  replied_at: ["回复时间", "Replied at"],
  passed_at: ["复查合格时间", "Passed at"],
  failed_at: ["复查不合格时间", "Failed at"],
  closed_at: ["销号时间", "Closed at"],
  due_basis: ["期限依据", "Deadline computed from"],
  paused_on: ["停表日期", "Clock stands since"],
  countersigned_by: ["会签人", "Countersigned by"],
  countersigned_at: ["会签时间", "Countersigned at"],
  answer: ["所据检查项", "Found at this item"],
  notice: ["所依文书", "Paper over it"],
  served_on: ["送达日", "Served on"],
} as const satisfies Table;
