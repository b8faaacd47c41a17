/** The house's codes in words, Chinese first: they say what the catalogue says (tests/server/test_desk.py). */

type Table = Readonly<Record<string, readonly [string, string]>>;

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
export const SEVERITIES = { major: ["重大", "Major"], serious: ["较大", "Serious"], general: ["一般", "General"] } as const satisfies Table;
export const DOMAINS = {
  safety: ["安全", "Safety"], quality: ["质量", "Quality"], civilised: ["文明施工", "Civilised site"],
  dust: ["扬尘", "Dust"], noise: ["噪声", "Noise"], fire: ["消防", "Fire"], electricity: ["用电", "Electricity"],
  lifting: ["起重机械", "Lifting"], pit: ["基坑", "Pit"], formwork: ["模板", "Formwork"],
  scaffold: ["脚手架", "Scaffold"], height: ["高处", "Work at height"], edge: ["临边洞口", "Edges and openings"],
  confined: ["有限空间", "Confined space"], hot_work: ["动火", "Hot work"], wages: ["实名制与工资", "Wages"],
  papers: ["资料", "Papers"], road: ["占道掘路", "Road works"], nuisance: ["扰民", "Nuisance"],
  green: ["绿色低碳", "Green"], pipelines: ["市政管线保护", "Pipelines"],
} as const satisfies Table;
export const FIELDS = {
  title: ["标题", "Title"], description: ["问题描述", "Description"], domain: ["类别", "Domain"],
  code: ["隐患编码", "Code"], severity: ["隐患等级", "Severity"], part: ["部位", "Part"],
  legal_basis: ["依据", "Legal basis"], demand: ["整改要求", "Demand"], found_at: ["发现时间", "Found"],
  due_on: ["整改期限", "Due"], assignee: ["责任人", "Assignee"], inspection: ["所属检查", "Inspection"],
  contractor: ["责任单位", "Contractor"], tags: ["标签", "Tags"], notes: ["备注", "Notes"], state: ["状态", "State"],
  lat_e7: ["纬度", "Latitude"], lon_e7: ["经度", "Longitude"], accuracy_m: ["定位精度（米）", "Accuracy (m)"],
  datum: ["坐标系", "Datum"], found_by: ["提交人", "Found by"], rectified_by: ["整改人", "Rectified by"],
  term: ["整改期限类别", "Term"], duplicate_of: ["重复于", "Duplicate of"], referred_to: ["移送部门", "Referred to"],
  receipt: ["移送回执", "Receipt"], issued_by: ["下达人", "Issued by"], passed_by: ["复查人", "Passed by"],
  failed_by: ["复查不合格判定人", "Failed by"], closed_by: ["销号人", "Closed by"], decided_by: ["决定人", "Decided by"],
  issued_at: ["下达时间", "Issued at"], received_at: ["签收时间", "Received at"], replied_at: ["回复时间", "Replied at"],
  passed_at: ["复查合格时间", "Passed at"], failed_at: ["复查不合格时间", "Failed at"], closed_at: ["销号时间", "Closed at"],
  due_basis: ["期限依据", "Deadline computed from"], paused_on: ["停表日期", "Clock stands since"],
  countersigned_by: ["会签人", "Countersigned by"], countersigned_at: ["会签时间", "Countersigned at"],
  answer: ["所据检查项", "Found at this item"], notice: ["所依文书", "Paper over it"], served_on: ["送达日", "Served on"],
} as const satisfies Table;
export const VERBS = {
  confirm: ["确认", "Confirm"], dismiss: ["不成立", "Dismiss"], merge: ["合并", "Merge"], issue: ["下达", "Issue order"],
  receive: ["签收", "Receive"], begin: ["开始整改", "Begin"], reply: ["整改回复", "Reply"], on_spot: ["当场整改", "Put right on the spot"],
  pass: ["复查合格", "Pass"], fail: ["复查不合格", "Fail"], close: ["销号", "Close issue"], close_major: ["重大隐患销号", "Close major issue"],
  refer: ["移送", "Refer"], accept: ["对方受理", "Accepted elsewhere"], return: ["退回", "Returned"], settle: ["移送办结", "Settled elsewhere"],
  withdraw: ["撤销", "Withdraw"], countersign: ["会签", "Countersign"], recall: ["文书作废，重新下达", "Paper voided, to be issued anew"],
} as const satisfies Table;
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
// The words of server/errors.py: an outcome carries only the code.
export const WHY = {
  "illegal-transition": ["当前状态不允许此操作", "The present state does not allow this."],
  "same-person": ["同一人不得办理此步骤", "Another person must take this step."],
  "leader-needed": ["须由所领导办理", "A leader must take this step."],
  "deadline-fixed": ["整改期限由文书确定，请申请延期或停表", "The paper sets the deadline; ask for an extension or a pause."],
  "template-unpublished": ["检查单尚未发布，请选用已发布的版本", "Choose an edition that has been published."],
  "step-incomplete": ["缺少办理此步骤所需内容", "Something that this step needs is missing."],
  "approval-missing": ["尚未批准，不能下达", "It wants a supervisor's approval first."],
  "approver-is-issuer": ["批准人不得下达", "Who approved it may not issue it."],
  "issuer-voids": ["下达人不得作废", "Who issued it may not void it."],
  "number-missing": ["尚无文号", "It has no formal number yet."],
  "service-incomplete": ["送达信息不完整，请补充", "What this mode of service must prove is missing."],
  "answer-missing": ["当事人尚未回复", "It has not been answered yet."],
  "reason-missing": ["请先填写原因", "Give the reason first."],
  "not-your-block": ["不是您领用的号段", "It is another officer's block."],
  "not-permitted": ["没有此项权限，请联系管理员", "There is no right to do this; ask the office."],
  "bad-signature": ["设备签名不符，内容已转交审核", "The device's signature is wrong; a reviewer decides."],
  "signature-missing": ["缺少设备签名，内容已转交审核", "The device's signature is missing; a reviewer decides."],
  "access-revoked": ["权限已收回，内容已转交审核", "Access was lost; a reviewer decides."],
  "re-assigned": ["任务已转交他人，内容已转交审核", "Given to another; a reviewer decides."],
  "access-expired": ["岗位已到期，内容已转交审核", "The post ran out; a reviewer decides."],
  deactivated: ["账号已停用，内容已转交审核", "The person has left; a reviewer decides."],
  "project-closed": ["项目已结束，内容已转交审核", "The project is over; a reviewer decides."],
  "edit-vs-delete": ["记录已被删除", "The record was deleted meanwhile."],
  "delete-vs-edit": ["他人已修改，未删除", "Somebody edited it; it was not deleted."],
  "legal-hold": ["正在法律保全，解除前不得删除", "It is held as evidence; nothing of it may be erased."],
  erased: ["相关内容已依法删除", "Its contents were erased by law."],
  "unknown-record": ["记录不存在或无权查看", "No such record, or not yours to see."],
  "moved-meanwhile": ["他人已变更可见范围", "Somebody else moved it meanwhile."],
  "undecided-fields": ["请对每个字段作出选择", "Decide on each field in question."],
  "no-such-candidate": ["没有此候选值", "There is no such value to pick."],
  "cap-reached": ["记录内容过大", "The record has grown above its limit."],
  "unknown-audience": ["可见范围无效", "No such audience for this kind."],
  "kind-mismatch": ["记录类型不符", "The record is of another kind."],
  "server-field": ["该字段由系统填写", "Only the server writes this field."],
  "id-collision": ["编号已被使用", "This id belongs to another record."],
  "no-provision": ["当日没有适用的规定，请系统管理员补录", "No such provision holds on that day; have the administrator enter it."],
  "too-few-officers": ["执法检查须两名以上执法人员", "An inspection by law takes two officers or more."],
  "officer-unlicensed": ["执法证在检查当日有效的人员不足", "Too few officers held a valid licence on that day."],
  "officer-recused": ["检查人员应当回避", "An officer may not inspect this firm or site."],
  "plan-without-end": ["专项计划须有截止日期", "A campaign needs the day on which it ends."],
  internal: ["服务器出错，内容未受影响，请稍后重试", "Our fault; nothing was written, try again."],
  "export-too-large": ["PDF 清单行数过多，请缩小筛选范围，或改用 Excel、CSV", "Too many rows for a PDF; narrow the filters, or ask for Excel or CSV."],
  "store-unavailable": ["存储暂不可用，稍后自动重试", "The store cannot be reached."],
  malformed: ["请求格式有误，请按提示修改", "The request cannot be read."],
  "template-faulty": ["检查单有误，请按提示修改", "The checklist is wrong; see the faults."],
} as const satisfies Table;

