"""标注: what somebody drew over a photograph to point at the fault; the original's bytes stay as they are."""

from sync.record import integer, kind, reference, strokes, text

MARKUP = kind(
    "markup",
    zh="标注",
    audiences=("field", "office", "party", "public"),
    signed="drawn_by",
    own=True,
    fields={
        "photo": reference(required=True, fixed=True, zh="所标注照片"),
        # The measure in which the strokes are told: the photograph, upright, fills it whole. Whoever draws
        # over a smaller version tells its pixels; the proportions are the same.
        "width": integer(1, 100_000, required=True, fixed=True, zh="画面宽度"),
        "height": integer(1, 100_000, required=True, fixed=True, zh="画面高度"),
        "strokes": strokes(required=True, zh="笔迹"),
        "caption": text(400, policy="last", personal=True, zh="说明"),
    },
)
