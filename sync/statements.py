"""What the house signs beside checkpoints: which key it signs with from now on, and why a new epoch began.

Both are signed notes (notes.py) of lines `name value`. Pure, like them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import notes
from .notes import NotANote, NotTrusted, Signer, Verifier
from .tree import EMPTY, HASH

_KEY = "xunjian key v1"
_RESTORE = "xunjian restore v1"
REASON_CHARACTERS = 500


def origin(deployment: str, dossier: str, epoch: int) -> str:
    """The name of one journal in one epoch, under which its checkpoints are signed.

    A journal that was put back from a backup may lack entries that were signed: it is another log, and
    its checkpoints bear another name (tlog-checkpoint: a log never signs what contradicts itself).
    """
    return f"{deployment}/{dossier}/{epoch}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the house signs with: the `no`-th, since `at` (RFC 3339 UTC)."""

    deployment: str
    no: int
    verifier: Verifier
    at: str

    @property
    def text(self) -> str:
        """The text that is signed, by the key itself and by the one before it."""
        told = (
            ("deployment", self.deployment),
            ("no", self.no),
            ("key", self.verifier.text),
            ("at", self.at),
        )
        return _spelled(_KEY, told)

    def sign(self, signer: Signer, before: Signer | None) -> str:
        """The note that introduces the key. Raises ValueError where the wrong keys sign."""
        if signer.verifier != self.verifier or (before is None) != (self.no == 1):
            raise ValueError("a key is introduced by itself, and by the one before it unless it is the first")
        return notes.sign(self.text, [signer] if before is None else [before, signer])


def keys(introductions: Iterable[str], known: Sequence[Key] = ()) -> list[Key]:
    """The keys, in their order, that these notes introduce after those that are `known`.

    The first of all vouches for itself: whether it is the right one, a person compares once, or the
    device takes it on first use. Raises NotANote, NotTrusted where one is not signed by the key before.
    """
    chain = list(known)
    for note in introductions:
        key = _key(notes.parse(note).text)
        before = chain[-1] if chain else None
        if key.no != len(chain) + 1 or (before and key.deployment != before.deployment):
            raise NotTrusted(f"key {key.no} of {key.deployment} does not follow")
        for needed in (key, before):
            if needed is not None:
                notes.verified(note, [needed.verifier])
        chain.append(key)
    return chain[len(known) :]


def _key(text: str) -> Key:
    told = _read(_KEY, text, ("deployment", "no", "key", "at"))
    key = notes.verifier(told["key"])
    if key.name != told["deployment"]:
        raise NotANote("a house's key bears its name")
    return Key(told["deployment"], notes.decimal(told["no"]), key, told["at"])


@dataclass(frozen=True, slots=True)
class Restore:
    """Why an epoch began: the database was put back, and the journal goes on from the tree it came back
    with. `lost` is the newest tree that is known to have been signed before, if it is.
    """

    origin: str
    size: int
    root: bytes
    actor: str
    at: str
    reason: str
    lost: tuple[int, bytes] | None = None

    @property
    def text(self) -> str:
        """The text that is signed."""
        lost = [("lost", f"{self.lost[0]} {notes.spelled([self.lost[1]])[0]}")] if self.lost else []
        told = (
            ("origin", self.origin),
            ("tree", f"{self.size} {notes.spelled([self.root])[0]}"),
            *lost,
            ("by", self.actor),
            ("at", self.at),
            ("reason", " ".join(self.reason.split())[:REASON_CHARACTERS]),
        )
        return _spelled(_RESTORE, told)

    def sign(self, signer: Signer) -> str:
        """The signed note, by the name of the journal in its new epoch."""
        return notes.sign(self.text, [signer.renamed(self.origin)])


def restore(note: str, trusted: Iterable[Verifier]) -> Restore:
    """Read the explanation of an epoch. Raises NotANote, NotTrusted."""
    text = notes.parse(note).text
    told = _read(_RESTORE, text, ("origin", "tree", "by", "at", "reason"), optional=("lost",))
    notes.verified(note, [key.renamed(told["origin"]) for key in trusted])
    size, root = _tree(told["tree"])
    lost = _tree(told["lost"]) if "lost" in told else None
    return Restore(told["origin"], size, root, told["by"], told["at"], told["reason"], lost)


def _tree(text: str) -> tuple[int, bytes]:
    size, _, encoded = text.partition(" ")
    root = notes.hashes([encoded])[0]
    if len(root) != HASH or (size == "0" and root != EMPTY):
        raise NotANote("a tree is a size and a root")
    return notes.decimal(size), root


def _spelled(title: str, told: Iterable[tuple[str, object]]) -> str:
    lines = [title, *(f"{name} {value}" for name, value in told)]
    if any("\n" in line for line in lines):
        raise NotANote("a statement is one line a fact")
    return "\n".join(lines) + "\n"


def _read(title: str, text: str, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, str]:
    first, *lines = text[:-1].split("\n")
    told = dict(line.split(" ", 1) for line in lines if " " in line)
    wanted = [n for n in (*names, *optional) if n in told]
    if first != title or len(told) != len(lines) or set(told) != set(wanted) or not set(names) <= set(told):
        raise NotANote(f"this is no statement `{title}`")
    return told
