"""隐患/问题: a fault found on a site, from finding to closing (闭环, domain.md §7)."""

from server.issues.rules import issue_id
from sync.lifecycle import Lifecycle, transition
from sync.record import Body, choice, day, instant, kind, log, position, prose, reference, tags, text

DOMAINS = {
    "safety": "安全",
    "quality": "质量",
    "civilised": "文明施工",
    "dust": "扬尘",
    "noise": "噪声",
    "fire": "消防",
    "electricity": "用电",
    "lifting": "起重机械",
    "pit": "基坑",
    "formwork": "模板",
    "scaffold": "脚手架",
    "height": "高处",
    "edge": "临边洞口",
    "confined": "有限空间",
    "hot_work": "动火",
    "wages": "实名制与工资",
    "papers": "资料",
    "road": "占道掘路",
    "nuisance": "扰民",
    "green": "绿色低碳",
    "pipelines": "市政管线保护",
}
# From mild to grave; 较大 is internal (domain.md §7.1).
SEVERITIES = {"general": "一般", "serious": "较大", "major": "重大"}

OFFICE, LEADERS = "inspector supervisor director", "supervisor director"
OPEN = "issued | received | rectifying | failed"

LIFECYCLE = Lifecycle(
    initial="submitted",
    states={
        "submitted": "已提交",
        "confirmed": "已确认",
        "issued": "已下达",
        "received": "已签收",
        "rectifying": "整改中",
        "replied": "待复查",
        "on_spot": "当场整改",
        "failed": "复查不合格",
        "passed": "复查合格",
        "closed": "已销号",
        "dismissed": "不成立",
        "merged": "已合并",
        "referred": "已移送",
        "accepted": "对方受理",
        "settled": "移送办结",
        "withdrawn": "已撤销",
    },
    transitions={
        "confirm": transition("submitted -> confirmed", by=OFFICE),
        "dismiss": transition("submitted | confirmed -> dismissed", by=LEADERS, stamps="decided_by"),
        "merge": transition("submitted | confirmed -> merged", by=OFFICE, needs="duplicate_of"),
        "issue": transition("confirmed -> issued", by=OFFICE, stamps="issued_by", times="issued_at"),
        "receive": transition("issued -> received", by=f"contractor {OFFICE}", times="received_at"),
        "begin": transition("received -> rectifying", by="contractor"),
        "reply": transition(
            "received | rectifying | failed -> replied",
            by="contractor inspector",
            stamps="rectified_by",
            times="replied_at",
        ),
        # 监理会签: whoever supervises or pays for the work stands by the firm's answer (domain.md §7.2).
        "countersign": transition(
            "replied -> replied",
            by="supervision client",
            stamps="countersigned_by",
            times="countersigned_at",
        ),
        # 当场整改: put right by the firm while the officers stand there (domain.md §7.2).
        "on_spot": transition("confirmed -> on_spot", by=OFFICE, times="replied_at"),
        "pass": transition("replied | on_spot -> passed", by=OFFICE, stamps="passed_by", times="passed_at"),
        "fail": transition("replied | on_spot -> failed", by=OFFICE, stamps="failed_by", times="failed_at"),
        "close": transition("passed -> closed", by=LEADERS, stamps="closed_by", times="closed_at"),
        # 重大隐患: only a leader, after the review (安全生产法 art. 65).
        "close_major": transition("passed -> closed", by="director", stamps="closed_by", times="closed_at"),
        "refer": transition(f"confirmed | {OPEN} -> referred", by=LEADERS, needs="referred_to"),
        "accept": transition("referred -> accepted", by=LEADERS),
        "return": transition("referred -> confirmed", by=LEADERS),
        "settle": transition("accepted -> settled", by=LEADERS, needs="receipt", times="closed_at"),
        "withdraw": transition(f"{OPEN} -> withdrawn", by=LEADERS, stamps="decided_by"),
        # The house's own: its paper was voided before the firm answered, so it is to be issued anew.
        "recall": transition("issued | received | rectifying -> confirmed", by=""),
    },
)
# The deadline's clock runs until a re-inspection stops it; a reply does not (domain.md §7.2).
CLOCK_RUNS = (
    *("submitted", "confirmed", "issued", "received", "rectifying"),
    *("replied", "on_spot", "failed"),
)
# Of these the firm knows by a notice: they climb the ladder when the deadline nears.
ISSUED = ("issued", "received", "rectifying", "replied", "failed")
# 整改期限: which provision sets the term (`term.<code>`, domain.md §7.4).
TERMS = {
    "on-the-spot": "当场",
    "general": "一般",
    "material": "需备料",
    "systemic": "系统性",
    "major": "重大",
}
DEPARTMENTS = {
    "commission": "区住建委",
    "urban": "城管执法局",
    "ecology": "生态环境局",
    "emergency": "应急管理局",
    "fire": "消防救援",
    "transport": "交通委",
    "planning": "规自分局",
    "water": "水务",
    "street": "街道办事处",
}


