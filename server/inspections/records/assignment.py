"""检查任务: who goes to a site when, by which checklist and under which plan."""

from sync.lifecycle import Lifecycle, transition
from sync.record import UUID_SCHEMA, Field, choice, day, kind, prose, reference

from .inspection import TYPES

LIFECYCLE = Lifecycle(
    initial="open",
    states={"open": "待执行", "done": "已完成", "cancelled": "已取消"},
    transitions={
        "complete": transition("open -> done", by="inspector supervisor"),
        "cancel": transition("open -> cancelled", by="supervisor"),
    },
)

ASSIGNMENT = kind(
    "assignment",
    zh="检查任务",
    audiences=("field", "office"),
    lifecycle=LIFECYCLE,
    signed="assigned_by",
    fields={
        "officers": Field(schema=UUID_SCHEMA, policy="set", zh="检查人员"),
        "due_on": day(required=True, zh="检查日期"),
        "inspection_type": choice(*TYPES, required=True, zh="检查类型"),
        "checklist": reference(zh="检查单"),
        "plan": reference(zh="所属计划"),
        "note": prose(2_000, zh="要求"),
    },
)
