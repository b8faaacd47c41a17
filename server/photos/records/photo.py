"""照片: the record that names a photograph's bytes."""

from media.intake import IMAGES
from sync.record import choice, kind, position

from . import moments, named_bytes

PHOTO = kind(
    "photo",
    zh="照片",
    audiences=("field", "office", "party", "public"),
    fields={
        **named_bytes(tuple(IMAGES), max(IMAGES.values())),
        "phase": choice("before", "after", zh="整改前/整改后"),
        **moments(required=True),
        **position(personal=True),
    },
)
