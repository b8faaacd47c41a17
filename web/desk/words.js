// Every word of the page, Chinese first. What people wrote on site stays as they wrote it.

const WORDS = {
  product: ["巡检", "Xunjian"],
  desk: ["监督工作台", "Supervisors' desk"],
  otherLanguage: ["English", "中文"],
  promise: ["建设工程质量安全监督 · 问题闭环与留痕", "Construction supervision: every issue closed, every step on record"],
  signIn: ["登录", "Sign in"],
  signOut: ["退出", "Sign out"],
  username: ["用户名", "User name"],
  password: ["密码", "Password"],
  queue: ["问题队列", "Issue queue"],
  detail: ["问题详情", "Issue"],
  filters: ["筛选", "Filters"],
  search: ["搜索标题、部位、描述、编码", "Search title, part, description, code"],
  project: ["项目", "Project"],
  allProjects: ["全部项目", "All projects"],
  severity: ["隐患等级", "Severity"],
  allSeverities: ["全部等级", "Any severity"],
  state: ["状态", "State"],
  allStates: ["全部", "All"],
  onlyOverdue: ["只看逾期", "Overdue only"],
  sort: ["排序", "Sort"],
  "-found_at": ["最新发现", "Newest first"],
  found_at: ["最早发现", "Oldest first"],
  due_on: ["整改期限", "Deadline"],
  "-severity": ["等级从重", "Gravest first"],
  loading: ["正在载入…", "Loading…"],
  more: ["加载更多", "Load more"],
  shownAll: ["共 {n} 条", "{n} in all"],
  shownSome: ["已显示 {n} 条，还有更多", "{n} shown, there are more"],
  none: ["没有符合条件的问题", "No issue matches"],
  noneHint: ["可放宽筛选条件后再看。", "Widen the filters to see more."],
  clear: ["清除筛选", "Clear filters"],
  choose: ["从左侧选择一条问题", "Choose an issue on the left"],
  chooseHint: ["j / k 或 ↑ ↓ 移动 · Enter 打开 · Esc 返回 · / 搜索", "j / k or ↑ ↓ move · Enter opens · Esc returns · / searches"],
  back: ["返回队列", "Back to the queue"],
  due: ["期限", "Due"],
  noDue: ["未定期限", "No deadline"],
  overdue: ["逾期 {n} 天", "{n} d overdue"],
  nobody: ["未指定责任人", "Nobody assigned"],
  evidence: ["证据", "Evidence"],
  noEvidence: ["无照片", "No photo"],
  photos: ["照片对比", "Photographs"],
  before: ["整改前", "Before"],
  after: ["整改后", "After"],
  noBefore: ["没有整改前照片", "No photograph from before"],
  noAfter: ["尚无整改后照片", "No photograph from after yet"],
  awaited: ["照片尚未上传，仍保存在手机上，联网后自动续传", "Not here yet: kept on the phone, it follows when there is a line"],
  noPicture: ["照片暂时无法显示，原件未受影响", "It cannot be shown just now; the original is untouched"],
  enlarge: ["查看原图", "Show the original"],
  original: ["原图", "Original photograph"],
  close: ["关闭", "Close"],
  facts: ["基本情况", "Facts"],
  comments: ["处理意见", "Comments"],
  noComments: ["暂无意见", "No comments yet"],
  history: ["操作记录", "History"],
  older: ["更早的记录", "Older entries"],
  "did-create": ["上报问题", "Reported the issue"],
  "did-update": ["修改", "Amended"],
  "did-delete": ["删除", "Deleted"],
  "did-undelete": ["恢复", "Restored"],
  "did-resolve": ["处理冲突", "Resolved a conflict"],
  allFields: ["上报内容（{n} 项）", "As reported ({n} fields)"],
  device: ["设备", "device"],
  receivedAt: ["服务器收到", "received"],
  entry: ["留痕", "entry"],
  notApplied: ["未采用", "Not applied"],
  lost: ["{field}：保留 {kept}，未采用 {mine}", "{field}: kept {kept}, not {mine}"],
  erased: ["内容已依法清除", "Contents erased by law"],
  system: ["系统", "System"],
  decideHint: ["操作将写入操作记录，不可撤改。", "This is written into the history for good."],
  note: ["说明（可不填，写入备注）", "Remark (optional, kept in the notes)"],
  reason: ["理由（必填，写入备注）", "Reason (required, kept in the notes)"],
  cancel: ["取消", "Cancel"],
  working: ["正在提交…", "Sending…"],
  noActions: ["当前状态下没有您可以办理的事项。", "There is nothing for you to do in this state."],
  applied: ["已办理：{what}", "Done: {what}"],
  merged: ["已办理：{what}，并与他人的修改合并", "Done: {what}, merged with what others changed"],
  noop: ["无需办理，记录已是该状态", "Nothing to do: the record already says so"],
  conflict: ["未办理：{what}。双方内容均已保留，转入冲突待处理", "Not done: {what}. Both sides are kept as a conflict to be decided"],
  parked: ["未办理：{what}。内容已保留，等待审核", "Not done: {what}. It is kept for a reviewer"],
  replay: ["（此前已送达，未重复执行）", "(it had arrived before and was not done twice)"],
  nowState: ["当前状态：{state}", "State now: {state}"],
  unreachable: ["连接不上服务器", "The server cannot be reached"],
  again: ["重试", "Try again"],
  sameChange: ["重试使用同一提交编号，不会重复办理。", "Trying again sends the same change id: it cannot be done twice."],
  "next-network": ["请检查网络后重试。", "Check the line and try again."],
  "next-sign-in": ["请登录后继续。", "Sign in to go on."],
  "next-retry": ["请稍后重试。", "Try again in a moment."],
  "next-repair": ["请按提示修改后再提交。", "Correct it as described, then send it again."],
  "next-ask": ["请联系审核人员或管理员处理。", "Ask the office: somebody has to decide."],
  "next-drop": ["内容可能已移走，请返回队列刷新。", "It may have moved: go back and reload the queue."],
  "next-update": ["请刷新页面以使用最新版本。", "Reload the page to get the newest version."],
  requestId: ["请求编号", "request"],
};

