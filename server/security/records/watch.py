"""安全日志: some minutes of the watchbook, as one entry: sign-ins, refusals, administrators' acts, looks."""

from sync.record import Field, instant, integer, kind

MOST = 200  # lines an entry; fewer where they are long: a change is 64 KiB at most
LINE = {
    "type": "object",
    "properties": {
        "at": {"type": "string"},
        "what": {"type": "string"},
        "actor": {"type": ["string", "null"]},
        "told": {"type": "object"},
    },
    "required": ["at", "what", "actor", "told"],
    "additionalProperties": False,
}

WATCH = kind(
    "watch",
    zh="安全日志",
    audiences=("confidential",),
    written_by_server=True,
    fields={
        "since": instant(required=True, fixed=True, zh="起"),
        "until": instant(required=True, fixed=True, zh="止"),
        "count": integer(1, MOST, required=True, fixed=True, zh="条数"),
        "lines": Field(
            schema={"type": "array", "items": LINE, "maxItems": MOST},
            required=True,
            fixed=True,
            zh="内容",
        ),
    },
)
