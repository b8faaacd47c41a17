/** Every word of the phone, Chinese first. What people wrote on site stays as they wrote it. */

import { signal } from "@preact/signals";

import { DOMAINS, FIELDS, STATES, VERBS, type Table } from "../terms.ts";
import { KIND_WORDS, MORE, OTHER_FIELDS, VISIT_STATES, VISIT_VERBS } from "./terms.ts";

export type Pair = readonly [string, string];

const WORDS = {
  product: ["巡检", "Xunjian"],
  signIn: ["登录", "Sign in"],
  password: ["密码", "Password"],
  unlock: ["解锁", "Unlock"],
  unlockHint: ["输入本机解锁码", "Enter this phone's code"],
  wrongPin: ["解锁码不对，还可再试 {n} 次", "Wrong code; {n} tries left"],
  pinSpent: [
    "解锁码多次输入错误，请用密码登录。本机工作仍在。",
    "Too many wrong codes: sign in with your password. Your work is still here.",
  ],
  awayTooLong: [
    "离线超过 {n} 小时，请联网并用密码登录。本机的工作仍在。",
    "Out of touch for more than {n} hours: sign in with your password, with a line. Your work is still here.",
  ],
  wiped: ["本机数据已清除，联网后上报。", "This phone has wiped itself, and says so when there is a line."],
  leaving: [
    "管理部门要求清除本机，正在提交未提交的内容。",
    "This phone is to be wiped; what is unsent goes out first.",
  ],
  see: ["查看", "See"],
  pin: ["解锁码", "Code"],
  save: ["保存", "Save"],
  otherPerson: ["其他人登录", "Somebody else"],
  onThisPhone: ["本机用户", "On this phone"],
  keptHere: ["有 {n} 项未提交的工作保存在本机", "{n} unsent items are kept on this phone"],
  today: ["今日", "Today"],
  projects: ["项目", "Projects"],
  issues: ["问题", "Issues"],
  waiting: ["待处理", "To settle"],
  outbox: ["待提交", "Outbox"],
  notSent: ["未提交", "Unsent"],
  lateIssues: ["逾期未销号", "Overdue"],
  camera: ["拍照取证", "Photo issue"],
  back: ["返回", "Back"],
  allHome: ["已全部提交", "All sent"],
  unsentCount: ["待提交 {n}", "{n} unsent"],
  offline: ["离线", "Offline"],
  syncing: ["同步中", "Syncing"],
  expired: ["登录已过期", "Sign-in expired"],
  expiredHint: [
    "登录已过期，工作保存在本机。请登录后继续提交。",
    "The sign-in has expired. Your work is kept here; sign in to send it.",
  ],
  revoked: [
    "本机已被停用，请联系管理员。未提交的内容可以导出。",
    "This phone was revoked; ask the office. What is unsent can be exported.",
  ],
  assignments: ["检查任务", "Visits to make"],
  reinspections: ["待复查", "To re-inspect"],
  myDrafts: ["未完成的检查", "Inspections not finished"],
  drafts: ["草稿", "Drafts"],
  draftKept: ["草稿已保存在本机", "The draft is kept on this phone"],
  draftDone: ["草稿已保存为问题，或已删除", "This draft was saved as an issue, or deleted"],
  continue: ["继续", "Continue"],
  discard: ["删除草稿", "Delete draft"],
  discardAsk: ["删除这份草稿和其中的照片？", "Delete this draft and its photographs?"],
  nothingToday: ["今天没有安排", "Nothing planned for today"],
  nothingTodayHint: ["发现问题时，点下方相机即可取证上报。", "When you find something, tap the camera below."],
  due: ["期限 {on}", "Due {on}"],
  overdue: ["逾期 {n} 天", "{n} d overdue"],
  noDue: ["未定期限", "No deadline"],
  firstLoad: ["正在下载您的项目，完成前也可以使用", "Loading your projects; you can already work"],
  noProjects: ["还没有项目", "No projects yet"],
  noProjectsHint: ["联网同步后，分配给您的项目会出现在这里。", "Those assigned to you appear here after a sync."],
  finishPlanned: ["计划 {on} 竣工", "To be finished {on}"],
  finishPast: ["已过 {n} 天", "{n} days over"],
  openIssues: ["未销号 {n}", "{n} open"],
  progress: ["进度", "Progress"],
  contacts: ["参建单位", "Parties"],
  startInspection: ["新建检查", "New inspection"],
  seeIssues: ["查看问题", "See issues"],
  inspections: ["检查记录", "Inspections"],
  all: ["全部", "All"],
  open: ["未销号", "Open"],
  mine: ["我的", "Mine"],
  noIssues: ["没有符合条件的问题", "No issue matches"],
  search: ["搜索标题、部位", "Search title, part"],
  allProjects: ["全部项目", "All projects"],
  shown: ["共 {n} 条", "{n} in all"],
  evidence: ["证据 {stored}/{total}", "Evidence {stored}/{total}"],
  evidenceKept: [
    "{n} 张照片尚未入库，保存在拍摄的手机上，联网后自动续传",
    "{n} photographs are not stored yet: kept on the phone that took them, they follow when there is a line",
  ],
  noEvidence: ["无照片", "No photo"],
  newIssue: ["上报问题", "New issue"],
  addPhoto: ["拍照", "Photo"],
  fromAlbum: ["相册", "Album"],
  removePhoto: ["移除照片", "Remove photo"],
  positioning: ["正在定位…", "Locating…"],
  located: ["已定位，精度 {n} 米", "Located, ±{n} m"],
  noPosition: ["未能定位，可先保存", "No position; you can save all the same"],
  titleHint: ["不填则用类别作标题", "Left empty, the domain becomes the title"],
  titleFrom: ["{domain}隐患", "{domain} hazard"],
  moreFields: ["更多", "More"],
  project: ["项目", "Project"],
  projectNeeded: ["请选择项目", "Choose a project"],
  saved: ["已保存，联网后自动提交", "Saved; it is sent when there is a line"],
  edit: ["修改", "Edit"],
  shutter: ["快门", "Shutter"],
  recording: ["录音", "Recording"],
  recordings: ["录音", "Recordings"],
  record: ["录音", "Record"],
  removeRecording: ["移除录音", "Remove recording"],
  listen: ["播放", "Listen"],
  notHereNow: ["不在本机，联网后可播放", "Not on this phone; it plays with a line"],
  stopAndSave: ["停止并保存", "Stop and save"],
  microphoneRefused: [
    "无法使用麦克风，请在浏览器设置中允许。",
    "The microphone cannot be used: allow it in the browser's settings.",
  ],
  signatures: ["签名", "Signatures"],
  sign: ["签名", "Sign"],
  party: ["身份", "Present as"],
  personName: ["姓名", "Name"],
  post: ["职务", "Post"],
  mode: ["签名情况", "Signature"],
  signHere: ["请在此签名", "Sign here"],
  signAgain: ["重签", "Sign again"],
  nameNeeded: ["请填写姓名", "Give the name"],
  strokesNeeded: ["请在框内签名", "Sign in the frame"],
  witnessNeeded: ["请写明情况和见证人", "Say what happened, and who witnessed it"],
  witnessNote: ["情况和见证人", "What happened, and the witness"],
  scan: ["扫码", "Scan"],
  scanHint: [
    "对准现场公示牌上的二维码，即可打开该项目",
    "Point it at the code on the site's board to open the project",
  ],
  notASite: ["不是项目二维码：{code}", "This code is no project's: {code}"],
  noCode: ["照片中没有找到二维码", "No code was found in the picture"],
  codeFromPicture: ["拍照识别", "Read it from a photograph"],
  siteCode: ["现场二维码", "Site's code"],
  siteCodeHint: [
    "打印后贴在公示牌上，扫码即可打开本项目",
    "Print it for the site's board: scanning it opens this project",
  ],
  plan: ["位置分布", "Where they lie"],
  north: ["北", "N"],
  planHint: ["上方为北，无底图", "North is up; no map beneath"],
  place: ["位置", "Place"],
  choosePlace: ["点选问题所在位置", "Touch where it lies"],
  setPlace: ["确定位置", "Set place"],
  onThePlan: ["在图上标注", "On the plan"],
  placedByHand: ["位置已在图上标注", "Placed on the plan"],
  nowhere: ["项目和手机的位置都未知，暂时无法标注", "Neither the project's nor the phone's place is known yet"],
  withoutPlace: ["另有 {n} 条没有位置", "{n} more have no place"],
  zoomIn: ["放大", "Zoom in"],
  zoomOut: ["缩小", "Zoom out"],
  cancel: ["取消", "Cancel"],
  before: ["整改前", "Before"],
  after: ["整改后", "After"],
  facts: ["基本情况", "Facts"],
  notes: ["备注", "Notes"],
  addNote: ["添加备注", "Add a note"],
  actions: ["办理", "Actions"],
  noteOptional: ["说明（可不填）", "Remark (optional)"],
  notEntered: ["尚未提交，仅在本机", "Not sent yet: only on this phone"],
  gone: ["记录已不在本机可见范围内", "This record is no longer visible on this phone"],
  history: ["留痕", "History"],
  inspection: ["检查", "Inspection"],
  checklist: ["检查单", "Checklist"],
  answered: ["已查 {n}/{of}", "{n}/{of} checked"],
  score: ["得分", "Score"],
  scoreHint: ["本机计算，以服务器为准", "Computed here; the server's counts"],
  marks: ["{n} 分", "{n} marks"],
  deduct: ["扣分", "Deduct"],
  formNa: ["本表缺项", "Not on this site"],
  addInstance: ["增加检查对象", "Add an object"],
  instanceName: ["对象名称，如 1号塔吊", "Its name, e.g. tower crane 1"],
  itemNote: ["情况说明", "What was found"],
  measurement: ["实测值", "Measured"],
  guarantee: ["保证项目", "Guarantee items"],
  general: ["一般项目", "General items"],
  finish: ["完成检查", "Finish"],
  finishHint: ["完成后由科室审核", "The office reviews it then"],
  conclusionNeeded: ["请选择检查结论", "Choose a conclusion"],
  conflicts: ["冲突待处理", "Conflicts to settle"],
  parkedWork: ["待审核的工作", "Work that waits for a reviewer"],
  toRepair: ["需要修改", "To put right"],
  current: ["当前值", "Current"],
  theirs: ["{who} 的内容", "{who}'s"],
  yours: ["您的内容", "Yours"],
  overwritten: ["此前的内容", "Earlier"],
  somebody: ["他人", "Somebody else"],
  empty: ["（空）", "(empty)"],
  reason: ["理由（必填）", "Reason (required)"],
  decide: ["选定", "Decide"],
  returned: ["已退回：{why}", "Returned: {why}"],
  did: ["{op}{kind}", "{op} {kind}"],
  create: ["新建", "New"],
  update: ["修改", "Edited"],
  delete: ["删除", "Deleted"],
  resolve: ["处理", "Decided"],
  entered: ["已提交", "Entered"],
  awaiting: ["等待上传", "Waits to upload"],
  uploadFailed: ["未能上传，点击重试", "Not uploaded; tap to try again"],
  exportWork: ["导出未提交的工作", "Export unsent work"],
  doubted: [
    "{n} 个案卷的服务器记录不可信，已停止提交。点此查看。",
    "The server is not believed in {n} dossiers: nothing is sent. Tap to see.",
  ],
  online: ["已连接", "Connected"],
  language: ["语言", "Language"],
  otherLanguage: ["English", "中文"],
  lock: ["锁定", "Lock"],
  update_ready: ["新版本已备好", "A new version is ready"],
  updateNow: ["更新", "Update"],
  updateHint: ["未提交的工作不受影响", "Unsent work is not touched"],
  later: ["稍后", "Later"],
  trouble: ["出错了", "Something went wrong"],
  storageFailed: ["未能保存到本机，请勿关闭页面", "It could not be saved on this phone: do not close the page"],
  again: ["重试", "Try again"],
  close: ["关闭", "Close"],
  yes: ["确定", "Yes"],
  photo: ["照片", "Photograph"],
  photos: ["照片", "Photographs"],
  and: ["、", ", "],
} as const satisfies Table;

