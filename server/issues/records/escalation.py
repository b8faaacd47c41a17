"""升级: a step of the ladder that an overdue or grave issue has climbed; the scheduler writes it, once."""

from sync.record import Field, day, instant, integer, kind, reference, text

STEPS = {
    "at-once": "重大隐患上报",
    "remind": "到期提醒",
    "overdue": "逾期告知",
    "section": "科长督办",
    "leader": "所领导督办",
    "refer": "移送立案",
    "systemic": "同类隐患反复",
    "daily": "重大隐患日报",
}
_WORDS = {"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 20}

ESCALATION = kind(
    "escalation",
    zh="逾期升级",
    audiences=("field", "office", "confidential", "party"),
    written_by_server=True,
    fields={
        "subject": reference(required=True, fixed=True, zh="所属隐患"),
        "step": text(40, least=1, required=True, fixed=True, zh="步骤"),
        "due_on": day(fixed=True, zh="当时期限"),
        "overdue_days": integer(-366, 36_600, fixed=True, zh="逾期天数"),
        "tells": Field(schema=_WORDS, fixed=True, zh="告知"),
        "does": text(40, fixed=True, zh="措施"),
        "provision": text(80, fixed=True, zh="依据版本"),
        "at": instant(required=True, fixed=True, zh="时间"),
    },
)
