"""检查单: one edition of a checklist: what is looked at and for how many marks (domain.md §3.3).

Its content is said once. What was published cannot become a draft again; another edition is another record.
"""

from typing import Any

from server.inspections.rules import RESULTS, template_faults
from sync.lifecycle import Lifecycle, transition
from sync.record import Body, Field, day, integer, kind, text

CODE = {"type": "string", "pattern": r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$"}
TITLE = {"type": "string", "minLength": 1, "maxLength": 120}
MARKS = {"type": "integer", "minimum": 0, "maximum": 100}
# Canonical values have no floats: decimals are text.
DECIMAL = {"type": "string", "pattern": r"^-?\d{1,9}(\.\d{1,6})?$"}
MOST_ITEMS = 100  # a form; the whole template stands in one change of 64 KiB


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(of: Any, most: int) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1, "maxItems": most}


ITEM = _object(
    "code title",
    code=CODE,
    title=TITLE,
    # 保证项目 and 一般项目; without either, the form has no such split.
    group={"enum": ["guarantee", "general"]},
    # Without marks it is a question that other items may depend on: ok says yes, na says no.
    marks=MARKS,
    photo_required={"type": "boolean"},
    # Asked only where an earlier item of the form has this result.
    condition=_object("item result", item=CODE, result={"enum": list(RESULTS)}),
    measurement=_object(
        "unit decimals",
        unit={"type": "string", "minLength": 1, "maxLength": 16},
        decimals={"type": "integer", "minimum": 0, "maximum": 6},
        least=DECIMAL,
        most=DECIMAL,
    ),
)
FORM = _object(
    "code title items",
    code=CODE,
    title=TITLE,
    # Filled in once for each of several: two cranes, scaffolds of two kinds.
    repeats={"type": "boolean"},
    certainty={"enum": ["verified", "memory", "assumed"]},
    items=_list(ITEM, MOST_ITEMS),
)
# `marks`: what the section counts for in the summary.
SECTION = _object("code title forms", code=CODE, title=TITLE, marks=MARKS, forms=_list(FORM, 30))

LIFECYCLE = Lifecycle(
    initial="draft",
    states={"draft": "草稿", "published": "已发布", "withdrawn": "已停用"},
    transitions={
        "publish": transition("draft -> published", by="administrator"),
        "withdraw": transition("draft | published -> withdrawn", by="administrator"),
    },
)


def objection(verb: str, body: Body, actor: str) -> str | None:  # noqa: ARG001
    """Nobody inspects by a checklist that contradicts itself."""
    return "template-faulty" if verb == "publish" and template_faults(body) else None


TEMPLATE = kind(
    "template",
    zh="检查单",
    audiences=("public",),
    lifecycle=LIFECYCLE,
    objection=objection,
    fields={
        "code": Field(schema=CODE, required=True, fixed=True, zh="代码"),
        "edition": integer(1, 9_999, required=True, fixed=True, zh="版本"),
        "title": Field(schema=TITLE, required=True, fixed=True, zh="名称"),
        "citation": text(400, fixed=True, zh="依据"),
        "valid_from": day(required=True, fixed=True, zh="施行日期"),
        "valid_to": day(fixed=True, zh="失效日期"),
        "grades": text(80, fixed=True, zh="评定等级的规定"),  # the code of a provision
        "sections": Field(schema=_list(SECTION, 40), required=True, fixed=True, zh="分项"),
    },
)
