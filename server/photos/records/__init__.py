"""What a photograph and an attachment have in common: the record names bytes by SHA-256.

It may come before them (media.md §1).
"""

from sync.record import Field, choice, instant, integer, reference, text


def named_bytes(mimes: tuple[str, ...], largest: int) -> dict[str, Field]:
    """Which bytes, fixed at create: `size` in bytes up to `largest`, one of `mimes`; whose they are and
    what they are called.
    """
    return {
        "subject": reference(required=True, zh="所属记录"),
        "sha256": Field(
            schema={"type": "string", "pattern": "^[0-9a-f]{64}$"},
            required=True,
            fixed=True,
            zh="SHA-256",
        ),
        "size": integer(1, largest, required=True, fixed=True, zh="字节数"),
        "mime": choice(*mimes, required=True, fixed=True, zh="类型"),
        "name": text(255, policy="last", personal=True, zh="文件名"),
        "caption": text(400, policy="last", personal=True, zh="说明"),
    }


def moments(*, required: bool) -> dict[str, Field]:
    """When it was taken, by which clock, and since when its bytes rest."""
    return {
        "taken_at": instant(required=required, zh="拍摄时间"),
        "clock_offset_ms": integer(-(10**10), 10**10, zh="时钟偏差"),
        # Set when the bytes are verified at rest; until then they are awaited.
        "stored_at": Field(schema=instant().schema, policy="server", zh="入库时间"),
    }
