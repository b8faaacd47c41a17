"""隐患/问题: a fault found on a site, from finding to closing (闭环, domain.md §7)."""

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

LIFECYCLE = Lifecycle(
    initial="submitted",
    states={
        "submitted": "已提交",
        "confirmed": "已确认",
        "issued": "已下达",
        "rectifying": "整改中",
        "replied": "已回复",
        "passed": "复查合格",
        "closed": "已销号",
        "dismissed": "不成立",
    },
    transitions={
        "confirm": transition("submitted -> confirmed", by="inspector supervisor"),
        "dismiss": transition("submitted | confirmed -> dismissed", by="supervisor"),
        "issue": transition("confirmed -> issued", by="inspector supervisor"),
        "receive": transition("issued -> rectifying", by="contractor inspector supervisor"),
        "reply": transition("rectifying -> replied", by="contractor inspector", stamps=("rectified_by",)),
        "pass": transition("replied -> passed", by="inspector supervisor"),
        "fail": transition("replied -> rectifying", by="inspector supervisor"),
        "close": transition("passed -> closed", by="supervisor"),
    },
)
# The deadline's clock runs until a re-inspection stops it; a reply does not (domain.md §7.2).
CLOCK_RUNS = ("submitted", "confirmed", "issued", "rectifying", "replied")


def objection(verb: str, body: Body, actor: str) -> str | None:
    """Separation of duties: who put it right may not confirm it (domain.md §1.4)."""
    if verb in ("pass", "fail") and body.get("rectified_by") == actor:
        return "same-person"
    return None


ISSUE = kind(
    "issue",
    zh="隐患",
    audiences=("field", "office", "confidential", "party"),
    lifecycle=LIFECYCLE,
    objection=objection,
    signed="found_by",
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
        "contractor": text(18, zh="责任单位"),
        "tags": tags(zh="标签"),
        "notes": log(zh="备注"),
        **position(),
        "rectified_by": reference(policy="server", zh="整改人"),
    },
)
