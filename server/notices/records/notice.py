"""文书: one formal paper to one firm or authority, from its draft to its closing (domain.md §7.3).

What the paper said when it was issued stands in `paper`, which the server writes once: later edits
of the draft's fields, of the issues or of the law change nothing of it.
"""

from server.numbers.records.block import AUTHORITY, KINDS
from sync.lifecycle import Lifecycle, transition
from sync.record import (
    INSTANT_SCHEMA,
    UUID_SCHEMA,
    Body,
    Field,
    choice,
    flag,
    instant,
    integer,
    kind,
    prose,
    reference,
    tags,
    text,
)

# An inspector issues these by right; the others want a supervisor's approval first (domain.md §7.2, §7.3).
BY_RIGHT = ("rectification",)
# These demand something of the addressee: they are closed upon an answer and not before.
ANSWERED = ("rectification", "stop_work", "listing")
MODES = {
    "direct": "直接送达",
    "left": "留置送达",
    "post": "邮寄送达",
    "electronic": "电子送达",
    "public": "公告送达",
}
LEADERS = "supervisor director"
# What each mode must prove (行政处罚法 art. 61, 民事诉讼法 arts. 87-95).
PROOF = {
    "direct": ("to", "signature"),
    "left": ("witness",),
    "post": ("tracking",),
    "electronic": ("to", "confirmation"),
    "public": ("published",),
}
SCOPES = {"whole": "全部停工", "part": "局部停工", "process": "工序停工", "machine": "设备停用"}

LIFECYCLE = Lifecycle(
    initial="draft",
    states={
        "draft": "草稿",
        "approved": "已批准",
        "issued": "已下达",
        "served": "已送达",
        "answered": "已回复",
        "closed": "已办结",
        "voided": "已作废",
    },
    transitions={
        "approve": transition("draft -> approved", by=LEADERS, stamps="approved_by"),
        "return": transition("approved -> draft", by=LEADERS),
        "issue": transition("draft | approved -> issued", by="inspector supervisor", stamps="issued_by"),
        # The server's own: what could not be given a number goes back, with `faults` that say why.
        "hold": transition("issued -> draft", by=""),
        "serve": transition("issued -> served", by="inspector supervisor", stamps="served_by"),
        "answer": transition("served -> answered", by="contractor inspector", stamps="answered_by"),
        "reject": transition("answered -> served", by="inspector supervisor"),
        "close": transition("served | answered -> closed", by=LEADERS, stamps="closed_by"),
        "void": transition(
            "draft | approved | issued | served | answered -> voided",
            by=LEADERS,
            stamps="voided_by",
        ),
    },
)


def objection(verb: str, body: Body, actor: str) -> str | None:
    """Separation of duties, and what must stand in the record before the step."""
    if verb == "issue":
        if body["state"] == "draft" and body["notice_kind"] not in BY_RIGHT:
            return "approval-missing"
        if body["state"] == "approved" and body.get("approved_by") == actor:
            return "approver-is-issuer"
    if verb == "serve":
        return unserved(body)
    if verb == "close" and body["state"] == "served" and body["notice_kind"] in ANSWERED:
        return "answer-missing"
    if verb == "void":
        if not body.get("void_reason"):
            return "reason-missing"
        if body.get("issued_by") == actor:
            return "issuer-voids"
    return None


def unserved(body: Body) -> str | None:
    """What speaks against entering the paper's service, or None."""
    if "number" not in body:
        return "number-missing"
    said = body.get("service")
    if said is None or any(not said.get(name) for name in ("at", *PROOF[said["mode"]])):
        return "service-incomplete"
    return None


