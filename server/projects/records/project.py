"""项目: a construction project under supervision; its dossier holds all that happens on its site."""

from sync.record import choice, day, instant, kind, position, reference, text

STAGES = {
    "initiation": "立项",
    "feasibility": "可研",
    "planning": "规划",
    "design": "设计",
    "tender": "招标",
    "registered": "监督注册",
    "permitted": "许可",
    "under_construction": "在建",
    "suspended": "停工",
    "divisional_acceptance": "分部验收",
    "completion_acceptance": "竣工验收",
    "filed": "备案",
    "handed_over": "移交",
    "warranty": "保修",
    "ended": "保修期满",
}
OVER = ("ended",)  # 保修期满: nothing more is inspected here; the dossier closes
RISKS = ("blue", "yellow", "orange", "red")  # 低 一般 较大 重大, domain.md §2.2

PROJECT = kind(
    "project",
    zh="项目",
    audiences=("field", "public"),
    closes=lambda body: body.get("stage") in OVER,
    fields={
        "name": text(120, least=1, required=True, zh="项目名称"),
        "project_type": text(40, zh="项目类型"),
        "stage": choice(*STAGES, required=True, zh="阶段"),
        "risk": choice(*RISKS, graver=True, zh="风险等级"),
        "street": text(9, zh="街道代码"),
        "address": text(200, zh="地址"),
        "permit_no": text(18, zh="施工许可证编号"),
        "client": text(18, zh="建设单位"),
        "contractor": text(18, zh="施工单位"),
        "supervision_firm": text(18, zh="监理单位"),
        "started_on": day(zh="开工日期"),
        "planned_finish_on": day(zh="计划竣工日期"),
        **position(),
        # 专人对接: who of the office answers for it, and since when; set by a handover alone.
        "officer": reference(policy="server", zh="监督责任人"),
        "officer_since": instant(policy="server", zh="责任起始"),
    },
)
