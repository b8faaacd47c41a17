"""单位: a firm, a street or a department under its code, and what it is called.

The code is the key by which all other records name it, so it is said once. Whom it names it says itself
(rules.py). Nothing here tells of a person: everybody's phone has it.
"""

from server.organisations.rules import record_of
from sync.record import Field, day, kind, tags, text

# 参建类别 (domain.md §1.1): what a firm may be on a site.
PARTIES = {
    "client": "建设单位",
    "contractor": "施工单位",
    "supervision": "监理单位",
    "designer": "设计单位",
    "surveyor": "勘察单位",
    "laboratory": "检测机构",
    "monitoring": "监测单位",
    "concrete": "预拌混凝土生产单位",
    "lessor": "设备产权单位",
}
CODE = r"^([0-9A-HJ-NPQRTUWXY]{18}|[0-9]{9}|[a-z][a-z0-9-]{1,38})$"

ORGANISATION = kind(
    "organisation",
    zh="单位",
    audiences=("public",),
    meets=True,  # one record a code, whoever enters it
    named_by=lambda body: record_of(body["code"]),
    fields={
        "code": Field(schema={"type": "string", "pattern": CODE}, required=True, fixed=True, zh="代码"),
        "name": text(120, least=1, required=True, zh="名称"),
        "parties": Field(schema={"enum": [*PARTIES]}, policy="set", zh="参建类别"),
        "qualification": text(400, zh="资质"),
        "qualified_until": day(zh="资质有效期"),
        "duties": tags(80, zh="职责"),
    },
)
