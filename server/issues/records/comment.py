"""意见: what somebody says about an issue, an inspection or another record."""

from sync.record import instant, kind, reference, text

COMMENT = kind(
    "comment",
    zh="意见",
    audiences=("field", "office", "confidential", "party"),
    signed="author",
    own=True,
    fields={
        "subject": reference(required=True, zh="所属记录"),
        "text": text(4_000, least=1, required=True, personal=True, zh="内容"),
        "said_at": instant(required=True, zh="时间"),
    },
)