export type Word = keyof typeof WORDS;

const TABLES = {
  domain: DOMAINS,
  fields: { ...FIELDS, ...OTHER_FIELDS },
  kind: KIND_WORDS,
  state: { ...STATES, ...VISIT_STATES },
  verb: { ...VERBS, ...VISIT_VERBS },
  ...MORE,
};

export type TableName = keyof typeof TABLES;

export type Language = "zh-CN" | "en";
export const KEY = "xunjian.language";
export const language = signal<Language>(localStorage.getItem(KEY) === "en" ? "en" : "zh-CN");

export function changeLanguage(): void {
  language.value = language.value === "en" ? "zh-CN" : "en";
  localStorage.setItem(KEY, language.value);
}

const column = (): 0 | 1 => (language.value === "en" ? 1 : 0);

/** The word for `key` with `{names}` filled in. */
export const say = (key: Word, values: Record<string, string | number> = {}): string => said(WORDS[key], values);

/** A pair of words, for rooms that bring their own. */
export function said(pair: Pair, values: Record<string, string | number> = {}): string {
  return pair[column()].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A word of one of the code tables; a code that is new here is shown as it is. */
export function word(table: TableName, code: string): string {
  const known: Table = TABLES[table];
  return known[code]?.[column()] ?? code;
}

/** The codes of a table, in the order in which people are offered them. */
export const codes = (table: TableName): string[] => Object.keys(TABLES[table]);
