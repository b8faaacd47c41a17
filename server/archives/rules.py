"""How the archive is laid out: every name, and the page that explains it to who finds it in thirty years."""

import re

from media.store import archive_key
from sync.tree import TILE

README = """巡检归档 The archive of Xunjian

只追加，不改动。无需本系统即可校验：
Only ever added to. It proves itself without the house that wrote it:

    python3 verify.py FOLDER --key "NAME+ID+KEY"      (a copy of this archive; the key from elsewhere)

keys/NNNN.note                   密钥沿革: which key the house signs with, each introduced by the one before
journals/<dossier>/<epoch>/      一个案卷的留痕: one dossier's journal
  entries/<first>-<count>.ndjson 条目: the exact bytes of up to 256 entries (RFC 8785 JSON), a line each; of
                                 several that begin alike, the one with the highest count holds the others
  <size>-<root8>.ckpt            检查点: a C2SP signed note: origin, how many entries, root (RFC 9162)
  <size>-<root8>.tsr             时间戳: when an authority saw that checkpoint (RFC 3161), if one was asked:
                                 openssl ts -verify -in F.tsr -data F.ckpt -CAfile ITS-ROOT.pem
  restore.note                   恢复说明: from the second epoch on, why it began and from which tree
originals/<dossier>/<sha256>.json 原件登记: an original of this digest and size was verified at rest

leaf = SHA-256(0x00 || line without its newline); node = SHA-256(0x01 || left || right).
Each entry names the leaf of the one before it (prev), and SHA-256(salt || contents) of its contents,
which are not here: they may have to be erased by law. 内容不在此处，可依法删除。
It says "unchanged since", not "true". 证明未被更改，不证明属实。
"""
BUNDLE = re.compile(r"(\d{12})-(\d{3})\.ndjson")


def journal_folder(dossier: str, epoch: int) -> str:
    """Where one epoch of a journal lies."""
    return archive_key("journals", dossier, f"{epoch:04d}")


def bundle_key(dossier: str, epoch: int, first: int, count: int) -> str:
    """Where `count` entries from the `first` (from 0) lie."""
    return archive_key("journals", dossier, f"{epoch:04d}", "entries", f"{first:012d}-{count:03d}.ndjson")


def checkpoint_key(dossier: str, epoch: int, size: int, root: bytes) -> str:
    """Where a checkpoint lies."""
    return archive_key("journals", dossier, f"{epoch:04d}", f"{size:012d}-{root.hex()[:8]}.ckpt")


def stamp_key(checkpoint: str) -> str:
    """Where the stamp of a checkpoint lies: beside it."""
    return archive_key(checkpoint.removesuffix(".ckpt") + ".tsr")


def restore_key(dossier: str, epoch: int) -> str:
    """Where the explanation of an epoch lies."""
    return archive_key("journals", dossier, f"{epoch:04d}", "restore.note")


def key_key(no: int) -> str:
    """Where the introduction of the `no`-th key lies."""
    return archive_key("keys", f"{no:04d}.note")


def original_note_key(dossier: str, sha256: str) -> str:
    """Where it is registered that an original rests in the store."""
    return archive_key("originals", dossier, f"{sha256}.json")


def due(size: int, begun: int, held: dict[int, int]) -> list[tuple[int, int]]:
    """(tile, count) of the bundles that a journal of `size` entries lacks, from the tile in which its
    epoch began; `held` says how many entries each bundle in the archive has, by its first.
    """
    wanted = ((tile, min(TILE, size - tile * TILE)) for tile in range(begun // TILE, -(-size // TILE)))
    return [(tile, count) for tile, count in wanted if held.get(tile * TILE, 0) < count]
