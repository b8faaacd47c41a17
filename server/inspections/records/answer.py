"""检查项: what was found at one item of one form, in one inspection (domain.md §3.2).

Its id is derived from what it is about (rules.answer_id), so that two phones that answer the same item
meet in one record.
"""

from server.inspections.rules import ALL_ITEMS, RESULTS, answer_id
from sync.record import Field, choice, integer, kind, prose, reference

from .template import CODE, DECIMAL

# Which of several: "1号塔吊"; empty where there is one. No bar, for it stands between parts of the id.
INSTANCE = {"type": "string", "maxLength": 60, "pattern": r"^([^|\s]([^|\n]*[^|\s])?)?$"}

ABOUT = ("inspection", "form", "instance", "item")

ANSWER = kind(
    "answer",
    zh="检查项",
    audiences=("field", "office"),
    meets=True,
    named_by=lambda body: answer_id(*(body[name] for name in ABOUT)),
    fields={
        "inspection": reference(required=True, fixed=True, zh="所属检查"),
        "form": Field(schema=CODE, required=True, fixed=True, zh="检查表"),
        "instance": Field(schema=INSTANCE, required=True, fixed=True, zh="检查对象"),
        "item": Field(
            schema={"anyOf": [CODE, {"const": ALL_ITEMS}]}, required=True, fixed=True, zh="检查项目"
        ),
        "template": reference(required=True, zh="检查单"),
        # With its deduction it is won or lost as one verdict; the graver result shows meanwhile, and
        # a fault whose deduction is in question is not scored.
        "result": choice(*RESULTS, graver=True, required=True, group="verdict", zh="结果"),
        "deduct": integer(0, 100, group="verdict", zh="扣分"),
        "note": prose(2_000, zh="情况"),
        "measurement": Field(schema=DECIMAL, group="measured", zh="实测值"),
        "unit": Field(
            schema={"type": "string", "minLength": 1, "maxLength": 16}, group="measured", zh="单位"
        ),
        "issue": reference(policy="server", zh="所转隐患"),
    },
)
