"""回避: an officer who may not inspect a firm or a project, from when to when, and why (行政处罚法 43)."""

from sync.record import UUID_SCHEMA, Field, day, kind, text

DOSSIER = {"type": "string", "pattern": r"^project:[A-Za-z0-9._-]{1,80}$"}

RECUSAL = kind(
    "recusal",
    zh="回避",
    audiences=("office",),
    signed="entered_by",
    fields={
        "officer": Field(schema=UUID_SCHEMA, required=True, fixed=True, zh="检查人员"),
        # Either; where neither is named, the officer inspects nobody.
        "firm": text(18, fixed=True, zh="回避的单位"),
        "project": Field(schema=DOSSIER, fixed=True, zh="回避的项目"),
        "valid_from": day(required=True, fixed=True, zh="起"),
        "valid_to": day(zh="止"),
        "reason": text(400, least=1, required=True, zh="理由"),
    },
)
