"""附件: the record that names a video's, a recording's or a paper's bytes; handed out, never shown."""

from media.intake import ATTACHED
from sync.record import kind

from . import moments, named_bytes

ATTACHMENT = kind(
    "attachment",
    zh="附件",
    audiences=("field", "office", "party", "public"),
    fields={**named_bytes(tuple(ATTACHED), max(ATTACHED.values())), **moments(required=False)},
)
