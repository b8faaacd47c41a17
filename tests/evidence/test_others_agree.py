"""A2: trees and proofs are those of other people's implementations: pymerkle and sigstore.

`make proofs` draws twenty trees of up to a million entries; the suite stays below twenty thousand.
"""

import os
import random
from types import SimpleNamespace
from typing import Any

import pytest
from pymerkle import InmemoryTree, InvalidProof
from pymerkle import verify_consistency as others_consistency
from pymerkle import verify_inclusion as others_inclusion
from sigstore._internal.merkle import verify_merkle_inclusion  # pinned: no public name verifies a proof
from sigstore.errors import VerificationError

from sync import tree
from sync.canonical import entry_hash
from sync.tree import HASH, TILE, Node

MOST = int(os.environ.get("PROOFS", "20000"))
SMALL = 200


class Grown:
    """The same entries in their tree and in tiles of ours."""

    def __init__(self, size: int) -> None:
        self.theirs = InmemoryTree(algorithm="sha256")
        for number in range(size):
            self.theirs.append_entry(b"%d" % number)
        self.leaves = [entry_hash(b"%d" % n) for n in range(size)]
        self.levels = [self.leaves]
        self.known: dict[Node, bytes] = {}
        while len(self.levels[-1]) >= TILE:
            row = self.levels[-1]
            full = range(0, len(row) - TILE + 1, TILE)
            self.levels.append([tree.full_root(b"".join(row[i : i + TILE]), 0, TILE) for i in full])

    def node(self, node: Node) -> bytes:
        if node not in self.known:
            where = tree.place(node)
            tile = self.levels[where.level][where.tile * TILE : (where.tile + 1) * TILE]
            self.known[node] = tree.full_root(b"".join(tile), where.start, where.width)
        return self.known[node]

    def root(self, size: int) -> bytes:
        return tree.prove([(0, size)], self.node)[0] if size else tree.EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return tree.prove(tree.inclusion_path(index, size), self.node)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return tree.prove(tree.consistency_path(first, second), self.node)


@pytest.fixture(scope="module")
def grown() -> Grown:
    return Grown(MOST)


def sigstore_accepts(data: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    told = SimpleNamespace(log_index=index, tree_size=size, hashes=proof, root_hash=root)
    try:
        entry: Any = SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=told, canonicalized_body=data))
        verify_merkle_inclusion(entry)
    except VerificationError:
        return False
    return True


def agree(grown: Grown, index: int, first: int, size: int) -> None:
    """One entry and one older tree, in one tree: every root, path and verdict is the same."""
    root, data, leaf = grown.root(size), b"%d" % index, grown.leaves[index]
    assert grown.theirs.get_root(size) == root
    theirs = grown.theirs.prove_inclusion(index + 1, size)
    ours = grown.inclusion(index, size)
    assert theirs.serialize()["path"] == [h.hex() for h in (leaf, *ours)]
    others_inclusion(leaf, root, theirs)
    assert tree.verify_inclusion(leaf, index, size, ours, root)
    assert sigstore_accepts(data, index, size, ours, root)
    # Theirs orders the hashes of a consistency proof in its own way: the verdicts must be the same.
    before, proof = grown.root(first), grown.consistency(first, size)
    assert grown.theirs.get_root(first) == before
    others_consistency(before, root, grown.theirs.prove_consistency(first, size))
    assert tree.verify_consistency(first, before, size, root, proof)


def test_every_tree_up_to_two_hundred_agrees(grown: Grown) -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            agree(grown, index, index + 1, size)


def test_twenty_trees_drawn_by_lot_agree(grown: Grown) -> None:
    chosen = random.Random(20261127)
    for _ in range(20):
        size = chosen.randint(2, MOST)
        agree(grown, chosen.randrange(size), chosen.randint(1, size), size)


def test_what_is_refused_here_is_refused_there(grown: Grown) -> None:
    size, index = 150, 77
    root, data, leaf = grown.root(size), b"77", grown.leaves[index]
    proof = b"".join(grown.inclusion(index, size))
    for bit in range(len(proof) * 8):
        changed = bytearray(proof)
        changed[bit // 8] ^= 1 << bit % 8
        cut = [bytes(changed[i : i + HASH]) for i in range(0, len(changed), HASH)]
        assert not tree.verify_inclusion(leaf, index, size, cut, root)
        assert not sigstore_accepts(data, index, size, cut, root)
    for wrong in (index - 1, index + 1):
        ours = grown.inclusion(index, size)
        assert not tree.verify_inclusion(leaf, wrong, size, ours, root)
        assert not sigstore_accepts(data, wrong, size, ours, root)
    with pytest.raises(InvalidProof):
        others_inclusion(grown.leaves[0], root, grown.theirs.prove_inclusion(index + 1, size))
    with pytest.raises(InvalidProof):
        others_consistency(grown.root(8), root, grown.theirs.prove_consistency(9, size))
    assert not tree.verify_consistency(9, grown.root(8), size, root, grown.consistency(9, size))
