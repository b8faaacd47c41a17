"""复查结果: what a re-inspection found, item by item where only a part was put right."""

from sync.record import Field, choice, instant, kind, reference, text

RESULTS = {"pass": "合格", "partly": "部分合格", "fail": "不合格"}
_ITEM = {
    "type": "object",
    "properties": {
        "item": {"type": "string", "minLength": 1, "maxLength": 400},
        "result": {"enum": ["pass", "fail"]},
        "note": {"type": "string", "maxLength": 1_000},
    },
    "required": ["item", "result"],
    "additionalProperties": False,
}

REVIEW = kind(
    "review",
    zh="复查结果",
    audiences=("field", "office", "confidential", "party"),
    signed="author",
    own=True,
    fields={
        "subject": reference(required=True, fixed=True, zh="所属隐患"),
        "inspection": reference(zh="复查记录"),
        "result": choice(*RESULTS, graver=True, required=True, zh="复查结论"),
        "items": Field(schema={"type": "array", "items": _ITEM, "maxItems": 50}, zh="逐项结果"),
        "note": text(2_000, zh="复查情况"),
        "at": instant(required=True, zh="复查时间"),
    },
)
