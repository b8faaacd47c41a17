"""检查计划: a campaign with its end, or how often sites of each risk are inspected (domain.md §3.1, §3.4)."""

from typing import Any

from sync.lifecycle import Lifecycle, transition
from sync.record import Body, Field, choice, day, integer, kind, prose, reference, text

SORTS = {"recurring": "日常计划", "campaign": "专项计划"}
_OFTEN: dict[str, Any] = {
    "type": "object",
    "properties": {"times": {"type": "integer", "minimum": 1}, "months": {"type": "integer", "minimum": 1}},
    "required": ["times", "months"],
    "additionalProperties": False,
}
# risk of the project → so many times in so many months
FREQUENCY = {
    "type": "object",
    "properties": dict.fromkeys(("blue", "yellow", "orange", "red"), _OFTEN),
    "additionalProperties": False,
}
LIFECYCLE = Lifecycle(
    initial="draft",
    states={"draft": "草稿", "approved": "已批准", "ended": "已结束"},
    transitions={
        "approve": transition("draft -> approved", by="supervisor director", stamps="approved_by"),
        "end": transition("draft | approved -> ended", by="supervisor director"),
    },
)


def objection(verb: str, body: Body, actor: str) -> str | None:
    """A campaign is approved with the day on which it ends; who drafted a plan does not approve it."""
    if verb == "approve" and body.get("drafted_by") == actor:
        return "same-person"
    endless = body.get("sort") == "campaign" and not body.get("valid_to")
    return "plan-without-end" if verb == "approve" and endless else None


PLAN = kind(
    "plan",
    zh="检查计划",
    audiences=("office", "public"),
    lifecycle=LIFECYCLE,
    objection=objection,
    signed="drafted_by",
    fields={
        "title": text(120, least=1, required=True, zh="名称"),
        "sort": choice(*SORTS, required=True, fixed=True, zh="类别"),
        "valid_from": day(required=True, zh="起"),
        "valid_to": day(zh="止"),
        "frequency": Field(schema=FREQUENCY, zh="各风险等级的频次"),
        # Below the cap that the law sets (provision inspections.cap), never above it.
        "cap_per_firm": integer(0, 1_000, zh="对同一企业的年度上限"),
        "checklist": reference(zh="检查单"),
        "citation": text(400, zh="依据"),
        "note": prose(4_000, zh="说明"),
        "approved_by": reference(policy="server", zh="批准人"),
    },
)
