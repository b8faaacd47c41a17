"""What protocol 1 looks like on the wire: limits, and the JSON Schemas of request and answer."""

from typing import Any

from .record import INSTANT_SCHEMA, UUID_SCHEMA

PROTOCOL = 1
SCHEMA = 1  # the first; a catalogue that has published more says so in its ledger (schema.py)
CHANGE_BYTES = 64 * 1024
RECORD_BYTES = 256 * 1024
PAGE_ITEMS = 500
PAGE_BYTES = 2 * 1024 * 1024
REQUEST_CHANGES = 500  # protocol.md §7
# Each change may be in a dossier of its own, and half as many again may only ask for an epoch.
REQUEST_GROUPS = 750
REQUEST_BYTES = 4 * 1024 * 1024
INFLATED_BYTES = 16 * 1024 * 1024
SNAPSHOT_URL = "/api/v1/dossiers/{dossier}/snapshots/{audience}/{sha256}"
# A name, or a name and a firm: `field`, `party:91110105MA0XD00162`.
AUDIENCE_PATTERN = r"^[a-z]{1,20}(:[A-Za-z0-9._-]{1,40})?$"
DOSSIER_PATTERN = r"^[a-z]+:[A-Za-z0-9._-]{1,80}$"
LIMITS = {
    "request_changes": REQUEST_CHANGES,
    "request_groups": REQUEST_GROUPS,
    "request_bytes": REQUEST_BYTES,
    "inflated_bytes": INFLATED_BYTES,
    "change_bytes": CHANGE_BYTES,
    "record_bytes": RECORD_BYTES,
    "fields": 256,
    "text_characters": 20_000,
    "page_items": PAGE_ITEMS,
    "page_bytes": PAGE_BYTES,
}


# protocol.md §2: integers are below 2^53. What is above fits into no column, and into no browser's number.
def counted(least: int = 0) -> dict[str, Any]:
    """The schema of a number that counts something, from `least` up."""
    return {"type": "integer", "minimum": least, "maximum": 2**53 - 1}


