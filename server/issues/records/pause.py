"""停表: days that do not count towards an issue's deadline, while nobody can or may work."""

from sync.record import choice, day, kind, reference, text

REASONS = {
    "air_alert": "空气重污染预警",
    "weather": "恶劣天气",
    "suspension": "项目停工",
    "holiday": "法定节假日停工",
    "appeal": "复议诉讼期间",
    "other": "其他",
}

PAUSE = kind(
    "pause",
    zh="停表",
    audiences=("field", "office", "confidential", "party"),
    signed="author",
    fields={
        "subject": reference(required=True, fixed=True, zh="所属隐患"),
        "reason": choice(*REASONS, required=True, fixed=True, zh="原因"),
        "since": day(required=True, fixed=True, zh="起始日期"),
        # The last day that does not count; open until it is named.
        "until": day(zh="结束日期"),
        "note": text(1_000, zh="说明"),
    },
)
