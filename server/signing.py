"""The house's signing key, and what this node remembers of what it signed; both outside the database.

Whoever puts an old database back has not put these back with it: a journal that is shorter than what was
signed, or another, is then not signed (sync/checkpoints.py).
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sync import notes
from sync.checkpoints import Held, Sealed
from sync.notes import Signer

SETTING = "XUNJIAN_SIGNING_KEY"
PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
OTHERS = 0o077  # a private key is its owner's alone


class KeyTrouble(Exception):
    """The signing key cannot be used; says which file and what to do."""


class Signing:
    """The private keys in their file, or `given` by the environment, and the newest note of each dossier
    in a folder of files.

    Which of the keys signs, the database says: a new one may lie on every node before it is introduced,
    and from then on each of them signs with it.
    """

    def __init__(self, deployment: str, path: Path, folder: Path, given: str | None = None) -> None:
        self.deployment, self.path, self.folder, self._given = deployment, path, folder, given

    # ------------------------------------------------------------------ keys
    @property
    def where(self) -> str:
        """Where this node's keys come from, for who is to put one there."""
        return str(self.path) if self._given is None else SETTING

    @property
    def makes(self) -> bool:
        """Whether this node makes keys of its own; those of the environment are somebody else's to make."""
        return self._given is None

    @property
    def next_path(self) -> Path:
        """Where a new key waits until the house has introduced it."""
        return self.path.with_name(f"{self.path.name}.next")

    def held(self, path: Path | None = None) -> list[Signer]:
        """The keys that this node holds, or those in a file, in their order; none where there is no file.

        Read anew each time: what is put there counts from then on. Raises KeyTrouble.
        """
        if self._given is not None and path is None:
            return self._read(self._given.replace("\\n", "\n").encode(), SETTING)
        path = path or self.path
        try:
            mode, data = path.stat().st_mode, path.read_bytes()
        except FileNotFoundError:
            return []
        if mode & OTHERS:
            raise KeyTrouble(f"{path} can be read by others: chmod 600 it")
        return self._read(data, str(path))

    def _read(self, data: bytes, where: str) -> list[Signer]:
        found = []
        for block in PEM.findall(data):
            try:
                key = load_pem_private_key(block, password=None)
            except (ValueError, TypeError):
                raise KeyTrouble(f"{where} holds no private key in PEM, or a closed one") from None
            if not isinstance(key, Ed25519PrivateKey):
                raise KeyTrouble(f"{where} holds another key than Ed25519")
            found.append(Signer(self.deployment, key))
        if not found:
            raise KeyTrouble(f"{where} holds no private key in PEM")
        return found

    def make(self, path: Path | None = None) -> Signer:
        """A new key in a file of its own; if another process made it first, that one."""
        path = path or self.path
        key = Ed25519PrivateKey.generate()
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with _draft(path, data) as draft, suppress(FileExistsError):
            os.link(draft, path)
        return self.held(path)[0]

    def take_over(self) -> None:
        """The key that waited is in use from now on."""
        self.next_path.rename(self.path)

    # ---------------------------------------------------------------- memory
    def remembered(self, dossier: str) -> Held | None:
        """The newest checkpoint of a dossier that this node signed. Raises KeyTrouble where the file was
        damaged: then nobody knows what was signed.
        """
        path = self._note(dossier)
        try:
            told = notes.checkpoint(notes.parse(path.read_text(encoding="utf-8")).text)
            return Held(notes.decimal(told.origin.rpartition("/")[2]), told.size, told.root)
        except FileNotFoundError:
            return None
        except (notes.NotANote, UnicodeDecodeError):
            raise KeyTrouble(f"{path} is no checkpoint any more; put it back from its copy") from None

    def remember(self, sealed: Sealed) -> None:
        """Note a checkpoint, durably, before anybody else sees it. Never a smaller one over a larger."""
        known = self.remembered(sealed.dossier)
        if known is not None and (known.epoch, known.size) >= (sealed.epoch, sealed.size):
            return
        path = self._note(sealed.dossier)
        with _draft(path, sealed.note.encode()) as draft:
            draft.replace(path)
            _sync(path.parent)

    def all_notes(self) -> list[dict[str, str]]:
        """The notes themselves, as a witness tells of them. Raises KeyTrouble where one was damaged."""
        return [
            {"dossier": dossier, "note": self._note(dossier).read_text(encoding="utf-8")}
            for dossier in self.dossiers()
            if self.remembered(dossier)
        ]

    def dossiers(self) -> list[str]:
        """Every dossier that this node has signed."""
        return [path.stem.replace("@", ":") for path in sorted(self.folder.glob("*.ckpt"))]

    def _note(self, dossier: str) -> Path:
        return (
            self.folder / f"{dossier.replace(':', '@')}.ckpt"
        )  # a colon is no letter of a file's name everywhere


@contextmanager
def _draft(path: Path, data: bytes) -> Iterator[Path]:
    """A durable file beside `path`, gone afterwards unless it took its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        yield draft
        _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