# A clock that only runs: milliseconds since the device's boot `boot`.
CLOCK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "boot": {"type": "string", "maxLength": 64},
        "ms": counted(),
    },
    "required": ["boot", "ms"],
    "additionalProperties": False,
}
_CURSOR = {
    "type": "object",
    "properties": {
        "nonce": {"type": "string", "maxLength": 64},
        "epoch": counted(1),
        "seq": counted(),
        "floor": counted(),
        "below": {"anyOf": [counted(1), {"type": "null"}]},
    },
    "required": ["nonce", "epoch", "seq", "floor"],
}
_DIGITS = {"type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$"}  # a SHA-256 in base64
# The newest checkpoint that the device holds of each dossier; the server shows what continues it. Neither
# these nor the cursors are counted: nothing limits what may be granted, and a device that holds all of it
# is never wrong. INFLATED_BYTES bounds them (decision 0040).
_CHECKPOINTS = {
    "type": "object",
    "propertyNames": {"pattern": DOSSIER_PATTERN},
    "additionalProperties": {
        "type": "object",
        "properties": {
            "epoch": counted(1),
            "size": counted(),
            "root": _DIGITS,
        },
        "required": ["epoch", "size", "root"],
    },
}
_DEVICE_KEY = {
    "type": "object",
    "description": "The device's public key (P-256, 65 bytes in base64url), and that it holds it.",
    "properties": {
        "algorithm": {"enum": ["es256"]},
        "public": {"type": "string", "pattern": "^[A-Za-z0-9_-]{87}$"},
        "proof": {"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$"},
    },
    "required": ["algorithm", "public", "proof"],
}
_GROUP = {
    "type": "object",
    "properties": {
        "dossier": {"type": "string", "pattern": DOSSIER_PATTERN},
        "epoch": counted(1),
        "changes": {"type": "array"},
    },
    "required": ["dossier", "epoch", "changes"],
}
_CURSORS = {
    "type": "object",
    "propertyNames": {"pattern": DOSSIER_PATTERN},
    "additionalProperties": {
        "type": "object",
        "propertyNames": {"pattern": AUDIENCE_PATTERN},
        "additionalProperties": _CURSOR,
    },
}
REQUEST_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "protocol": counted(),
        "schema": counted(),
        "no": counted(),
        "sent_at": INSTANT_SCHEMA,
        # The last `server_time` that the device had seen before any of these changes was made.
        "seen_at": INSTANT_SCHEMA,
        "clock": {"anyOf": [CLOCK_SCHEMA, {"type": "null"}]},
        "push": {"type": "array", "items": _GROUP, "maxItems": REQUEST_GROUPS},
        "pull": {
            "type": "object",
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "maximum": PAGE_ITEMS},
                "cursors": _CURSORS,
                "checkpoints": _CHECKPOINTS,
                # How many of the house's keys the device knows.
                "keys": counted(),
            },
        },
        "device_key": _DEVICE_KEY,
    },
    "required": ["protocol", "schema", "no"],
}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_INT = {"type": "integer"}
_TEXT = {"type": "string"}
STATUSES = ("applied", "merged", "noop", "conflict", "parked", "invalid", "retry")
OUTCOME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What became of one change (protocol.md §3).",
    "properties": {
        "id": _nullable(_TEXT),
        "status": {"enum": list(STATUSES)},
        "seq": _nullable(_INT),
        "version": _nullable(_INT),
        "conflict": _nullable(UUID_SCHEMA),
        "why": _nullable(_TEXT),
        "remedy": _nullable(_TEXT),
        "replay": {"type": "boolean"},
        "receipt": _nullable({"type": "object"}),
        "faults": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["id", "status", "seq", "version", "conflict", "why", "remedy", "replay", "receipt"],
}
# What a group may fail by that the house is to blame for; its device keeps it and comes again.
FAULTS = ("busy", "read-only", "disk-full", "database-unavailable", "internal")
_GROUP_ANSWER = {
    "type": "object",
    "description": "`outcomes`, or an `error` by which nothing of the group was applied.",
    "properties": {
        "dossier": _TEXT,
        "epoch": _INT,
        "head": _INT,
        "outcomes": {"type": "array", "items": OUTCOME_SCHEMA},
        "error": {"enum": ["epoch-changed", "unknown-dossier", *FAULTS]},
        "status": _INT,
        "remedy": _TEXT,
    },
    "required": ["dossier", "outcomes"],
}
_ITEM = {
    "type": "object",
    "properties": {
        "record": UUID_SCHEMA,
        "kind": _TEXT,
        "version": _INT,
        "op": {"enum": ["put", "delete", "leave", "erase"]},
        "schema": _INT,
        "body": {"type": "object"},
        "written": {"type": "object", "additionalProperties": _INT},
    },
    "required": ["record", "kind", "version", "op"],
}
_SNAPSHOT = {
    "type": "object",
    "description": "A file with all records up to `until`, in place of the pages of a first load.",
    "properties": {"url": _TEXT, "until": _INT, "sha256": _TEXT, "size": _INT, "items": _INT},
    "required": ["url", "until", "sha256", "size", "items"],
}
_PAGE = {
    "type": "object",
    "description": "One page of one audience, or `resync` with the reason to start anew.",
    "properties": {
        "nonce": _TEXT,
        "since": _INT,
        "since_below": _nullable(_INT),
        "until": _INT,
        "below": _nullable(_INT),
        "floor": _INT,
        "more": {"type": "boolean"},
        "items": {"type": "array", "items": _ITEM},
        "snapshot": _SNAPSHOT,
        "resync": {"enum": ["epoch", "tombstones", "cursor-ahead"]},
    },
    "required": ["nonce", "floor"],
}
_CHECKPOINT = {
    "description": "The newest checkpoint: null where none was signed yet, `same` where it is the one held.",
    "anyOf": [
        {"type": "null"},
        {"type": "object", "properties": {"same": {"const": True}}, "required": ["same"]},
        {
            "type": "object",
            "properties": {
                "note": _TEXT,
                "proof": {"type": "array", "items": _TEXT},
                "restores": {"type": "array", "items": _TEXT},
            },
            "required": ["note", "proof", "restores"],
        },
    ],
}
_DOSSIER_ANSWER = {
    "type": "object",
    "properties": {
        "epoch": _INT,
        "head": _INT,
        "backed_up": _INT,
        "checkpoint": _CHECKPOINT,
        "wanted": {"type": "array", "items": _TEXT},
        "audiences": {"type": "object", "additionalProperties": _PAGE},
    },
    "required": ["epoch", "head", "backed_up", "checkpoint", "wanted", "audiences"],
}
_GRANT = {
    "type": "object",
    "properties": {"epoch": _INT, "audiences": {"type": "array", "items": _TEXT}},
    "required": ["epoch", "audiences"],
}
_PULL_ANSWER = {
    "type": "object",
    "properties": {
        "granted": {"type": "object", "additionalProperties": _GRANT},
        "gone": {"type": "array", "items": _TEXT},
        "purge": {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}},
        "dossiers": {"type": "object", "additionalProperties": _DOSSIER_ANSWER},
        "keys": {"type": "array", "items": _TEXT},
    },
    "required": ["granted", "gone", "purge", "dossiers"],
}
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "no": _INT,
        "server_time": INSTANT_SCHEMA,
        "push": {"type": "array", "items": _GROUP_ANSWER},
        "pull": _PULL_ANSWER,
        "device_key": {
            "type": "object",
            "properties": {"key": _nullable(_TEXT), "why": _nullable(_TEXT)},
            "required": ["key", "why"],
        },
        "wipe": {
            "type": "object",
            "properties": {"order": _TEXT, "at": INSTANT_SCHEMA, "push_first": {"type": "boolean"}},
            "required": ["order", "at", "push_first"],
        },
    },
    "required": ["no", "server_time"],
}
_RANGE = {
    "type": "object",
    "properties": {"min": _INT, "max": _INT},
    "required": ["min", "max"],
}
CONFIG_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "protocol": _RANGE,
        "schema": _RANGE,
        "limits": {"type": "object", "additionalProperties": _INT},
        "server_time": INSTANT_SCHEMA,
        "offline_hours": _INT,
        "openid": {"type": "boolean"},
        "tiles": {"type": ["string", "null"]},
    },
    "required": ["protocol", "schema", "limits", "server_time"],
}
