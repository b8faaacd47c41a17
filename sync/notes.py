"""Signed notes, checkpoints and proofs in the text forms of the transparency-log world (C2SP).

`signed-note` v1: a text and the signatures over it. `tlog-checkpoint`: a note that says how long a
journal was and which root its tree had. `tlog-proof` v1: one entry's way to a checkpoint. Pure: no
clock, no files; whom to trust, the caller says.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .tree import HASH

ED25519 = 1  # signed-note: the signature types have assigned numbers
PUBLIC_BYTES = 32
SIGNATURES = 16  # signed-note: at least so many must be taken in
NOTE_BYTES = 64 * 1024
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_DASH = "\u2014 "  # an em dash and a space begin a signature's line
_ID_BYTES = 4


class NotANote(ValueError):
    """Text that is no signed note, checkpoint or proof; says why."""


class NotTrusted(ValueError):
    """A note that no trusted key has signed, or whose signature by a trusted key is wrong."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key by the name under which it signs; `algorithm` is the signature type's number."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes by which signature lines name the key (signed-note, Signatures)."""
        told = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(told).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """The key on one line, `name+id+key`, as Go's `sumdb/note` writes it."""
        key = _encode(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.id.hex()}+{key}"

    def renamed(self, name: str) -> "Verifier":
        """The same key under another name: each dossier's checkpoints are signed under its own."""
        return Verifier(name, self.public, self.algorithm)

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """Whether the signature over `text` is this key's. False for algorithms not known here."""
        check = _CHECKS.get(self.algorithm)
        return check is not None and check(self.public, signature, text)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key by the name under which it signs (Ed25519, RFC 8032)."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.private.public_key().public_bytes_raw())

    def renamed(self, name: str) -> "Signer":
        """The same key under another name."""
        return Signer(name, self.private)


class Signature(NamedTuple):
    """One signature line: the key's name, its id of four bytes, the signature."""

    name: str
    id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures nobody has checked yet; `text` ends with its newline."""

    text: str
    signatures: tuple[Signature, ...]


def _ed25519(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


# A new algorithm (SM2, ML-DSA) is a line here; notes that it signs beside an older one are read by
# those who do not know it yet, for unknown signatures are passed over.
_CHECKS: Mapping[int, Callable[[bytes, bytes, bytes], bool]] = MappingProxyType({ED25519: _ed25519})


def verifier(text: str) -> Verifier:
    """A key from its line, `name+id+key`. Raises NotANote where the line contradicts itself."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = _decode(encoded)
    _check_name(name)
    if len(key) < 2:
        raise NotANote("a key's line holds an algorithm and a key")
    read = Verifier(name, key[1:], key[0])
    if read.algorithm == ED25519 and len(read.public) != PUBLIC_BYTES:
        raise NotANote(f"an Ed25519 key has {PUBLIC_BYTES} bytes")
    if read.id.hex() != key_id:
        raise NotANote("the key's id is not the one of its name and bytes")
    return read


def sign(text: str, signers: Iterable[Signer]) -> str:
    """The note of `text`, signed by each. Raises NotANote where the text cannot be one."""
    _check_text(text)
    if not text.endswith("\n"):
        raise NotANote("the text of a note ends with a newline")
    lines = []
    for signer in signers:
        _check_name(signer.name)
        value = signer.verifier.id + signer.private.sign(text.encode())
        lines.append(f"{_DASH}{signer.name} {_encode(value)}\n")
    if not lines:
        raise NotANote("a note is signed by somebody")
    return f"{text}\n{''.join(lines)}"


