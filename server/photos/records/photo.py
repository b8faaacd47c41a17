"""照片: the record that names a photograph's bytes by SHA-256; it may come before them (media.md §1)."""

from sync.record import Field, choice, instant, integer, kind, position, reference, text

MIMES = ("image/jpeg", "image/png", "image/webp", "image/heic")
LARGEST = 64 * 1024 * 1024  # media.md §1: a photo

PHOTO = kind(
    "photo",
    zh="照片",
    audiences=("field", "office", "party", "public"),
    fields={
        "subject": reference(required=True, zh="所属记录"),
        "sha256": Field(
            schema={"type": "string", "pattern": "^[0-9a-f]{64}$"},
            required=True,
            fixed=True,
            zh="SHA-256",
        ),
        "size": integer(1, LARGEST, required=True, fixed=True, zh="字节数"),
        "mime": choice(*MIMES, required=True, fixed=True, zh="类型"),
        "name": text(255, policy="last", zh="文件名"),
        "caption": text(400, policy="last", zh="说明"),
        "phase": choice("before", "after", zh="整改前/整改后"),
        "taken_at": instant(required=True, zh="拍摄时间"),
        "clock_offset_ms": integer(-(10**10), 10**10, zh="时钟偏差"),
        **position(),
        "stored_at": Field(
            schema=instant().schema, policy="server", zh="入库时间"
        ),  # set when the bytes are verified at rest; until then the photo is awaited
    },
)
