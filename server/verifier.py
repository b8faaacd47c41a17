#!/usr/bin/env python3
"""校验 Check an export or an archive of Xunjian offline: one file, and nothing of Xunjian's own code.

    python3 verify.py WHAT [--key "NAME+ID+KEY"]

WHAT is a case (a .zip, or the folder it was unpacked to) or an archive's folder. It wants Python 3.10
or later; where the package `cryptography` is there, it checks signatures by it, else by RFC 8032's own
arithmetic. It says whether the record is *unchanged since* it was signed, not whether it is *true*.
Exit 0: everything holds. Exit 1: what does not is named. Exit 2: there is nothing to check.
"""

import base64
import hashlib
import json
import re
import sys
import zipfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

Spot = tuple[int, int, int, int]  # a point of the curve, in extended coordinates
Epochs = dict[int, tuple[dict[int, tuple[int, str]], list[str]]]  # bundles by first entry, checkpoints
EMPTY = hashlib.sha256(b"").digest()


class Wrong(Exception):
    """What does not hold."""


P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def _add(a: Spot, b: Spot) -> Spot:
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(k: int, point: Spot) -> Spot:
    result = (0, 1, 1, 0)
    while k:
        if k & 1:
            result = _add(result, point)
        point, k = _add(point, point), k >> 1
    return result


