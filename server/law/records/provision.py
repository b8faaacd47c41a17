"""规定: one limit, deadline, text or citation, with the dates for which it holds (domain.md, head)."""

from sync.record import Field, choice, day, kind, text

# Where the value comes from: read in the source, from memory, or assumed by us for a start.
CERTAINTIES = {"verified": "已核对原文", "memory": "凭记忆", "assumed": "本系统默认"}

PROVISION = kind(
    "provision",
    zh="规定",
    audiences=("public",),
    fields={
        # Said once: what held on a day stays readable for ever. A new text is a new record.
        "code": text(80, least=1, required=True, fixed=True, zh="代码"),
        "value": Field(schema={"type": "object"}, required=True, fixed=True, zh="内容"),
        "valid_from": day(required=True, fixed=True, zh="施行日期"),
        "valid_to": day(zh="失效日期"),
        "title": text(200, zh="名称"),
        "citation": text(400, zh="依据"),
        "certainty": choice(*CERTAINTIES, zh="核对情况"),
    },
)
