"""检查记录: one visit to a site: who came when, what was inspected, what it came to (domain.md §3.2)."""

from sync.lifecycle import Lifecycle, transition
from sync.record import (
    UUID_SCHEMA,
    Field,
    choice,
    instant,
    integer,
    kind,
    log,
    position,
    prose,
    reference,
    tags,
    text,
)

TYPES = {
    "routine": "日常检查",
    "campaign": "专项检查",
    "double_random": "双随机抽查",
    "joint": "联合检查",
    "case": "个案检查",
    "reinspection": "复查",
    "start_check": "开工条件核查",
    "acceptance": "验收监督",
    "off_site": "非现场检查",
}
CONCLUSIONS = {"none": "未发现问题", "rectify": "责令改正", "stop_work": "停工", "refer": "移送"}
# Why a firm is inspected once more in a year than the published cap allows (国办发〔2024〕54号).
ABOVE_CAP = {
    "complaint": "投诉举报",
    "accident": "事故",
    "referral": "转办交办",
    "major_hazard": "重大隐患线索",
    "other": "其他（见检查情况）",
}

# 两名以上执法人员: server/inspections/queries/officers.py holds it against the officers' licences.
LIFECYCLE = Lifecycle(
    initial="draft",
    states={"draft": "草稿", "finished": "已完成", "reviewed": "已审核", "published": "已公示"},
    transitions={
        "finish": transition("draft -> finished", by="inspector supervisor", stamps="finished_by"),
        "return": transition("finished -> draft", by="supervisor"),
        "review": transition("finished -> reviewed", by="supervisor", stamps="reviewed_by"),
        "publish": transition("reviewed -> published", by="supervisor"),
    },
)

INSPECTION = kind(
    "inspection",
    zh="检查记录",
    audiences=("field", "office"),
    lifecycle=LIFECYCLE,
    fields={
        "inspection_type": choice(*TYPES, required=True, zh="检查类型"),
        "officers": Field(schema=UUID_SCHEMA, policy="set", zh="检查人员"),
        "arrived_at": instant(required=True, zh="到场时间"),
        "left_at": instant(zh="离场时间"),
        "plan": reference(zh="检查计划"),
        "draw": reference(zh="双随机抽取"),
        "assignment": reference(zh="检查任务"),
        "firm": text(18, zh="被检查单位"),
        # The very edition: its record's id, and the number as people say it.
        "checklist": reference(group="checklist", zh="检查单"),
        "checklist_edition": integer(1, 9_999, group="checklist", zh="检查单版本"),
        # 扫码入企: what the firm's licence code said, and when.
        "scanned_firm": text(18, group="scan", zh="扫码单位"),
        "scanned_at": instant(group="scan", zh="扫码时间"),
        "scanned": text(400, group="scan", zh="扫码内容"),
        "above_cap": choice(*ABOVE_CAP, zh="超频次理由"),
        "part": text(200, zh="检查部位"),
        "parts": tags(200, zh="各部位"),
        "weather": text(40, policy="last", zh="天气"),
        "companions": text(400, policy="last", personal=True, zh="陪同人员"),
        "legal_basis": tags(200, zh="检查依据"),
        "conclusion": choice(*CONCLUSIONS, graver=True, zh="检查结论"),
        "not_published": text(200, zh="不予公示理由"),
        "note": prose(4_000, zh="检查情况"),
        "remarks": log(zh="备注"),
        **position(),
        "finished_by": reference(policy="server", zh="完成人"),
        "reviewed_by": reference(policy="server", zh="审核人"),
    },
)
