"""工作日历: what the State Council's notice makes of one year's days (domain.md §1.6)."""

from sync.record import Field, integer, kind, text

_DAY = {"type": "string", "format": "date", "pattern": r"^(19|20|21)\d\d-"}
_DAYS = {"type": "array", "items": _DAY, "maxItems": 366, "uniqueItems": True}

CALENDAR = kind(
    "calendar",
    zh="工作日历",
    audiences=("public",),
    fields={
        "year": integer(1949, 2199, required=True, fixed=True, zh="年份"),
        # Weekdays on which nobody works; weekend days on which everybody does (调休).
        "holidays": Field(schema=_DAYS, required=True, zh="放假的工作日"),
        "worked": Field(schema=_DAYS, required=True, zh="上班的周末"),
        "citation": text(400, zh="依据"),
    },
)