export const STATES = {
  submitted: ["已提交", "Submitted"],
  confirmed: ["已确认", "Confirmed"],
  issued: ["已下达", "Issued"],
  rectifying: ["整改中", "Rectifying"],
  replied: ["已回复", "Replied"],
  passed: ["复查合格", "Passed"],
  closed: ["已销号", "Closed"],
  dismissed: ["不成立", "Dismissed"],
};
export const SEVERITIES = { major: ["重大", "Major"], serious: ["较大", "Serious"], general: ["一般", "General"] };
const DOMAINS = {
  safety: ["安全", "Safety"], quality: ["质量", "Quality"], civilised: ["文明施工", "Civilised site"],
  dust: ["扬尘", "Dust"], noise: ["噪声", "Noise"], fire: ["消防", "Fire"], electricity: ["用电", "Electricity"],
  lifting: ["起重机械", "Lifting"], pit: ["基坑", "Pit"], formwork: ["模板", "Formwork"],
  scaffold: ["脚手架", "Scaffold"], height: ["高处", "Work at height"], edge: ["临边洞口", "Edges and openings"],
  confined: ["有限空间", "Confined space"], hot_work: ["动火", "Hot work"], wages: ["实名制与工资", "Wages"],
  papers: ["资料", "Papers"], road: ["占道掘路", "Road works"], nuisance: ["扰民", "Nuisance"],
  green: ["绿色低碳", "Green"], pipelines: ["市政管线保护", "Pipelines"],
};
const FIELDS = {
  title: ["标题", "Title"], description: ["问题描述", "Description"], domain: ["类别", "Domain"],
  code: ["隐患编码", "Code"], severity: ["隐患等级", "Severity"], part: ["部位", "Part"],
  legal_basis: ["依据", "Legal basis"], demand: ["整改要求", "Demand"], found_at: ["发现时间", "Found"],
  due_on: ["整改期限", "Due"], assignee: ["责任人", "Assignee"], inspection: ["所属检查", "Inspection"],
  contractor: ["责任单位", "Contractor"], tags: ["标签", "Tags"], notes: ["备注", "Notes"], state: ["状态", "State"],
  lat_e7: ["纬度", "Latitude"], lon_e7: ["经度", "Longitude"], accuracy_m: ["定位精度（米）", "Accuracy (m)"],
  datum: ["坐标系", "Datum"], found_by: ["提交人", "Found by"], rectified_by: ["整改人", "Rectified by"],
};
const VERBS = {
  confirm: ["确认", "Confirm"], issue: ["下达", "Issue order"], receive: ["签收", "Receive"], reply: ["整改回复", "Reply"],
  pass: ["复查合格", "Pass"], fail: ["复查不合格", "Fail"], close: ["销号", "Close issue"], dismiss: ["不成立", "Dismiss"],
};
// The words of server/errors.py: an outcome carries only the code.
const WHY = {
  "illegal-transition": ["当前状态不允许此操作", "The present state does not allow this."],
  "same-person": ["整改人不得复查", "Who put it right may not confirm it."],
  "approval-missing": ["尚未批准，不能下达", "It wants a supervisor's approval first."],
  "approver-is-issuer": ["批准人不得下达", "Who approved it may not issue it."],
  "issuer-voids": ["下达人不得作废", "Who issued it may not void it."],
  "number-missing": ["尚无文号", "It has no formal number yet."],
  "service-incomplete": ["送达信息不完整，请补充", "What this mode of service must prove is missing."],
  "answer-missing": ["当事人尚未回复", "It has not been answered yet."],
  "reason-missing": ["请先填写原因", "Give the reason first."],
  "not-your-block": ["不是您领用的号段", "It is another officer's block."],
  "not-permitted": ["您没有此项权限，请联系管理员", "You may not do this; ask the office."],
  "access-revoked": ["权限已收回，内容已转交审核", "Access was lost; a reviewer decides."],
  "re-assigned": ["任务已转交他人，内容已转交审核", "Given to another; a reviewer decides."],
  "access-expired": ["岗位已到期，内容已转交审核", "The post ran out; a reviewer decides."],
  deactivated: ["账号已停用，内容已转交审核", "The person has left; a reviewer decides."],
  "project-closed": ["项目已结束，内容已转交审核", "The project is over; a reviewer decides."],
  "edit-vs-delete": ["记录已被删除", "The record was deleted meanwhile."],
  "delete-vs-edit": ["他人已修改，未删除", "Somebody edited it; it was not deleted."],
  "unknown-record": ["记录不存在或无权查看", "No such record, or not yours to see."],
  "moved-meanwhile": ["他人已变更可见范围", "Somebody else moved it meanwhile."],
  "undecided-fields": ["请对每个字段作出选择", "Decide on each field in question."],
  "no-such-candidate": ["没有此候选值", "There is no such value to pick."],
  "cap-reached": ["记录内容过大", "The record has grown above its limit."],
  "unknown-audience": ["可见范围无效", "No such audience for this kind."],
  "kind-mismatch": ["记录类型不符", "The record is of another kind."],
  "server-field": ["该字段由系统填写", "Only the server writes this field."],
  "id-collision": ["编号已被使用", "This id belongs to another record."],
};
const TABLES = { words: WORDS, state: STATES, severity: SEVERITIES, domain: DOMAINS, fields: FIELDS, verbs: VERBS, why: WHY };

let column = localStorage.getItem("xunjian.language") === "en" ? 1 : 0;

export const language = () => ["zh-CN", "en"][column];

export function changeLanguage() {
  column = 1 - column;
  localStorage.setItem("xunjian.language", language());
}

/** The word for `key` with `{names}` filled in. */
export function say(key, values = {}) {
  return word("words", key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A word of one of the code tables; a code that is new here is shown as it is. */
export const word = (table, code) => TABLES[table][code]?.[column] ?? code;
