"""检查记录: one visit to a site: who came when, what was inspected, what it came to (domain.md §3.2)."""

from sync.record import UUID_SCHEMA, Field, choice, instant, kind, log, position, prose, tags, text

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

INSPECTION = kind(
    "inspection",
    zh="检查记录",
    audiences=("field", "office"),
    fields={
        "inspection_type": choice(*TYPES, required=True, zh="检查类型"),
        "officers": Field(schema=UUID_SCHEMA, policy="set", zh="检查人员"),
        "arrived_at": instant(required=True, zh="到场时间"),
        "left_at": instant(zh="离场时间"),
        "part": text(200, zh="检查部位"),
        "weather": text(40, policy="last", zh="天气"),
        "companions": text(400, policy="last", zh="陪同人员"),
        "legal_basis": tags(200, zh="检查依据"),
        "conclusion": choice(*CONCLUSIONS, graver=True, zh="检查结论"),
        "note": prose(4_000, zh="检查情况"),
        "remarks": log(zh="备注"),
        **position(),
    },
)