def parse(note: str) -> Note:
    """A note's text and signatures, none of them checked. Raises NotANote."""
    if len(note) > NOTE_BYTES:
        raise NotANote(f"more than {NOTE_BYTES} characters")
    _check_text(note)
    at = note.rfind("\n\n")
    text, rest = note[: at + 1], note[at + 2 :]
    if at < 1 or not rest.endswith("\n"):
        raise NotANote("a note is a text, an empty line, and lines with signatures")
    lines = rest[:-1].split("\n")
    if len(lines) > SIGNATURES:
        raise NotANote(f"more than {SIGNATURES} signatures")
    return Note(text, tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise NotANote("a signature's line begins with a dash")
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    _check_name(name)
    value = _decode(encoded)
    if len(value) <= _ID_BYTES:
        raise NotANote("a signature is longer than its key's id")
    return Signature(name, value[:_ID_BYTES], value[_ID_BYTES:])


def verified(note: str, trusted: Iterable[Verifier]) -> Note:
    """The note, if a trusted key has signed it and no trusted key's signature on it is wrong.

    Signatures by others are passed over. Raises NotANote, NotTrusted.
    """
    read = parse(note)
    known = {(v.name, v.id): v for v in trusted}
    signed = 0
    for signature in read.signatures:
        key = known.get((signature.name, signature.id))
        if key is None:
            continue
        if not key.verifies(signature.value, read.text.encode()):
            raise NotTrusted(f"the signature by {key.name} is wrong")
        signed += 1
    if not signed:
        raise NotTrusted("no key that is trusted has signed this")
    return read


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a journal had, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed (tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    def sign(self, signer: Signer) -> str:
        """The signed note; the key's name is the origin, so that no other journal's can pass for it."""
        return sign(self.text, [signer.renamed(self.origin)])


def checkpoint(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint. Raises NotANote.

    Lines after the third are another log's extensions: nobody checks them, so they are refused.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise NotANote("a checkpoint has three lines: origin, size, root")
    root = _decode(lines[2])
    if len(root) != HASH:
        raise NotANote(f"a root has {HASH} bytes")
    return Checkpoint(lines[0], decimal(lines[1]), root)


def verified_checkpoint(note: str, origin: str, trusted: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint of this journal that a trusted key has signed under the journal's name.

    Raises NotANote, NotTrusted.
    """
    read = checkpoint(verified(note, [key.renamed(origin) for key in trusted]).text)
    if read.origin != origin:
        raise NotTrusted(f"it speaks of {read.origin}, not of {origin}")
    return read


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry's way to a checkpoint. `index` counts from 0; `extra` is nobody's word but the file's:
    here the entry's bytes, whose hash the proof then confirms.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The file (tlog-proof)."""
        extra = [f"extra {_encode(self.extra)}"] if self.extra else []
        lines = [PROOF_HEADER, *extra, f"index {self.index}", *map(_encode, self.hashes)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def proof(text: str) -> Proof:
    """Read a proof's file; its checkpoint is not checked. Raises NotANote."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != PROOF_HEADER:
        raise NotANote(f"a proof begins with {PROOF_HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _decode(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise NotANote("a proof names the entry's index")
    index = decimal(lines.pop(0).removeprefix("index "))
    hashes = tuple(_decode(line) for line in lines)
    if any(len(h) != HASH for h in hashes):
        raise NotANote(f"a hash has {HASH} bytes")
    parse(note)
    return Proof(index, hashes, note, extra)


def hashes(listed: Sequence[str]) -> list[bytes]:
    """Hashes from their base64. Raises NotANote."""
    return [_decode(one) for one in listed]


def spelled(raw: Sequence[bytes]) -> list[str]:
    """Hashes as base64."""
    return [_encode(one) for one in raw]


def _check_text(text: str) -> None:
    if any(c < " " and c != "\n" for c in text):
        raise NotANote("control characters have no place in a note")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotANote("a note is UTF-8") from None


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name):
        raise NotANote("a key's name is not empty and has neither spaces nor +")


def decimal(text: str) -> int:
    """A number that is written one way only. Raises NotANote."""
    if not (text.isascii() and text.isdecimal()) or (text[0] == "0" and text != "0") or len(text) > 20:
        raise NotANote("a number is written in decimal, without leading zeros")
    return int(text)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    """Strictly: one text for one value, or a changed letter could pass unseen."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotANote("this is not base64") from None
    if _encode(data) != text:
        raise NotANote("this is not the base64 of its bytes")
    return data
