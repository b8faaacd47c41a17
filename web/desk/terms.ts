/** What the desk says beside the words that it shares with the phone (../terms.ts). */

import { NOTICE_KINDS } from "../papers.ts";
import { DOMAINS, FIELDS, SEVERITIES, STATES, TERMS, VERBS, VISITS, type Table } from "../terms.ts";
import { WHY } from "../why.ts";

export const DEPARTMENTS = {
  commission: ["区住建委", "Housing commission"],
  urban: ["城管执法局", "Urban management"],
  ecology: ["生态环境局", "Ecology"],
  emergency: ["应急管理局", "Emergency management"],
  fire: ["消防救援", "Fire"],
  transport: ["交通委", "Transport"],
  planning: ["规自分局", "Planning"],
  water: ["水务", "Water"],
  street: ["街道办事处", "Subdistrict office"],
} as const satisfies Table;

export const KINDS = {
  issue: ["隐患", "Issue"], photo: ["照片", "Photograph"], attachment: ["附件", "Attachment"], inspection: ["检查", "Inspection"],
  answer: ["检查项", "Checklist item"], signature: ["签名", "Signature"], comment: ["意见", "Comment"], reply: ["整改回复", "Reply"],
  review: ["复查结果", "Re-inspection"], extension: ["延期申请", "Request for more time"], pause: ["停表", "Pause"],
  escalation: ["逾期升级", "Step of the ladder"], conflict: ["冲突", "Conflict"], parked: ["待审工作", "Parked work"],
  notice: ["文书", "Paper"], project: ["项目", "Project"], assignment: ["检查任务", "Assignment"], plan: ["检查计划", "Plan"],
  recusal: ["回避", "Recusal"], template: ["检查单", "Checklist"], organisation: ["单位", "Organisation"], markup: ["标注", "Mark"],
  handover: ["项目交接", "Handover"], contact: ["联系人", "Contact"],
} as const satisfies Table;

/** States of what is no issue. */
const OTHER_STATES = {
  asked: ["待批", "Waits for a decision"], granted: ["已批准", "Granted"], refused: ["已驳回", "Refused"],
} as const satisfies Table;

