"""签名: who was at an inspection and signed it, or would not, and who witnessed that (domain.md §3.2)."""

from sync.record import choice, instant, kind, reference, strokes, text

PARTIES = {"officer": "检查人员", "inspected": "被检查单位", "companion": "陪同人员", "witness": "见证人"}
MODES = {"signed": "已签名", "refused": "拒绝签名", "absent": "不在场"}

SIGNATURE = kind(
    "signature",
    zh="签名",
    audiences=("field", "office"),
    signed="recorded_by",
    own=True,
    fields={
        "inspection": reference(required=True, fixed=True, zh="所属检查"),
        "party": choice(*PARTIES, required=True, fixed=True, zh="身份"),
        "name": text(80, least=1, required=True, personal=True, zh="姓名"),
        "post": text(80, personal=True, zh="职务"),
        "firm": text(18, zh="单位"),
        "mode": choice(*MODES, required=True, zh="签名情况"),
        "strokes": strokes(personal=True, zh="手写签名"),
        "photo": reference(zh="签名照片"),
        "signed_at": instant(required=True, zh="时间"),
        "note": text(1_000, personal=True, zh="见证说明"),
    },
)