def _point(data: bytes) -> Spot | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def _ed25519_plain(public: bytes, signature: bytes, text: bytes) -> bool:
    a, r, base = _point(public), _point(signature[:32]), _point(BASE)
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or a is None or r is None or base is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % Q
    left, right = _times(s, base), _add(r, _times(h, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def ed25519(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the signature is this key's."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except ImportError:
        return _ed25519_plain(public, signature, text)
    except Exception:  # InvalidSignature, or a key that is none
        return False
    return True


def unbase64(text: str) -> bytes:
    """Strictly: one spelling for one value."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64")
    return data


def key_of(line: str) -> tuple[str, bytes]:
    """(name, public key) of `name+id+key`."""
    name, key_id, encoded = line.split("+", 2)
    raw = unbase64(encoded)
    if raw[:1] != b"\x01" or len(raw) != 33 or key_id_of(name, raw[1:]).hex() != key_id:
        raise Wrong("a key contradicts itself: " + line)
    return name, raw[1:]


def key_id_of(name: str, public: bytes) -> bytes:
    """The four bytes by which signature lines name a key."""
    return hashlib.sha256(name.encode() + b"\n" + b"\x01" + public).digest()[:4]


def note_text(note: str, name: str, keys: list[bytes]) -> str:
    """A note's text, if one of these keys has signed it under this name."""
    text, _, lines = note.rpartition("\n\n")
    text, good = text + "\n", False
    for line in lines.splitlines():
        dash, signer, encoded = line.split(" ", 2)
        value = unbase64(encoded)
        for public in keys if dash == "\u2014" and signer == name else ():
            if value[:4] == key_id_of(name, public):
                if not ed25519(public, value[4:], text.encode()):
                    raise Wrong("a signature is wrong: " + name)
                good = True
    if good:
        return text
    raise Wrong("no known key has signed: " + name)


def facts_of(text: str, title: str) -> dict[str, str]:
    """The lines `name value` of a statement."""
    first, *lines = text.splitlines()
    if first != title:
        raise Wrong(f"this is no statement `{title}`")
    return dict(line.split(" ", 1) for line in lines)


def key_chain(given: "Given", pinned: str | None) -> tuple[str, list[bytes], list[str]]:
    """The house's name and its keys: each is introduced by itself and by the one before it."""
    name, keys, told = "", list[bytes](), list[str]()
    for note in [given.read(found).decode() for _, found in given.below(r"keys/\d{4}\.note")]:
        facts = facts_of(note.rpartition("\n\n")[0] + "\n", "xunjian key v1")
        owner, public = key_of(facts["key"])
        if name not in ("", owner) or owner != facts["deployment"] or facts["no"] != str(len(keys) + 1):
            raise Wrong("the keys do not follow one another")
        name = owner
        for needed in [public, *keys[-1:]]:
            note_text(note, owner, [needed])
        keys.append(public)
        told.append(facts["key"])
    if not keys:
        raise Wrong("there is no key")
    if pinned is not None and pinned not in told:
        raise Wrong("the key that you trust is none of this house's: " + ", ".join(told))
    return name, keys, told


def checkpoint_of(note: str, origin: str, keys: list[bytes]) -> tuple[int, bytes]:
    """(size, root) of a signed checkpoint of this journal."""
    lines = note_text(note, origin, keys).split("\n")
    if len(lines) != 4 or lines[0] != origin or lines[1] != str(int(lines[1])):
        raise Wrong("this is no checkpoint of " + origin)
    return int(lines[1]), unbase64(lines[2])


def node_of(left: bytes, right: bytes) -> bytes:
    """An inner node; a leaf is the hash of a zero byte and an entry's exact bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree as it grows: only its right edge is held."""

    def __init__(self) -> None:
        self.size, self.peaks = 0, list[bytes]()

    def add(self, leaf: bytes) -> None:
        """One leaf more."""
        rest = self.size
        while rest & 1:
            leaf, rest = node_of(self.peaks.pop(), leaf), rest >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The hash of all leaves."""
        return reduce(lambda root, peak: node_of(peak, root), reversed(self.peaks)) if self.peaks else EMPTY


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162 §2.1.3.2)."""
    here, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_of(sibling, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_of(found, sibling)
        here, last = here >> 1, last >> 1
    return 0 <= index < size and last == 0 and found == root


class Given:
    """Files by name, out of a folder or a zip."""

    def __init__(self, where: str | Path) -> None:
        path = Path(where)
        self.root, self.zip = path, zipfile.ZipFile(path) if path.is_file() else None
        if self.zip is not None:
            self.names = [n for n in self.zip.namelist() if not n.endswith("/")]
        else:
            self.names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        self.known = set(self.names)

    def open(self, name: str) -> Any:
        """A file for reading in pieces."""
        return self.zip.open(name) if self.zip is not None else (self.root / name).open("rb")

    def read(self, name: str) -> bytes:
        """A whole file. Raises Wrong where there is none."""
        if name not in self.known:
            raise Wrong("missing: " + name)
        with self.open(name) as file:
            return bytes(file.read())

    def below(self, pattern: str) -> list[tuple[Any, str]]:
        """(match, name) of the files whose names are like this, by name."""
        found = ((re.fullmatch(pattern, name), name) for name in sorted(self.names))
        return [(match, name) for match, name in found if match]

    def digest(self, name: str) -> str:
        """The SHA-256 of a file."""
        whole = hashlib.sha256()
        with self.open(name) as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                whole.update(block)
        return whole.hexdigest()


def check_case(given: Given, pinned: str | None) -> list[str]:
    """Everything in the case is what the house signed, and stands in its journal."""
    house, keys, told = key_chain(given, pinned)
    if len(given.known) != len(given.names):
        raise Wrong("one name stands twice in the file")
    listed = given.read("manifest.json")
    facts = facts_of(note_text(given.read("manifest.note").decode(), house, keys), "xunjian case v1")
    if hashlib.sha256(listed).hexdigest() != facts["manifest"]:
        raise Wrong("manifest.json is not the one that was signed")
    manifest = json.loads(listed)
    extra = given.known - set(manifest["files"]) - {"manifest.json", "manifest.note"}
    if extra:
        raise Wrong("not in the manifest: " + ", ".join(sorted(extra)[:5]))
    for name, digest in sorted(manifest["files"].items()):
        if name not in given.known or given.digest(name) != digest:
            raise Wrong("missing or changed: " + name)
    origin = manifest["origin"]
    if not origin.startswith(f"{house}/{manifest['dossier']}/"):
        raise Wrong("the checkpoint is of another journal")
    size, root = checkpoint_of(given.read("checkpoint.note").decode(), origin, keys)
    said = check_entries(given, manifest["dossier"], size, root)
    words = ("条目 entries", "内容相符 contents", "已删除或未提供 withheld", "原件 originals", "未附 absent")
    told_of = ", ".join(f"{count} {word}" for count, word in zip(said, words, strict=True))
    head = f"案卷 dossier {manifest['dossier']}, 导出 exported {facts['at']}, 检查点 checkpoint {size}: "
    return [head + told_of, *(f"密钥 key: {line}" for line in told)]


def check_entries(given: Given, dossier: str, size: int, root: bytes) -> tuple[int, ...]:
    """Each entry leads to the checkpoint; each content is the one that its entry committed to."""
    named, last, entries, withheld = set[str](), -1, 0, 0
    for line in given.read("entries.ndjson").splitlines():
        row = json.loads(line)
        data, path = unbase64(row["entry"]), [unbase64(h) for h in row["path"]]
        header = json.loads(data)
        if not included(hashlib.sha256(b"\x00" + data).digest(), row["index"], size, path, root):
            raise Wrong(f"entry {header['seq']}: it is not under the checkpoint")
        if header["dossier"] != dossier or row["index"] <= last:
            raise Wrong(f"entry {header['seq']}: it is of another dossier, or out of order")
        last, entries = row["index"], entries + 1
        if row["payload"] is None:
            withheld += 1
            continue
        payload = unbase64(row["payload"])
        if hashlib.sha256(unbase64(row["salt"]) + payload).hexdigest() != header["payload"]:
            raise Wrong(f"entry {header['seq']}: its contents are not the ones it committed to")
        after = json.loads(payload)["after"]
        named |= {after.get("sha256"), after.get("pdf_sha256")} - {None}
    enclosed = {m[1]: name for m, name in given.below(r"originals/([0-9a-f]{64})(?:\.[a-z0-9]+)?")}
    for digest, name in enclosed.items():
        if given.digest(name) != digest or digest not in named:
            raise Wrong("it is not the original that a record names: " + name)
    return entries, entries - withheld, withheld, len(enclosed), len(named - set(enclosed))


JOURNAL = r"journals/([^/]+)/(\d{4})/(?:entries/(\d{12})-(\d{3})\.ndjson|(\d{12})-\w{8}\.ckpt|restore\.note)"


def check_archive(given: Given, pinned: str | None) -> list[str]:
    """Every journal links, and every checkpoint is of it, from the archive alone."""
    house, keys, told = key_chain(given, pinned)
    journals: dict[str, Epochs] = {}
    for match, name in given.below(JOURNAL):
        bundles, signed = journals.setdefault(match[1], {}).setdefault(int(match[2]), ({}, []))
        if match[3]:
            first, count = int(match[3]), int(match[4])
            bundles[first] = max(bundles.get(first, (0, "")), (count, name))
        elif match[5]:
            signed.append(name)
    if not journals:
        raise Wrong("there is no journal here")
    lines = [f"密钥 key: {line}" for line in told]
    for dossier, epochs in sorted(journals.items()):
        lines += [check_journal(given, f"{house}/{dossier}/{e}", keys, e, epochs) for e in sorted(epochs)]
    return lines


def stamp_of(given: "Given", name: str) -> str:
    """When an authority says it saw this checkpoint (RFC 3161); `openssl ts -verify` checks who says so."""
    if (beside := name.replace(".ckpt", ".tsr")) not in given.known:
        return ""
    digest = re.escape(hashlib.sha256(given.read(name)).digest())
    found = re.search(digest + rb"\x02.{1,40}?\x18.(\d{14})(?:\.\d+)?Z", given.read(beside), re.DOTALL)
    if found is None:
        raise Wrong("a stamp is not of its checkpoint: " + beside)
    return f", 时间戳 stamp {found[1].decode()}Z"


def check_journal(given: Given, origin: str, keys: list[bytes], epoch: int, epochs: Epochs) -> str:
    """One journal as one epoch saw it: a later epoch's entries take the place of an earlier one's."""
    dossier, due, stamped = origin.split("/")[-2], dict[int, list[tuple[bytes, str]]](), ""
    for name in epochs[epoch][1]:
        stamped = stamp_of(given, name) or stamped
        size, root = checkpoint_of(given.read(name).decode(), origin, keys)
        due.setdefault(size, []).append((root, name))
    if epoch > 1:
        name = f"journals/{dossier}/{epoch:04d}/restore.note"
        facts = facts_of(note_text(given.read(name).decode(), origin, keys), "xunjian restore v1")
        count, top = facts["tree"].split(" ")
        due.setdefault(int(count), []).append((unbase64(top), name))
    bundles: dict[int, tuple[int, str]] = {}
    for number in sorted(e for e in epochs if e <= epoch):
        own = epochs[number][0]
        bundles = {at: name for at, name in bundles.items() if at < min(own, default=at + 1)} | own
    tree, prev, seq, sealed = Tree(), b"\x00" * 32, 0, 0
    for root, name in due.pop(0, []):
        if root != EMPTY:
            raise Wrong(f"{name}: no entry has no such root")
    for first in sorted(bundles):
        if first != tree.size:
            raise Wrong(f"{dossier}: entries {min(first, tree.size)} to {max(first, tree.size)} do not fit")
        for data in given.read(bundles[first][1]).splitlines():
            header = json.loads(data)
            follows = header["seq"] == seq + 1 or (header["op"] == "epoch" and header["seq"] > seq)
            if header["dossier"] != dossier or header["prev"] != prev.hex() or not follows:
                raise Wrong(f"{dossier}: entry {header['seq']} does not follow entry {seq}")
            prev, seq = hashlib.sha256(b"\x00" + data).digest(), header["seq"]
            tree.add(prev)
            for root, name in due.pop(tree.size, []):
                if tree.root() != root:
                    raise Wrong(f"{name}: entries up to {seq} are not those that were signed")
                sealed = tree.size
    if due:
        raise Wrong(f"{dossier}: a checkpoint of {max(due)} entries is signed, {tree.size} are here")
    return f"案卷 dossier {dossier} epoch {epoch}: {tree.size} entries link, {sealed} 已封存 sealed{stamped}"


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("what", metavar="WHAT")
    parser.add_argument("--key", help="a key that you have from elsewhere: name+id+key")
    asked = parser.parse_args(arguments)
    code, lines = judged(lambda: Given(asked.what), asked.key)
    sys.stdout.write("\n".join(lines) + "\n")
    return code


def judged(opened: Callable[[], Given], pinned: str | None = None) -> tuple[int, list[str]]:
    """(exit code, lines to say) for a case or an archive; `opened` opens it."""
    try:
        given = opened()
        if not given.below(r"keys/.*"):
            return 2, ["没有可校验的内容 There is nothing to check here."]
        case = given.known & {"manifest.note", "manifest.json"}
        lines = check_case(given, pinned) if case else check_archive(given, pinned)
    except Exception as wrong:  # whatever a damaged file makes of its reader, it is refused
        return 1, [f"不通过 FAILED: {'' if isinstance(wrong, Wrong) else 'it cannot be read: '}{wrong}"]
    lines.append("通过 OK: 签名以来未被更改 unchanged since it was signed; 不证明内容属实 no proof of truth")
    if pinned is None:
        lines.append("请另行核对密钥 Compare the key with one that you have from elsewhere (--key).")
    return 0, lines


if __name__ == "__main__":
    sys.exit(main())
