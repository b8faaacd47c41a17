"""The Merkle tree over a dossier's entries: what one hash says of all of them (RFC 6962, RFC 9162).

Pure arithmetic on SHA-256 hashes of 32 bytes. A leaf is the hash of an entry's bytes
(`canonical.entry_hash`); where the hashes of inner nodes are kept is other modules' business.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

HASH = 32  # bytes of a SHA-256
TILE_HEIGHT = 8  # C2SP tlog-tiles: a tile holds up to 256 hashes of one level
TILE = 1 << TILE_HEIGHT
EMPTY = hashlib.sha256(b"").digest()  # RFC 9162 §2.1.1: the root of the tree without leaves
_NODE = b"\x01"

Span = tuple[int, int]  # the leaves from the first up to, but without, the second


class Node(NamedTuple):
    """A node with a full tree of 2^height leaves under it: `number` from 0, from the left, of its height."""

    height: int
    number: int


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162 §2.1.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


class Range:
    """A compact range: the hashes of the full trees under a tree's right edge, the largest first.

    As many as `size` has bits set, so at most 40 for a million million leaves; from them the root
    follows, and the next leaf is added, without any other hash.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size, self.peaks = size, list(peaks)
        if size < 0 or len(self.peaks) != size.bit_count() or any(len(p) != HASH for p in self.peaks):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks of {HASH} bytes")

    @classmethod
    def load(cls, size: int, data: bytes) -> "Range":
        """From the bytes of `dump`. Raises ValueError where they do not fit the size."""
        return cls(size, [data[i : i + HASH] for i in range(0, len(data), HASH)])

    def dump(self) -> bytes:
        """The peaks one after the other; their number follows from the size."""
        return b"".join(self.peaks)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves at the right; one node hash a leaf, on the average."""
        sha256, peaks, size = hashlib.sha256, self.peaks, self.size
        for leaf in leaves:
            peak, rest = leaf, size
            while rest & 1:
                peak = sha256(_NODE + peaks.pop() + peak).digest()
                rest >>= 1
            peaks.append(peak)
            size += 1
        self.size = size

    def merge(self, root: bytes, height: int) -> None:
        """Add a full tree of 2^height leaves at the right, known by its root.

        Raises ValueError where the tree does not end at a multiple of 2^height: such a tree would not
        be one node.
        """
        if self.size & ((1 << height) - 1):
            raise ValueError(f"no tree of 2^{height} leaves can follow {self.size} leaves")
        peak, rest = root, self.size >> height
        while rest & 1:
            peak = node_hash(self.peaks.pop(), peak)
            rest >>= 1
        self.peaks.append(peak)
        self.size += 1 << height

    def root(self) -> bytes:
        """The hash of the whole tree (MTH of RFC 9162 §2.1.1)."""
        return bag(self.peaks)


def bag(peaks: Sequence[bytes]) -> bytes:
    """The root over full trees of falling size, the largest first."""
    if not peaks:
        return EMPTY
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaves; what everything else here must agree with."""
    whole = Range()
    whole.extend(leaves)
    return whole.root()


# ---------------------------------------------------------------- which hashes a proof is made of
def inclusion_path(index: int, size: int) -> list[Span]:
    """The spans of leaves whose hashes prove leaf `index` in a tree of `size`, the leaf's sibling first
    (PATH of RFC 9162 §2.1.3.1). Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(first: int, second: int) -> list[Span]:
    """The spans of leaves whose hashes prove that a tree of `second` leaves begins with the tree of its
    first `first` (SUBPROOF of RFC 9162 §2.1.4.1); none where either tree says it by itself.

    Raises ValueError where the second is smaller.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} does not begin with one of {first}")
    if first in (0, second):
        return []
    path: list[Span] = []
    start, end, known = 0, second, True  # whether the tree from `start` is what the verifier holds
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, known = middle, False
    return ([] if known else [(start, end)]) + path[::-1]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 9162 parts a tree."""
    return 1 << ((size - 1).bit_length() - 1)


def nodes(span: Span) -> list[Node]:
    """The full trees that a span of a path is made of, the largest first."""
    start, end = span
    found = []
    while start < end:
        # No larger than what is left, and no larger than where it starts allows.
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        found.append(Node(height, start >> height))
        start += 1 << height
    return found


def prove(path: Sequence[Span], hashes: Callable[[Node], bytes]) -> list[bytes]:
    """The hashes of a proof, given those of full trees."""
    return [bag([hashes(node) for node in nodes(span)]) for span in path]


# -------------------------------------------------------------------------------- tiles of hashes
class Place(NamedTuple):
    """Where a node's full tree stands in tiles: `width` hashes from `start` in a tile of a level."""

    level: int
    tile: int
    start: int
    width: int


def place(node: Node) -> Place:
    """The tile and the hashes in it from which a node is computed (C2SP tlog-tiles): level L holds the
    hashes of nodes of height 8·L.
    """
    level, inside = divmod(node.height, TILE_HEIGHT)
    first = node.number << inside
    return Place(level, first >> TILE_HEIGHT, first & (TILE - 1), 1 << inside)


def full_root(hashes: bytes, start: int, width: int) -> bytes:
    """The node over `width` hashes (a power of two) from the `start`-th of a tile's bytes.

    Raises ValueError where the tile does not hold so many.
    """
    row = [hashes[i * HASH : (i + 1) * HASH] for i in range(start, start + width)]
    if len(hashes) < (start + width) * HASH:
        raise ValueError(f"a tile of {len(hashes) // HASH} hashes has none up to {start + width}")
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


# ------------------------------------------------------------------------------------ verification
def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows leaf hash `leaf` as number `index` (from 0) of the tree with this size and
    root (RFC 9162 §2.1.3.2). Never raises.
    """
    if not 0 <= index < size or any(len(h) != HASH for h in proof):
        return False
    here, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            computed = node_hash(sibling, computed)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the tree of `second` leaves begins with the one of `first` leaves
    (RFC 9162 §2.1.4.2). Never raises. Equal trees and the empty one need no hashes, and take none.
    """
    if not 0 <= first <= second or any(len(h) != HASH for h in proof):
        return False
    if first == second or first == 0:
        same = first_root == (second_root if first else EMPTY)
        return same and not proof
    path = list(proof)
    if not first & (first - 1):
        path.insert(0, first_root)  # a full tree is itself the first hash
    if not path:
        return False
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, second_root)
