"""整改回复: what the firm did about an issue; its photographs name this record as their subject."""

from sync.record import instant, kind, reference, text

REPLY = kind(
    "reply",
    zh="整改回复",
    audiences=("field", "office", "confidential", "party"),
    signed="author",
    own=True,
    fields={
        "subject": reference(required=True, fixed=True, zh="所属隐患"),
        "measure": text(4_000, least=1, required=True, zh="整改措施"),
        "person": text(80, personal=True, zh="整改责任人"),
        "done_at": instant(required=True, zh="整改完成时间"),
        # 监理单位 countersigns (domain.md §7.2); who it was, as written on the paper.
        "countersigned": text(80, zh="监理会签"),
    },
)
