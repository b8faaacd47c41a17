"""A house's papers made by hand: keys, entries, checkpoints, a case; for the verifier that knows no house."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import notes
from sync.canonical import canonical, commitment, entry_hash
from sync.notes import Checkpoint, Signer
from sync.tree import Range, inclusion_path, root_of

HOUSE, DOSSIER = "xunjian.example", "project:wj-01"


def introduction(signer: Signer, no: int, before: Signer | None = None) -> str:
    """The note that introduces a key, signed by the one before and by itself."""
    told = {"deployment": HOUSE, "no": no, "key": signer.verifier.text, "at": "2026-11-22T01:00:00.000Z"}
    text = "xunjian key v1\n" + "".join(f"{name} {value}\n" for name, value in told.items())
    return notes.sign(text, [signer] if before is None else [before, signer])


@dataclass
class Forge:
    """Writes what a house would write, right or wrong."""

    signer: Signer = field(default_factory=lambda: Signer(HOUSE, Ed25519PrivateKey.generate()))
    entries: list[bytes] = field(default_factory=list)
    payloads: list[tuple[bytes, bytes]] = field(default_factory=list)
    prev: bytes = b"\0" * 32

    def enter(self, count: int, *, kind: str = "issue", after: Any = None) -> None:
        """More entries, each with its contents."""
        for _ in range(count):
            seq = len(self.entries) + 1
            payload = canonical({"after": after or {"title": f"隐患 {seq}"}})
            salt = seq.to_bytes(16, "big")
            header = {
                "dossier": DOSSIER,
                "seq": seq,
                "prev": self.prev.hex(),
                "op": "create",
                "kind": kind,
                "payload": commitment(salt, payload),
            }
            self.entries.append(canonical(header))
            self.payloads.append((salt, payload))
            self.prev = entry_hash(self.entries[-1])

    def checkpoint(self, size: int | None = None, epoch: int = 1) -> str:
        """The signed checkpoint over the first `size` entries."""
        leaves = [entry_hash(e) for e in self.entries[:size]]
        return Checkpoint(f"{HOUSE}/{DOSSIER}/{epoch}", len(leaves), root_of(leaves)).sign(self.signer)

    def path(self, index: int) -> list[bytes]:
        """The inclusion path of an entry."""
        leaves = [entry_hash(e) for e in self.entries]
        return [root_of(leaves[a:b]) for a, b in inclusion_path(index, len(leaves))]

    def case(self, folder: Path, originals: dict[str, bytes] | None = None) -> Path:
        """All entries as an unpacked case."""
        rows = [
            {
                "index": i,
                "entry": base64.b64encode(entry).decode(),
                "path": notes.spelled(self.path(i)),
                "salt": base64.b64encode(salt).decode(),
                "payload": base64.b64encode(payload).decode(),
            }
            for i, (entry, (salt, payload)) in enumerate(zip(self.entries, self.payloads, strict=True))
        ]
        files = {
            "keys/0001.note": introduction(self.signer, 1).encode(),
            "checkpoint.note": self.checkpoint().encode(),
            "entries.ndjson": b"".join(json.dumps(row).encode() + b"\n" for row in rows),
            "index.html": "<p>案卷</p>".encode(),
        } | {f"originals/{name}": data for name, data in (originals or {}).items()}
        self.seal(folder, files)
        return folder

    def seal(self, folder: Path, files: dict[str, bytes], *, signer: Signer | None = None) -> None:
        """Write files with a manifest that is signed."""
        manifest = {
            "dossier": DOSSIER,
            "origin": f"{HOUSE}/{DOSSIER}/1",
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        }
        listed = json.dumps(manifest).encode()
        text = f"xunjian case v1\nat 2026-11-22\nmanifest {hashlib.sha256(listed).hexdigest()}\n"
        files = files | {
            "manifest.json": listed,
            "manifest.note": notes.sign(text, [signer or self.signer]).encode(),
        }
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def archive(self, folder: Path, *, tile: int = 256) -> Path:
        """All entries as an archive's folder, sealed at the end of each bundle."""
        home = folder / "journals" / DOSSIER / "0001"
        (home / "entries").mkdir(parents=True)
        (folder / "keys").mkdir()
        (folder / "keys" / "0001.note").write_text(introduction(self.signer, 1))
        for first in range(0, len(self.entries), tile):
            some = self.entries[first : first + tile]
            name = f"{first:012d}-{len(some):03d}.ndjson"
            (home / "entries" / name).write_bytes(b"".join(e + b"\n" for e in some))
            size, tree = first + len(some), Range()
            tree.extend(entry_hash(e) for e in self.entries[:size])
            (home / f"{size:012d}-{tree.root().hex()[:8]}.ckpt").write_text(self.checkpoint(size))
        return folder
