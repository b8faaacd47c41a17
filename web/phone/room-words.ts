/** Words of rooms that nobody sees first: they come with those rooms, and the first page is so much smaller. */

import { type Pair, said, say as first, type Word } from "./words.ts";

const WORDS = {
  signInOnce: [
    "首次登录需要网络，之后无信号也能解锁和工作。",
    "The first sign-in needs a line; after it the phone unlocks and works without one.",
  ],
  username: ["用户名", "User name"],
  notThisPin: ["不是本机的解锁码，可重新设置", "Not this phone's code; you may choose a new one"],
  setPin: ["设置本机解锁码", "Choose a code for this phone"],
  newPin: ["忘了？重新设置解锁码", "Forgotten? Choose a new one"],
  setPinHint: [
    "6 至 12 位数字。无信号时用它打开；忘记了可用密码重新登录，未提交的工作不会丢失。",
    "6 to 12 digits. It opens the app without signal; if you forget it, sign in with your password: nothing unsent is lost.",
  ],
  pinAgain: ["再输一次", "Once more"],
  pinShort: ["请输入 6 至 12 位数字", "Enter 6 to 12 digits"],
  pinDiffers: ["两次输入不一致", "The two codes differ"],
  unreachable: ["连接不上服务器", "The server cannot be reached"],
  offlineWorks: [
    "离线可用：内容先保存在本机，联网后自动提交",
    "Works offline: kept on this phone, sent when there is a line",
  ],
  tooOld: [
    "需要更新后才能提交，内容保存在本机。",
    "The app must be updated before it can send; everything is kept here.",
  ],
  syncNow: ["立即同步", "Sync now"],
  lastSync: ["上次同步 {at}", "Last synced {at}"],
  never: ["尚未同步", "Not synced yet"],
  waitsForLine: ["等待提交", "Waits for a line"],
  uploading: ["正在上传 {n}%", "Uploading {n}%"],
  arrived: ["已送达，等待入库", "Arrived, being stored"],
  exportHint: [
    "手机无法联网时，把文件交给管理员，内容不会丢失。",
    "If this phone cannot get a line, give the file to your administrator: nothing is lost.",
  ],
  doubtHint: ["未提交的内容保存在本机，请导出并联系管理员", "What is unsent stays here: export it and call the office"],
  evidenceHeld: ["存证见证", "What this phone can witness"],
  evidenceHint: [
    "本机保存 {n} 个案卷的检查点和提交回执，可交审计核对。",
    "It holds checkpoints of {n} dossiers and receipts of its work, for an auditor to check.",
  ],
  evidenceNone: ["尚无已签署的检查点", "No checkpoint was signed yet"],
  exportEvidence: ["导出见证", "Export"],
  storage: ["本机存储", "Storage"],
  storageKept: ["浏览器承诺保留", "The browser keeps it"],
  storageLoose: ["浏览器可能清理。请安装到主屏幕", "The browser may clear it: install to the home screen"],
  storageFree: ["可用 {n}", "{n} free"],
  storageLittle: ["空间不足，请先联网提交照片", "Little room left: get a line and send the photographs"],
  connection: ["连接", "Connection"],
  clockOff: ["手机时间与服务器相差 {n} 秒", "This phone's clock is {n} s off the server's"],
  clockRight: ["手机时间准确", "The clock is right"],
  settings: ["设置", "Settings"],
  signOut: ["退出登录", "Sign out"],
  signOutAsk: [
    "有 {n} 项未提交的工作。退出后仍保存在本机，您下次登录时继续提交。",
    "{n} items are unsent. They stay on this phone after you sign out, and go out when you sign in again.",
  ],
  signOutPlain: [
    "退出后，数据仍保存在本机，需登录才能查看。",
    "The data stays on this phone; a sign-in opens it again.",
  ],
  exportFirst: ["先导出", "Export first"],
  recordingsN: ["{n} 段录音", "{n} × recording"],
  photosN: ["{n} 张照片", "{n} × photograph"],
  itemsN: ["{n} 条{kind}", "{n} × {kind}"],
  markup: ["标注", "Mark up"],
  markupHint: [
    "按住并拖动即可标注，原始照片保持不变",
    "Press and drag to draw; the original photograph stays as it is",
  ],
  markupFull: ["一处标注的笔迹快满了，请先保存", "One mark holds hardly any more: save it first"],
  markupCaption: ["标注说明（可不填）", "What it points at (optional)"],
  toolPen: ["手绘", "Pen"],
  toolArrow: ["箭头", "Arrow"],
  toolBox: ["方框", "Box"],
  undo: ["撤销一笔", "Undo"],
  removeMark: ["删除标注", "Delete mark"],
  removeMarkAsk: ["删除这处标注？照片不受影响。", "Delete this mark? The photograph is not touched."],
  nothingSaid: ["（无说明）", "(no caption)"],
  saveOriginal: ["下载原图", "Save original"],
  showsSmaller: [
    "现在显示的是缩放图（长边最多 1600 像素），原图未改动。",
    "This is a smaller version (1600 pixels at most); the original is untouched.",
  ],
  showsPreview: [
    "现在显示的是小图，联网后可看大图。原图未改动。",
    "This is a small preview; a larger one comes with a line. The original is untouched.",
  ],
  notShownHere: [
    "本机浏览器不能显示这张照片（{type}），联网并上传后可看转换后的图。原图未改动，可下载。",
    "This browser cannot show it ({type}); with a line, once it is uploaded, a converted one is shown. The original is untouched: you can save it.",
  ],
  notShownAnywhere: [
    "这张照片（{type}）无法转换显示。原图未改动，可下载后用其他软件查看。",
    "This photograph ({type}) cannot be converted for showing. The original is untouched: save it and open it elsewhere.",
  ],
  systemCamera: ["系统相机", "Phone's camera"],
  cameraRefused: [
    "无法使用取景器。请用系统相机拍照，或在浏览器设置中允许使用相机。",
    "The viewfinder cannot be used. Take the photograph with the phone's camera, or allow the camera in the browser's settings.",
  ],
  enrol: ["登记本机", "Enrol this phone"],
  enrolHint: [
    "在工作台“人员与设备”中生成登记码，用本机扫描。登记后本机自动续期登录。",
    "Have a code made at the desk under People and devices, and scan it here. Enrolled, the phone keeps itself signed in.",
  ],
  enrolAsk: [
    "用收到的登记码登记本机？登记码只应来自本单位的工作台。",
    "Enrol this phone with the code that was opened? A code comes from your own office's desk and from nowhere else.",
  ],
  enrolWhose: [
    "登记后本机归登记码所属人员使用，其他人不能再在本机登录或提交；共用设备的登记码除外。",
    "Afterwards the phone belongs to the person whose code it is, and nobody else can sign in or send from it, unless the code is for a shared device.",
  ],
  leftBy: ["{who}（{n} 项）", "{who} ({n})"],
  othersWork: [
    "本机还有未提交的内容：{who}。登记后将无法提交，请其先解锁本机，提交后再登记；本人不在的，可导出保存后从本机移除。",
    "Unsent work is still here: {who}. Nobody could send it afterwards: let them unlock this phone and send it first. Of who is not here, export it, and then remove it from this phone.",
  ],
  carryHint: [
    "导出的文件交给本人：登录任一手机或电脑，在“待提交”中导入即可提交，不会重复。",
    "Give the file to its author: signed in at any phone or computer, they bring it in under Outbox. Nothing is sent twice.",
  ],
  othersGone: [
    "已移除，文件请交给本人。现在可以登记本机。",
    "It is removed; give the file to its author. This phone can be enrolled now.",
  ],
  exportOf: ["导出{who}的工作", "Export the work of {who}"],
  exportAgain: ["重新导出", "Export again"],
  fileHanded: [
    "已导出 {what}。请选择刚保存的文件 {name} 核对，核对无误后才能从本机移除。",
    "Exported: {what}. Choose the file that was just saved, {name}: it is checked, and only then may it be removed from here.",
  ],
  checkFile: ["核对已保存的文件", "Check the saved file"],
  otherFile: [
    "不是刚导出的文件，或没有存完整。应为 {name}。",
    "This is not the file, or not all of it. It is called {name}.",
  ],
  fileSaved: [
    "已核对：{name} 完整，含 {what}。请交给{who}。",
    "Checked: {name} is whole and holds {what}. Give it to {who}.",
  ],
  letGo: ["从本机移除{who}的工作", "Remove the work of {who}"],
  letGoYes: ["移除", "Remove"],
  letGoAsk: [
    "{who}的 {what} 将从本机移除，此后只在文件 {name} 中。",
    "{what} by {who} will be removed from this phone: from then on it is in the file {name} alone.",
  ],
  moreSince: [
    "导出后{who}又有新内容，没有移除。请重新导出。",
    "{who} has done more since the export: nothing was removed. Export again.",
  ],
  changesN: ["{n} 项修改", "{n} × change"],
  draftsN: ["{n} 份草稿", "{n} × draft"],
  bringIn: ["导入本人的工作", "Bring in your own work"],
  bringInHint: [
    "从另一台手机导出的文件，由本人在这里导入，联网后自动提交。",
    "A file that was exported on another phone: its author brings it in here, and it is sent when there is a line.",
  ],
  bringInFile: ["选择导出的文件", "Choose the exported file"],
  broughtIn: ["已导入 {what}，联网后自动提交", "Brought in: {what}. It is sent when there is a line."],
  allHere: ["文件中的内容这里都已有", "All of it is here already"],
  notAnExport: ["不是巡检导出的文件", "This is no file that Xunjian exported"],
  exportDamaged: [
    "文件不完整或已损坏，没有导入。请重新拷贝原文件。",
    "The file is damaged or cut off; nothing was brought in. Copy it again.",
  ],
  exportOfAnother: [
    "这是{who}的工作，请其本人登录后导入",
    "This is the work of {who}, who must sign in and bring it in",
  ],
  typeCode: ["或粘贴登记码、登记链接", "Or paste the code or its link"],
  noEnrolCode: ["这不是登记码", "This is no code for enrolment"],
  enrolling: ["正在登记…", "Enrolling…"],
  sharedDone: [
    "本机已登记为共用设备。每人用自己的密码登录，各自设置解锁码。",
    "This is a shared device now. Everybody signs in with their own password and chooses a code of their own.",
  ],
  keyLost: [
    "本机的设备密钥已不在，请扫描新的登记码。未提交的工作仍在。",
    "This phone's key is gone: scan a new code. Unsent work is still here.",
  ],
  factor: ["动态验证码", "Authenticator's code"],
  leavingTitle: ["本机待清除", "This phone is to be wiped"],
  leavingHint: [
    "管理部门要求清除本机。未提交的内容先自动提交，全部提交后清除本机数据并上报。草稿等不能自动提交的，请先导出。",
    "The office has ordered it. What is unsent goes out first; when all is home, this phone wipes itself and says so. Export what cannot go by itself, such as drafts.",
  ],
  revokedTitle: ["本机已停用", "This phone was revoked"],
  revokedHint: [
    "服务器不再接收本机的内容，已下载的资料已从本机清除。未提交的内容仍在本机，请导出后交给管理员。",
    "Nothing more is taken from it, and what it had downloaded is gone from here. What is unsent is still here: export it and give it to the office.",
  ],
  leftHere: ["{n} 项只在本机", "Only here: {n}"],
  leftNone: ["已全部提交", "All sent"],
  leftOthers: ["请其解锁后提交或导出", "They unlock it to send or export this"],
  wipeNow: ["立即清除本机", "Wipe this phone now"],
  wipeAsk: [
    "本机还有 {n} 项未提交的内容，清除后无法恢复。请先导出。清除后本机需重新登记。",
    "What is unsent here ({n}) will be lost: export it first. Afterwards this phone has to be enrolled anew.",
  ],
  edition: ["第 {n} 版", "edition {n}"],
  nothingWaits: ["没有需要处理的内容", "Nothing to settle"],
  nothingWaitsHint: [
    "双方内容不一致、或提交未被采用时，会列在这里。",
    "What was not applied, or stands against somebody else's, is listed here.",
  ],
  conflictHint: [
    "两个人改了同一项。双方内容都已保留，请核实后选定。",
    "Two people changed the same thing. Both are kept; check, then choose.",
  ],
  third: ["另填", "Another value"],
  decideAll: ["请对每一项作出选择并填写理由", "Choose for each item and give a reason"],
  decided: ["已选定，联网后自动提交", "Decided; it is sent when there is a line"],
  safer: ["处理前按较重的执行", "Until then the graver one holds"],
  onlyReviewers: ["由监督员或科长处理", "An inspector or supervisor decides"],
  parkedHint: [
    "内容完整保留，由科长审核后采用或退回，无需重新填写。",
    "It is kept whole; a supervisor takes it in or returns it. Nothing has to be written again.",
  ],
  whichChecklist: ["选择检查单", "Which checklist?"],
  usedLast: ["上次使用", "used last time"],
  wipePlain: ["清除后本机需重新登记才能使用。", "Afterwards this phone has to be enrolled anew."],
} as const satisfies Record<string, Pair>;

export type RoomWord = Word | keyof typeof WORDS;

/** As words.ts has it, with these words too. */
export const say = (key: RoomWord, values: Record<string, string | number> = {}): string =>
  key in WORDS ? said(WORDS[key as keyof typeof WORDS], values) : first(key as Word, values);