def objection(verb: str, body: Body, actor: str) -> str | None:
    """Separation of duties (domain.md §1.4), and who closes what is grave (§7.2)."""
    if verb in ("pass", "fail", "countersign") and body.get("rectified_by") == actor:
        return "same-person"  # who put it right does not re-inspect it
    if verb in ("pass", "fail") and body.get("countersigned_by") == actor:
        return "same-person"  # nor who answered for it
    if verb == "withdraw" and body.get("issued_by") == actor:
        return "same-person"  # who issued it does not withdraw it
    if verb == "dismiss" and body.get("found_by") == actor:
        return "same-person"
    if verb == "close" and body.get("severity") == "major":
        return "leader-needed"
    return None


ISSUE = kind(
    "issue",
    zh="隐患",
    audiences=("field", "office", "confidential", "party"),
    lifecycle=LIFECYCLE,
    objection=objection,
    signed="found_by",
    # Of what failed on a checklist, two phones make one issue.
    meets=True,
    named_by=lambda body: issue_id(body["answer"]) if body.get("answer") else None,
    fields={
        "title": text(200, least=1, required=True, zh="标题"),
        "description": prose(4_000, zh="问题描述"),
        "domain": choice(*DOMAINS, required=True, zh="类别"),
        "code": text(40, zh="隐患编码"),
        "severity": choice(*SEVERITIES, graver=True, required=True, zh="隐患等级"),
        "part": text(200, zh="部位"),
        "legal_basis": text(400, zh="依据"),
        "demand": prose(2_000, zh="整改要求"),
        "found_at": instant(required=True, zh="发现时间"),
        "due_on": day(zh="整改期限"),
        "assignee": reference(zh="责任人"),
        "inspection": reference(zh="所属检查"),
        "answer": reference(fixed=True, zh="所据检查项"),
        "contractor": text(18, zh="责任单位"),
        "tags": tags(zh="标签"),
        "notes": log(zh="备注"),
        **position(),
        "term": choice(*TERMS, zh="整改期限类别"),
        "duplicate_of": reference(zh="重复于"),
        "referred_to": choice(*DEPARTMENTS, zh="移送部门"),
        "receipt": text(400, zh="移送回执"),
        "issued_by": reference(policy="server", zh="下达人"),
        "rectified_by": reference(policy="server", zh="整改人"),
        "countersigned_by": reference(policy="server", zh="会签人"),
        "passed_by": reference(policy="server", zh="复查人"),
        "failed_by": reference(policy="server", zh="复查不合格判定人"),
        "closed_by": reference(policy="server", zh="销号人"),
        "decided_by": reference(policy="server", zh="决定人"),
        "issued_at": instant(policy="server", zh="下达时间"),
        "received_at": instant(policy="server", zh="签收时间"),
        "replied_at": instant(policy="server", zh="回复时间"),
        "countersigned_at": instant(policy="server", zh="会签时间"),
        "passed_at": instant(policy="server", zh="复查合格时间"),
        "failed_at": instant(policy="server", zh="复查不合格时间"),
        "closed_at": instant(policy="server", zh="销号时间"),
        "due_basis": text(400, policy="server", zh="期限依据"),
        "paused_on": day(policy="server", zh="停表日期"),
        # The paper under which it lies, and the day from which that counts as served.
        "notice": reference(policy="server", zh="所依文书"),
        "served_on": day(policy="server", zh="送达日"),
    },
)