export const KINDS = {
  issue: ["隐患", "Issue"], photo: ["照片", "Photograph"], attachment: ["附件", "Attachment"], inspection: ["检查", "Inspection"],
  answer: ["检查项", "Checklist item"], signature: ["签名", "Signature"], comment: ["意见", "Comment"], reply: ["整改回复", "Reply"],
  review: ["复查结果", "Re-inspection"], extension: ["延期申请", "Request for more time"], pause: ["停表", "Pause"],
  escalation: ["逾期升级", "Step of the ladder"], conflict: ["冲突", "Conflict"], parked: ["待审工作", "Parked work"],
  notice: ["文书", "Paper"], project: ["项目", "Project"], assignment: ["检查任务", "Assignment"], plan: ["检查计划", "Plan"],
  recusal: ["回避", "Recusal"], template: ["检查单", "Checklist"], markup: ["标注", "Mark"],
} as const satisfies Table;

/** States of what is no issue. */
const OTHER_STATES = {
  asked: ["待批", "Waits for a decision"], granted: ["已批准", "Granted"], refused: ["已驳回", "Refused"],
} as const satisfies Table;

const MORE = {
  term: { "on-the-spot": ["当场", "On the spot"], general: ["一般", "General"], material: ["需备料", "Material needed"], systemic: ["系统性", "Systemic"], major: ["重大", "Major"] },
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
  noticeKind: {
    rectification: ["责令限期整改通知书", "Order to rectify"], stop_work: ["责令停工通知书", "Order to stop work"], resume: ["同意复工通知书", "Consent to resume work"],
    referral: ["案件移送函", "Referral of a case"], interview: ["约谈通知书", "Summons to an interview"], listing: ["隐患挂牌督办通知书", "Major hazard under supervision"],
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
  visit: {
    routine: ["日常检查", "Routine"], campaign: ["专项检查", "Campaign"], double_random: ["双随机抽查", "Drawn by lot"], joint: ["联合检查", "Joint"], case: ["个案检查", "Case"],
    reinspection: ["复查", "Re-inspection"], start_check: ["开工条件核查", "Before the start"], acceptance: ["验收监督", "Acceptance"], off_site: ["非现场检查", "Off site"],
  },
  risk: { blue: ["蓝", "Blue"], yellow: ["黄", "Yellow"], orange: ["橙", "Orange"], red: ["红", "Red"] },
  planState: { draft: ["草稿", "Draft"], approved: ["已批准", "Approved"], ended: ["已结束", "Ended"] },
  planVerb: { approve: ["批准计划", "Approve"], end: ["结束计划", "End"], cancel: ["取消任务", "Cancel"] },
  listState: { draft: ["草稿", "Draft"], published: ["已发布", "Published"], withdrawn: ["已停用", "Withdrawn"] },
  listVerb: { publish: ["发布", "Publish"], withdraw: ["停用", "Withdraw"] },
  itemGroup: { guarantee: ["保证项目", "Guarantee"], general: ["一般项目", "General"] },
  doubt: {
    "clock-skewed": ["设备时钟不准", "the device's clock is off"], "after-receipt": ["所述时间晚于收到时间", "it claims a time after its receipt"],
    monotonic: ["时间由设备运行时长推算", "the time is reckoned from the device's running clock"],
  },
  way: {
    n: ["以北", "north"], ne: ["东北", "north-east"], e: ["以东", "east"], se: ["东南", "south-east"],
    s: ["以南", "south"], sw: ["西南", "south-west"], w: ["以西", "west"], nw: ["西北", "north-west"],
  },
} as const satisfies Readonly<Record<string, Table>>;

export const TABLES = {
  state: { ...STATES, ...OTHER_STATES }, issueState: STATES, severity: SEVERITIES, domain: DOMAINS, fields: FIELDS, verbs: VERBS,
  why: WHY, department: DEPARTMENTS, kind: KINDS, ...MORE,
};
