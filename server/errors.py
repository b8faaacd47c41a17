"""The tree of refusals: each code with its status, its remedy and words in Chinese and English.

A refusal travels as an RFC 9457 body. `remedy` is what a client does alone: `retry` (same request
later), `repair` (the person changes something), `ask` (a person in the office decides), `drop`
(give up, nothing is lost), `update` (a newer client is needed).
"""

import random
from dataclasses import dataclass
from typing import Any

from flask import Response, g, has_request_context, request
from orjson import OPT_NON_STR_KEYS, dumps

from . import metrics
from .door_codes import DOORS

REMEDIES = ("retry", "repair", "ask", "drop", "update")
# Spread, so that those who were refused together do not come back together (protocol.md §3).
RETRY_AFTER_S = (1, 5)


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of refusal; `why`-codes of outcomes carry status 200, they are no HTTP errors."""

    status: int
    remedy: str
    zh: str
    en: str


CODES: dict[str, Code] = {
    "malformed": Code(400, "repair", "请求格式有误，请按提示修改", "The request cannot be read."),
    "sign-in-required": Code(401, "retry", "请先登录", "Sign in first."),
    "token-expired": Code(401, "retry", "登录已过期，请重新登录", "The sign-in has expired; sign in again."),
    "wrong-password": Code(401, "repair", "用户名或密码不正确", "User name or password is wrong."),
    "not-permitted": Code(
        403, "ask", "没有此项权限，请联系管理员", "There is no right to do this; ask the office."
    ),
    "not-found": Code(404, "drop", "没有找到", "There is no such thing, or it is not yours to see."),
    "unknown-dossier": Code(404, "ask", "没有此案卷", "No such dossier, or it is not yours to see."),
    "ambiguous": Code(409, "repair", "多个案卷中有此编号，请指明案卷", "Several dossiers hold it; name one."),
    "no-provision": Code(
        409,
        "ask",
        "当日没有适用的规定，请系统管理员补录",
        "No such provision holds on that day; have the administrator enter it.",
    ),
    "no-calendar": Code(
        409,
        "ask",
        "该年度工作日历尚未录入，请系统管理员录入",
        "That year's working days are not entered; have the administrator enter them.",
    ),
    "forbidden-address": Code(
        422, "repair", "该地址不允许作为接收地址", "This address may not be called; give another."
    ),
    "too-many-channels": Code(
        409, "repair", "通知渠道过多，请先停用一个", "Too many channels; end one first."
    ),
    "too-many-webhooks": Code(
        409, "repair", "数据推送过多，请先取消一个", "Too many webhooks; end one first."
    ),
    "too-many-views": Code(
        409, "repair", "保存的视图过多，请先删除一个", "Too many saved views; delete one."
    ),
    "too-many-exports": Code(
        429,
        "retry",
        "正在生成的导出过多，请等其中一个完成",
        "Too many files are in the making; wait for one.",
    ),
    "export-too-large": Code(
        413,
        "repair",
        "PDF 清单行数过多，请缩小筛选范围，或改用 Excel、CSV",
        "Too many rows for a PDF; narrow the filters, or ask for Excel or CSV.",
    ),
    "export-not-ready": Code(
        409, "retry", "文件尚未生成，请稍后再下载", "The file is not ready; see how far it is."
    ),
    "export-expired": Code(
        410, "repair", "文件已过期，请重新导出", "The file has expired; ask for it again."
    ),
    "no-checklist": Code(
        409, "repair", "此次检查未选用检查单", "This inspection has no checklist; choose one."
    ),
    "no-finding": Code(
        409, "repair", "该检查项未发现问题，不能转为隐患", "Nothing was found at this item; say so first."
    ),
    "template-faulty": Code(
        422, "repair", "检查单有误，请按提示修改", "The checklist is wrong; see the faults."
    ),
    "edition-taken": Code(
        409,
        "repair",
        "该版本已存在且内容不同，请使用新的版本号",
        "That edition says something else; number a new one.",
    ),
    "not-sealed": Code(
        409, "retry", "尚未签署检查点，请一分钟后再试", "No checkpoint covers it yet; ask again in a minute."
    ),
    "no-such-tree": Code(
        409, "repair", "没有这样的检查点", "No checkpoint of this epoch covers so many entries."
    ),
    "tree-broken": Code(
        500,
        "ask",
        "留痕索引自相矛盾，请立即告知系统管理员",
        "The journal's tree contradicts itself; tell the office at once.",
    ),
    "method-not-allowed": Code(405, "update", "不支持此操作", "This address does not offer that method."),
    "evidence-missing": Code(
        404,
        "ask",
        "已入库的原件找不到，请立即告知系统管理员",
        "Stored bytes are gone; tell the office at once.",
    ),
    "too-large": Code(413, "repair", "内容超出限制，请分批提交", "Above a limit; send it in smaller parts."),
    "unsupported-media-type": Code(415, "update", "内容类型不受支持", "Send application/json."),
    "range-not-satisfiable": Code(416, "repair", "请求的范围无效", "The range lies outside the file."),
    "upgrade-required": Code(426, "update", "请升级客户端，未提交内容不会丢失", "Update the client first."),
    "version-required": Code(428, "repair", "缺少版本号", "Send If-Match with the version you saw."),
    "too-many-requests": Code(
        429, "retry", "请求过于频繁，请稍后重试", "Too many requests; come again in a moment."
    ),
    "read-only": Code(
        503,
        "retry",
        "系统维护中，暂不接收修改；内容保存在本机，恢复后自动提交",
        "The house is in read-only mode; nothing is lost, what you have goes in once it is over.",
    ),
    "busy": Code(503, "retry", "系统繁忙，请稍后重试", "Too many are waiting; try again later."),
    "database-unavailable": Code(
        503, "retry", "数据库暂不可用，内容已保存在本机，稍后自动重试", "The database cannot be reached."
    ),
    "disk-full": Code(507, "retry", "服务器存储空间不足，请联系管理员", "The server's disk is full."),
    "internal": Code(
        500, "retry", "服务器出错，内容未受影响，请稍后重试", "Our fault; nothing was written, try again."
    ),
    # uploads and pictures: media/errors.py raises them, a house test holds the two equal
    "upload-unknown": Code(404, "drop", "没有此上传，请重新创建", "There is no such upload."),
    "upload-expired": Code(410, "retry", "上传已过期，请重新上传", "The upload has expired."),
    "bytes-erased": Code(410, "drop", "该文件已依法删除，请在本机删除", "These bytes were erased by law."),
    "offset-mismatch": Code(409, "retry", "续传位置不符，请从服务器给出的位置继续", "Another offset is due."),
    "wrong-content-type": Code(415, "update", "内容类型不受支持", "Another content type is due."),
    "tus-version": Code(412, "update", "上传协议版本不受支持", "tus 1.0.0 is spoken here."),
    "upload-too-large": Code(413, "repair", "文件过大", "The file is too large."),
    "excess-bytes": Code(413, "repair", "文件长度与声明不符", "More bytes than were declared."),
    "checksum-mismatch": Code(460, "retry", "分片校验失败，请重传此分片", "The piece was damaged."),
    "digest-mismatch": Code(422, "retry", "文件内容与校验值不符，请重新上传", "Not the declared bytes."),
    "size-mismatch": Code(422, "repair", "文件大小与声明不符", "Not the declared size."),
    "not-an-image": Code(415, "repair", "不是可识别的照片", "No picture that is known here."),
    "not-an-attachment": Code(
        415, "repair", "不是可识别的视频、录音或 PDF", "No video, no recording and no PDF."
    ),
    "empty-file": Code(422, "repair", "文件为空，请重新拍照", "The file is empty."),
    "staging-full": Code(507, "retry", "服务器暂无空间，已收到的部分不会丢失", "No room just now."),
    "too-many-uploads": Code(429, "retry", "未完成的上传过多", "Too many uploads are open."),
    "bad-upload": Code(400, "repair", "上传信息有误", "The upload's description cannot be read."),
    "bad-metadata": Code(400, "repair", "上传信息有误", "The upload's metadata cannot be read."),
    "bad-key": Code(400, "repair", "案卷或校验值有误", "The dossier or the digest is not one."),
    "blob-unknown": Code(404, "drop", "没有此文件", "Nothing is stored there."),
    "bytes-differ": Code(409, "ask", "同名文件内容不同，未作改动", "Other bytes are stored there."),
    "lock-ignored": Code(
        503,
        "ask",
        "归档存储未按保留期锁定对象，请检查存储桶",
        "The archive's store holds nothing under retention.",
    ),
    "store-unavailable": Code(503, "retry", "存储暂不可用，稍后自动重试", "The store cannot be reached."),
    "darkroom-unavailable": Code(503, "retry", "暂时无法生成缩略图", "Pictures cannot be decoded now."),
    "no-picture": Code(
        404, "drop", "原件已保存，但无法显示缩略图", "The original is kept; no picture can be made of it."
    ),
    # papers and their numbers; of what came from a phone, they stand in the paper's `faults`
    "not-issued": Code(409, "repair", "文书尚未下达", "The paper has not been issued yet."),
    "notice-incomplete": Code(
        409, "repair", "文书内容不完整，请补充", "Something that the paper must say is missing."
    ),
    "citation-not-in-force": Code(
        409, "repair", "所引依据当日未施行或未录入，请改正", "A citation names nothing in force on that day."
    ),
    "notice-too-large": Code(
        413, "repair", "文书内容过多，请分作两份", "The paper is too long; make two of it."
    ),
    "approval-stale": Code(
        409,
        "ask",
        "批准后内容有改动，请重新批准",
        "It was changed after its approval; have it approved again.",
    ),
    "number-outside-block": Code(
        409, "ask", "文号不在您的号段内", "The number is not of the officer's block."
    ),
    "number-used": Code(409, "ask", "文号已被使用", "Another paper bears this number."),
    "number-void": Code(409, "ask", "文号已作废", "This number is void."),
    "service-premature": Code(
        409,
        "repair",
        "送达时间有误，请核对",
        "It is said to be served before it was issued, or in the future.",
    ),
    "service-incomplete": Code(
        409, "repair", "送达信息不完整，请补充", "What this mode of service must prove is missing."
    ),
    # why-codes of outcomes
    "bad-signature": Code(
        200, "ask", "设备签名不符，内容已转交审核", "The device's signature is wrong; a reviewer decides."
    ),
    "signature-missing": Code(
        200, "ask", "缺少设备签名，内容已转交审核", "The device's signature is missing; a reviewer decides."
    ),
    "key-taken": Code(
        200, "repair", "该密钥属于他人，请重新生成", "This key is another person's; make a new one."
    ),
    "key-unproven": Code(
        200, "repair", "未能证明持有该密钥", "The device did not prove that it holds this key."
    ),
    "access-revoked": Code(200, "ask", "权限已收回，内容已转交审核", "Access was lost; a reviewer decides."),
    "re-assigned": Code(
        200, "ask", "任务已转交他人，内容已转交审核", "Given to another; a reviewer decides."
    ),
    "access-expired": Code(200, "ask", "岗位已到期，内容已转交审核", "The post ran out; a reviewer decides."),
    "deactivated": Code(200, "ask", "账号已停用，内容已转交审核", "The person has left; a reviewer decides."),
    "project-closed": Code(
        200, "ask", "项目已结束，内容已转交审核", "The project is over; a reviewer decides."
    ),
    "unknown-record": Code(200, "ask", "记录不存在或无权查看", "No such record, or not yours to see."),
    "unknown-subject": Code(
        200, "ask", "所指记录不存在或无权查看", "What it is about does not exist, or is not yours to see."
    ),
    "unknown-audience": Code(200, "ask", "可见范围无效", "No such audience for this kind."),
    "kind-mismatch": Code(200, "ask", "记录类型不符", "The record is of another kind."),
    "server-field": Code(200, "ask", "该字段由系统填写", "Only the server writes this field."),
    "id-collision": Code(200, "ask", "编号已被使用", "This id belongs to another record."),
    "id-not-derived": Code(
        200,
        "repair",
        "记录编号须由所述对象推算，请用提示的编号重新提交",
        "This record's id is derived from what it is about; send it anew under the id that is named.",
    ),
    "edit-vs-delete": Code(200, "ask", "记录已被删除", "The record was deleted meanwhile."),
    "delete-vs-edit": Code(200, "ask", "他人已修改，未删除", "Somebody edited it; it was not deleted."),
    "moved-meanwhile": Code(200, "ask", "他人已变更可见范围", "Somebody else moved it meanwhile."),
    "undecided-fields": Code(200, "repair", "请对每个字段作出选择", "Decide on each field in question."),
    "no-such-candidate": Code(200, "repair", "没有此候选值", "There is no such value to pick."),
    "cap-reached": Code(200, "ask", "记录内容过大", "The record has grown above its limit."),
    "illegal-transition": Code(200, "ask", "当前状态不允许此操作", "The present state does not allow this."),
    "same-person": Code(200, "ask", "同一人不得办理此步骤", "Another person must take this step."),
    "own-work": Code(
        200,
        "ask",
        "本人的迟到工作由他人审核，可审核人员见说明",
        "Another reviewer takes one's own late work; the faults name who may.",
    ),
    "leader-needed": Code(200, "ask", "须由所领导办理", "A leader must take this step."),
    "deadline-fixed": Code(
        200,
        "ask",
        "整改期限由文书确定，请申请延期或停表",
        "The paper sets the deadline; ask for an extension or a pause.",
    ),
    "not-responsible": Code(
        200,
        "ask",
        "交出人不是现任责任人，请重新提出交接",
        "Whoever hands over does not answer for it now; propose it anew.",
    ),
    "handover-signed": Code(
        200, "ask", "已签字，请撤回后重新提出", "It was signed; withdraw it and propose it anew."
    ),
    "handovers-waiting": Code(
        200, "ask", "待签字的交接过多，请先撤回", "Too many handovers wait here; withdraw one first."
    ),
    "not-an-officer": Code(
        200, "ask", "接收人不在岗，请另选", "Choose somebody who holds a post of the office."
    ),
    "template-unpublished": Code(
        200, "repair", "检查单尚未发布，请选用已发布的版本", "Choose an edition that has been published."
    ),
    "step-incomplete": Code(
        200, "repair", "缺少办理此步骤所需内容", "Something that this step needs is missing."
    ),
    "too-few-officers": Code(
        200, "ask", "执法检查须两名以上执法人员", "An inspection by law takes two officers or more."
    ),
    "officer-unlicensed": Code(
        200, "ask", "执法证在检查当日有效的人员不足", "Too few officers held a valid licence on that day."
    ),
    "officer-recused": Code(200, "ask", "检查人员应当回避", "An officer may not inspect this firm or site."),
    "code-invalid": Code(
        200, "ask", "代码有误，请核对校验码", "The code's check digit is wrong; look it up again."
    ),
    "telephone-invalid": Code(
        200,
        "ask",
        "电话号码有误，请填写手机号、带区号的座机或以+和国家码开头的号码，如 13800000001、010-64000001",
        "Write the number as 13800000001, 010-64000001-801 or +85290000001.",
    ),
    "role-unknown": Code(200, "ask", "没有这个岗位，请从岗位表中选择", "Choose a post that the house names."),
    "dates-reversed": Code(200, "ask", "截止日期早于起始日期，请修改", "It ends before it begins."),
    "plan-without-end": Code(
        200, "repair", "专项计划须有截止日期", "A campaign needs the day on which it ends."
    ),
    "approval-missing": Code(200, "ask", "尚未批准，不能下达", "It wants a supervisor's approval first."),
    "approver-is-issuer": Code(200, "ask", "批准人不得下达", "Who approved it may not issue it."),
    "issuer-voids": Code(200, "ask", "下达人不得作废", "Who issued it may not void it."),
    "number-missing": Code(200, "ask", "尚无文号", "It has no formal number yet."),
    "answer-missing": Code(200, "ask", "当事人尚未回复", "It has not been answered yet."),
    "reason-missing": Code(200, "repair", "请先填写原因", "Give the reason first."),
    "not-your-block": Code(200, "ask", "不是您领用的号段", "It is another officer's block."),
    "legal-hold": Code(
        200, "ask", "正在法律保全，解除前不得删除", "It is held as evidence; nothing of it may be erased."
    ),
    "unknown-kind": Code(200, "repair", "未知记录类型", "No such kind of record."),
    "invalid-fields": Code(200, "repair", "字段有误，请修改", "Some fields are wrong; see the faults."),
    "malformed-change": Code(200, "repair", "提交内容无法识别", "The change cannot be read."),
    "not-canonical": Code(200, "repair", "含有不允许的数值", "A value has no canonical form."),
    "change-too-large": Code(200, "repair", "单条内容过大", "The change is above 64 KiB."),
    "change-id-reused": Code(200, "repair", "提交编号重复", "This change id was used for another change."),
    "missing-base": Code(200, "retry", "等待前一条提交", "An earlier change has not arrived yet."),
    "out-of-time": Code(
        200, "retry", "本次提交较多，其余请再次提交", "There was no time left; it is judged next time."
    ),
    "schema-ahead": Code(200, "update", "服务器版本较旧，稍后重试", "The server does not know this yet."),
    "erased": Code(200, "drop", "相关内容已依法删除", "Its contents were erased by law."),
    "epoch-changed": Code(200, "retry", "服务器已恢复备份，请先同步", "The server was restored; pull first."),
}
CODES |= {code: Code(*said) for code, said in DOORS.items()}


class Refusal(Exception):
    """What people cannot have, with a code of CODES; rolls the transaction back."""

    def __init__(self, code: str, detail: str | None = None, **details: Any) -> None:
        super().__init__(detail or CODES[code].en)
        self.code = code
        self.detail = detail
        self.details = details
        self.headers: dict[str, str] = {}


def problem(
    code: str,
    *,
    status: int,
    remedy: str,
    title: str,
    detail: str,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An RFC 9457 body with our members `code`, `remedy`, `details` and the request's id."""
    if has_request_context():
        g.refused = code
    metrics.REFUSALS.labels(code).inc()
    body = {
        "type": f"urn:xunjian:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy,
        "details": details or {},
        "request_id": g.get("request_id") if has_request_context() else None,
    }
    answer = Response(
        dumps(body, option=OPT_NON_STR_KEYS), status=status, mimetype="application/problem+json"
    )
    answer.headers["Cache-Control"] = "no-store"
    if status in (429, 503):
        answer.headers["Retry-After"] = str(random.randint(*RETRY_AFTER_S))
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="xunjian"'
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


def words(code: Code) -> str:
    """The code's words in the language the client prefers, Chinese first."""
    best = request.accept_languages.best_match(["zh", "en"], default="zh")
    return code.en if best == "en" else code.zh


def answer_refusal(refusal: Refusal) -> Response:
    """The answer to a refusal, its title in the language the client prefers (Chinese first)."""
    code = CODES[refusal.code]
    title = words(code)
    return problem(
        refusal.code,
        status=code.status,
        remedy=code.remedy,
        title=title,
        detail=refusal.detail or title,
        details=refusal.details,
        headers=refusal.headers,
    )
