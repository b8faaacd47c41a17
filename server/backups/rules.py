"""How a backup is written: plain lines in a ZIP, so that any age and either database can read it."""

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = "xunjian-backup/1"
SUFFIX = ".backup.zip"
PARTIAL = ".partial"  # nothing that bears it was ever whole
BYTES = "bytes"  # the folder beside the files in which originals rest, by digest, for all of them
MANIFEST, README, KEYS = "manifest.json", "README.txt", "keys.json"
# What no backup holds, and why.
LEFT_OUT = {
    "sessions": "a sign-in that was ended after the backup would be live again: everybody signs in anew",
    "attempts": "wrong passwords of that day close no door today",
    "proofs": "each was good for minutes, and its use is over",
    "openid_journeys": "sign-ins that were under way, for ten minutes",
    "enrolments": "a code that was used after the backup would be good again",
    "snapshots": "ready-made first loads, which the scheduler makes anew",
    "read_only": "whether the house takes things in is decided where it stands",
    "alembic_version": "the schema's revision stands in the manifest",
}
# RFC 7914 §2 with OWASP's parameters of 2023: 128 MiB and half a second a guess.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
TYPES: Mapping[type, str] = {
    bool: "bool",
    int: "int",
    str: "text",
    bytes: "bytes",
    datetime: "moment",
    date: "day",
}
HOW_TO_READ = """巡检备份 A backup of Xunjian

manifest.json        made_at, the schema's revision, each table's columns, rows and SHA-256, each
                     dossier's head (epoch, seq, hash), how many originals the books name
tables/<name>.ndjson a JSON array a line, in the order of the manifest's columns; bytes in base64,
                     moments in RFC 3339
keys.json            the house's keys, closed with the passphrase (scrypt, AES-256-GCM)

The digests in the manifest are of the lines as they stand when unpacked. `entries` are chained: each
entry's `hash` is SHA-256(0x00 || bytes), and its bytes name the hash of the entry before.

    xunjian backup verify THIS
    xunjian restore THIS --explain WHY
"""


def table_member(table: str) -> str:
    """The name under which a table's lines stand in the file."""
    return f"tables/{table}.ndjson"


def file_name(made_at: str) -> str:
    """The name of a backup made at this moment (RFC 3339 UTC); names sort by time."""
    return f"xunjian-{made_at.replace('-', '').replace(':', '').replace('.', '')}{SUFFIX}"


def spelled(row: Sequence[Any]) -> bytes:
    """A row as a line."""
    return orjson.dumps([_plain(value) for value in row]) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        # SQLite gives back what it was told without its zone, which is always UTC here.
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def read(line: bytes, types: Sequence[str]) -> list[Any]:
    """A line as a row. Raises ValueError where it is none of these columns."""
    values = orjson.loads(line)
    if not isinstance(values, list) or len(values) != len(types):
        raise ValueError("a line has another number of columns")
    return [None if value is None else _READ[kind](value) for value, kind in zip(values, types, strict=True)]


_READ: Mapping[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    "text": str,
    "bytes": base64.b64decode,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
}


def wrapped(secrets: Mapping[str, bytes], passphrase: str) -> dict[str, Any]:
    """Keys by name, closed so that only the passphrase opens them."""
    salt, nonce = os.urandom(16), os.urandom(12)
    plain = orjson.dumps({name: base64.b64encode(data).decode() for name, data in secrets.items()})
    closed = AESGCM(_stretched(passphrase, salt, SCRYPT)).encrypt(nonce, plain, FORMAT.encode())
    parts = {"salt": salt, "nonce": nonce, "closed": closed}
    return {"kdf": "scrypt", **SCRYPT, "names": sorted(secrets)} | {
        name: base64.b64encode(data).decode() for name, data in parts.items()
    }


def unwrapped(said: Mapping[str, Any], passphrase: str) -> dict[str, bytes]:
    """The keys. Raises ValueError where the passphrase is another, or somebody changed them."""
    salt, nonce, closed = (base64.b64decode(said[name]) for name in ("salt", "nonce", "closed"))
    cost = {name: int(said[name]) for name in SCRYPT}
    if cost["n"] > 2**20 or cost["r"] > 16 or cost["p"] > 4:  # a forged file could ask for all memory
        raise ValueError("the keys ask for more work than any backup of ours")
    try:
        plain = AESGCM(_stretched(passphrase, salt, cost)).decrypt(nonce, closed, FORMAT.encode())
    except InvalidTag:
        raise ValueError("the passphrase does not open the keys of this backup") from None
    return {name: base64.b64decode(data) for name, data in orjson.loads(plain).items()}


def _stretched(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())