const MORE = {
  browser: {
    wechat: ["微信", "WeChat"], qq: ["QQ浏览器", "QQ Browser"], b360: ["360浏览器", "360"], huawei: ["华为浏览器", "Huawei Browser"],
    xiaomi: ["小米浏览器", "Mi Browser"], uc: ["UC浏览器", "UC Browser"], sogou: ["搜狗浏览器", "Sogou"], edge: ["Edge", "Edge"],
    opera: ["Opera", "Opera"], firefox: ["Firefox", "Firefox"], chrome: ["Chrome", "Chrome"], safari: ["Safari", "Safari"],
  },
  system: {
    harmony: ["鸿蒙", "HarmonyOS"], android: ["安卓", "Android"], iphone: ["iPhone", "iPhone"], ipad: ["iPad", "iPad"],
    windows: ["Windows", "Windows"], mac: ["macOS", "macOS"], linux: ["Linux", "Linux"],
  },
  term: TERMS,
  review: { pass: ["合格", "Passed"], partly: ["部分合格", "Passed in part"], fail: ["不合格", "Failed"] },
  flag: { late: ["逾期后提出", "asked after the deadline"], second: ["再次申请", "asked again"], "too-long": ["超过原期限", "longer than the term"], major: ["重大隐患", "a major hazard"] },
  pause: {
    air_alert: ["空气重污染预警", "Air pollution alert"], weather: ["恶劣天气", "Bad weather"], suspension: ["项目停工", "Works suspended"],
    holiday: ["法定节假日停工", "Public holiday"], appeal: ["复议诉讼期间", "Appeal pending"], other: ["其他", "Other"],
  },
  ladder: {
    "at-once": ["重大隐患上报", "Major hazard reported"], remind: ["到期提醒", "Reminder"], overdue: ["逾期告知", "Told that it is overdue"],
    section: ["科长督办", "Section head"], leader: ["所领导督办", "Leader"], refer: ["移送立案", "To be referred"],
    systemic: ["同类隐患反复", "The same hazard again"], daily: ["重大隐患日报", "Daily report"],
  },
  role: {
    inspector: ["监督员", "Inspector"], supervisor: ["科长", "Supervisor"], director: ["所领导", "Director"], contractor: ["施工单位", "Contractor"],
    supervision: ["监理单位", "Supervising firm"], client: ["建设单位", "Client"], auditor: ["审计", "Auditor"], administrator: ["系统管理员", "Administrator"],
    self: ["本人", "Oneself"],
  },
  noticeKind: NOTICE_KINDS,
  handoverState: {
    proposed: ["待签字", "Waits for signatures"], done: ["已交接", "Done"], refused: ["已拒绝", "Refused"], withdrawn: ["已撤回", "Withdrawn"],
    lapsed: ["已失效", "Lapsed"],
  },
  noticeState: {
    draft: ["草稿", "Draft"], approved: ["已批准", "Approved"], issued: ["已下达", "Issued"], served: ["已送达", "Served"],
    answered: ["已回复", "Answered"], closed: ["已办结", "Closed"], voided: ["已作废", "Void"],
  },
  noticeVerb: {
    approve: ["批准", "Approve"], return: ["退回修改", "Return"], issue: ["下达", "Issue"], serve: ["送达", "Serve"],
    reject: ["退回回复", "Reject the answer"], close: ["办结", "Close"], void: ["作废", "Void"],
  },
  noticeField: {
    notice_kind: ["文书种类", "Kind of paper"], addressee: ["受送达单位统一社会信用代码", "Addressee's credit code"], addressee_name: ["受送达单位", "Addressee"],
    officers: ["执法人员", "Officers"], issues: ["所涉问题", "Issues"], legal_basis: ["法律依据", "Legal basis"], inspected_at: ["检查时间", "Inspected at"],
    demand: ["要求", "Demand"], scope: ["停工范围", "What stops"], scope_note: ["停工部位", "Which part"], starts_at: ["停工起始时间", "Stops from"],
    resume_condition: ["复工条件", "Condition for going on"], refers_to: ["所涉文书", "Paper it refers to"], meets_at: ["约谈时间", "Interview at"], place: ["约谈地点", "Place"],
    enforcement_authority: ["处罚机关", "Who may punish"], due_on: ["整改期限", "Deadline"], unknown: ["所涉问题不存在", "an issue that is not there"],
  },
  scope: { whole: ["全部停工", "Everything"], part: ["局部停工", "A part"], process: ["工序停工", "A process"], machine: ["设备停用", "A machine"] },
  service: {
    direct: ["直接送达", "In person"], left: ["留置送达", "Left with a witness"], post: ["邮寄送达", "By post"],
    electronic: ["电子送达", "Electronic"], public: ["公告送达", "By public notice"],
  },
  serviceField: {
    to: ["签收人", "Received by"], signature: ["签收回执照片", "Photograph of the signed receipt"], witness: ["见证人", "Witness"], tracking: ["邮件单号", "Tracking number"],
    confirmation: ["确认书照片", "Photograph of the signed consent"], published: ["公告载体", "Where it was published"],
  },
  visit: VISITS,
  risk: { blue: ["蓝", "Blue"], yellow: ["黄", "Yellow"], orange: ["橙", "Orange"], red: ["红", "Red"] },
  organisationSort: { firm: ["企业", "Firm"], street: ["街道", "Street"], department: ["内设机构", "Department"] },
  party: {
    client: ["建设单位", "Client"], contractor: ["施工单位", "Contractor"], supervision: ["监理单位", "Supervising firm"], designer: ["设计单位", "Designer"],
    surveyor: ["勘察单位", "Surveyor"], laboratory: ["检测机构", "Laboratory"], monitoring: ["监测单位", "Monitoring firm"],
    concrete: ["预拌混凝土生产单位", "Ready-mix plant"], lessor: ["设备产权单位", "Equipment owner"],
  },
  became: { entered: ["新增", "Entered"], changed: ["更新", "Changed"], same: ["无变化", "Same"], faulty: ["有误", "Faulty"], refused: ["未采用", "Refused"] },
  organisationField: {
    code: ["代码", "Code"], name: ["名称", "Name"], parties: ["参建类别", "On site as"], qualification: ["资质", "Qualification"],
    qualified_until: ["资质有效期", "Qualified until"], duties: ["职责", "Duties"],
  },
  planState: { draft: ["草稿", "Draft"], approved: ["已批准", "Approved"], ended: ["已结束", "Ended"] },
  planVerb: { approve: ["批准计划", "Approve"], end: ["结束计划", "End"], cancel: ["取消任务", "Cancel"] },
  listState: { draft: ["草稿", "Draft"], published: ["已发布", "Published"], withdrawn: ["已停用", "Withdrawn"] },
  listVerb: { publish: ["发布", "Publish"], withdraw: ["停用", "Withdraw"] },
  result: { ok: ["符合", "OK"], fault: ["不符合", "Fault"], na: ["缺项", "N/A"] },
  listColumn: {
    code: ["代码", "code"], title: ["名称", "title"], marks: ["分值", "marks"], condition: ["前提", "condition"], measurement: ["实测", "measurement"],
    unit: ["单位", "unit"], decimals: ["小数位", "decimals"], least: ["下限", "least"], most: ["上限", "most"], valid_from: ["施行日期", "in force from"],
    valid_to: ["失效日期", "until"], items: ["检查项目", "items"], forms: ["检查表", "forms"], sections: ["分项", "sections"],
    citation: ["依据", "basis"], grades: ["评定规定", "grading"], group: ["类别", "group"], repeats: ["可多份填写", "filled in for each"],
    photo_required: ["须拍照", "photograph required"], certainty: ["核实情况", "certainty"],
  },
  itemGroup: { guarantee: ["保证项目", "Guarantee"], general: ["一般项目", "General"] },
  doubt: {
    "clock-skewed": ["设备时钟不准", "the device's clock is off"], "after-receipt": ["所述时间晚于收到时间", "it claims a time after its receipt"],
    "before-seen": ["所述时间早于设备已知的服务器时间", "it claims a time before one that the server had told the device"],
    monotonic: ["时间由设备运行时长推算", "the time is reckoned from the device's running clock"],
  },
  way: {
    n: ["以北", "north"], ne: ["东北", "north-east"], e: ["以东", "east"], se: ["东南", "south-east"],
    s: ["以南", "south"], sw: ["西南", "south-west"], w: ["以西", "west"], nw: ["西北", "north-west"],
  },
} as const satisfies Readonly<Record<string, Table>>;

/** Reasons that only the desk is told. */
export const DESK_WHY = {
  "service-incomplete": ["送达信息不完整，请补充", "What this mode of service must prove is missing."],
  "export-too-large": [
    "PDF 清单行数过多，请缩小筛选范围，或改用 Excel、CSV",
    "Too many rows for a PDF; narrow the filters, or ask for Excel or CSV.",
  ],
  "template-faulty": ["检查单有误，请按提示修改", "The checklist is wrong; see the faults."],
} as const satisfies Table;

export const TABLES = {
  state: { ...STATES, ...OTHER_STATES }, issueState: STATES, severity: SEVERITIES, domain: DOMAINS, fields: FIELDS, verbs: VERBS,
  why: { ...WHY, ...DESK_WHY }, department: DEPARTMENTS, kind: KINDS, ...MORE,
};