_SHORT = {"type": "string", "minLength": 1, "maxLength": 120}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SERVICE = {
    "type": "object",
    "properties": {
        "mode": {"enum": list(MODES)},
        "at": INSTANT_SCHEMA,
        "to": _SHORT,
        "post": _SHORT,
        "signature": _DIGEST,  # the photograph of the signed receipt
        "witness": _SHORT,
        "tracking": _SHORT,
        "confirmation": _DIGEST,  # the party's signed consent to electronic service
        "published": _SHORT,
        "note": {"type": "string", "maxLength": 1_000},
    },
    "required": ["mode", "at"],
    "additionalProperties": False,
}
_CERTIFICATES = {
    "type": "object",
    "propertyNames": UUID_SCHEMA,
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 40},
    "maxProperties": 20,
}
NOTICE = kind(
    "notice",
    zh="文书",
    # People draft in `field`; the server moves what is issued to its addressee's `party:<firm>`.
    audiences=("field",),
    lifecycle=LIFECYCLE,
    objection=objection,
    signed="drafted_by",
    fields={
        "notice_kind": choice(*KINDS, required=True, fixed=True, zh="文书种类"),
        "drafted_at": instant(required=True, fixed=True, zh="起草时间"),
        "issues": Field(schema=UUID_SCHEMA, policy="set", zh="所涉问题"),
        "addressee": text(18, zh="受送达单位统一社会信用代码"),
        "addressee_name": text(120, zh="受送达单位"),
        "officers": Field(schema=UUID_SCHEMA, policy="set", zh="执法人员"),
        "certificates": Field(schema=_CERTIFICATES, zh="执法证号"),
        "inspected_at": instant(zh="检查时间"),
        # Who wrote, in whose name and under whose seal, and who may punish (domain.md §1.3).
        "author_org": Field(schema=AUTHORITY, required=True, zh="承办单位"),
        "authority": Field(schema=AUTHORITY, required=True, zh="出具机关"),
        "enforcement_authority": Field(schema=AUTHORITY, zh="处罚机关"),
        "legal_basis": tags(200, zh="法律依据"),
        "demand": prose(2_000, zh="要求"),
        "decision": flag(zh="可复议诉讼"),
        "scope": choice(*SCOPES, zh="停工范围"),
        "scope_note": text(400, zh="停工部位"),
        "starts_at": instant(zh="停工起始时间"),
        "resume_condition": prose(2_000, zh="复工条件"),
        "refers_to": reference(zh="所涉文书"),
        "meets_at": instant(zh="约谈时间"),
        "place": text(200, zh="约谈地点"),
        "attachments": tags(200, zh="附件"),
        "temporary_no": Field(
            schema={"type": "string", "pattern": "^临-[A-Za-z0-9]{1,12}-[1-9][0-9]{0,5}$"}, zh="现场编号"
        ),
        # A number of the officer's own block, written on the paper before the server knew of it.
        "block": reference(group="claim", zh="号段"),
        "block_no": integer(1, 999_999, group="claim", zh="号段内编号"),
        "service": Field(schema=_SERVICE, zh="送达"),
        "void_reason": text(400, zh="作废原因"),
        # The step of the ladder that asked for this paper, where one did.
        "escalation": reference(policy="server", zh="所据升级步骤"),
        "number": text(60, policy="server", zh="文号"),
        "number_year": integer(1949, 2199, policy="server", zh="文号年度"),
        "number_seq": integer(1, 999_999, policy="server", zh="文号顺序"),
        "issued_at": instant(policy="server", zh="下达时间"),
        "paper": Field(schema={"type": "object"}, policy="server", zh="下达时的内容"),
        "token": text(40, policy="server", zh="核验码"),
        "pdf_sha256": text(64, policy="server", zh="文书摘要"),
        "faults": Field(schema={"type": "array"}, policy="server", zh="未能下达的原因"),
        "served_at": instant(policy="server", zh="送达时间"),
        "served_on": text(10, policy="server", zh="视为送达日"),
        # Of which service the clock was computed: a correction of mode or moment computes it anew.
        "clocked": Field(schema={"type": "object"}, policy="server", zh="计算期限所依据的送达"),
        "reply_due_on": text(10, policy="server", zh="回复期限"),
        "terms": Field(schema={"type": "array"}, policy="server", zh="期限所依据的规定"),
        **{
            name: reference(policy="server", zh=zh)
            for name, zh in {
                "approved_by": "批准人",
                "issued_by": "下达人",
                "served_by": "送达人",
                "answered_by": "回复人",
                "closed_by": "办结人",
                "voided_by": "作废人",
            }.items()
        },
    },
)
# What a supervisor approves: written again after that, it wants another approval.
CONTENT = frozenset(n for n, f in NOTICE.fields.items() if f.policy not in ("server", "state")) - {
    *("temporary_no", "block", "block_no", "service", "void_reason")
}
