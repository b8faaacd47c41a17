"""The tree says of many entries, with one hash, what no other entries could make it say."""

import json
import random
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import tree
from sync.canonical import entry_hash
from sync.tree import EMPTY, HASH, TILE, Node, Range, node_hash

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "tree.json").read_text())
LEAVES = [sha256(b"%d" % n).digest() for n in range(700)]
EXAMPLE = [entry_hash(bytes.fromhex(e)) for e in VECTORS["entries"]]


def plain_root(leaves: list[bytes]) -> bytes:
    """MTH, word for word as RFC 9162 §2.1.1 defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(plain_root(leaves[:k]), plain_root(leaves[k:]))


def full_tree(node: Node) -> bytes:
    width = 1 << node.height
    return plain_root(LEAVES[node.number * width : (node.number + 1) * width])


def inclusion(index: int, size: int) -> list[bytes]:
    return tree.prove(tree.inclusion_path(index, size), full_tree)


def consistency(first: int, second: int) -> list[bytes]:
    return tree.prove(tree.consistency_path(first, second), full_tree)


def test_the_roots_are_those_of_certificate_transparency() -> None:
    for size, root in enumerate(VECTORS["roots"]):
        assert tree.root_of(EXAMPLE[:size]).hex() == root


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda c: f"{c['index']}-of-{c['size']}")
def test_the_vectors_of_inclusion(case: dict) -> None:
    proof, size = [bytes.fromhex(h) for h in case["proof"]], case["size"]
    leaf, root = EXAMPLE[case["index"]], bytes.fromhex(VECTORS["roots"][size])
    assert tree.verify_inclusion(leaf, case["index"], size, proof, root)
    assert not tree.verify_inclusion(leaf, case["index"], size, [*proof, root], root)


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda c: f"{c['first']}-{c['second']}")
def test_the_vectors_of_consistency(case: dict) -> None:
    first, second = case["first"], case["second"]
    roots = [bytes.fromhex(VECTORS["roots"][n]) for n in (first, second)]
    proof = [bytes.fromhex(h) for h in case["proof"]]
    assert tree.verify_consistency(first, roots[0], second, roots[1], proof)


def test_every_size_has_the_root_that_the_standard_defines() -> None:
    growing = Range()
    for size in range(300):
        assert growing.root() == plain_root(LEAVES[:size]), size
        growing.extend([LEAVES[size]])


def test_a_range_that_was_kept_goes_on_as_if_it_had_never_been_put_away() -> None:
    whole = Range()
    whole.extend(LEAVES)
    for size in (0, 1, 2, 255, 256, 257, 699):
        begun = Range()
        begun.extend(LEAVES[:size])
        kept = Range.load(size, begun.dump())
        kept.extend(LEAVES[size:])
        assert (kept.size, kept.root()) == (whole.size, whole.root())


def test_a_range_has_as_many_peaks_as_its_size_says_or_is_none() -> None:
    for size, data in ((3, bytes(HASH)), (0, bytes(HASH)), (1, b""), (1, bytes(HASH - 1)), (-1, b"")):
        with pytest.raises(ValueError, match="peaks"):
            Range.load(size, data)


def test_full_trees_are_merged_where_one_can_follow_and_refused_elsewhere() -> None:
    whole, parts = Range(), Range()
    whole.extend(LEAVES[: 2 * TILE + 4])
    for number in range(2):
        parts.merge(full_tree(Node(8, number)), 8)
    parts.merge(plain_root(LEAVES[2 * TILE : 2 * TILE + 4]), 2)
    assert (parts.size, parts.root(), parts.peaks) == (whole.size, whole.root(), whole.peaks)
    with pytest.raises(ValueError, match="can follow"):
        parts.merge(bytes(HASH), 8)


def test_every_entry_of_every_tree_up_to_200_is_proven_and_nothing_else() -> None:
    for size in range(1, 201):
        root = plain_root(LEAVES[:size])
        for index in range(size):
            proof = inclusion(index, size)
            assert tree.verify_inclusion(LEAVES[index], index, size, proof, root), (index, size)
            assert not tree.verify_inclusion(LEAVES[index + 1], index, size, proof, root)
            # Another place may pass only where its way up is the same, and then its leaf differs.
            assert not tree.verify_inclusion(LEAVES[index], index, size, proof[:-1], root) or not proof


def test_every_tree_up_to_100_begins_with_every_smaller_one() -> None:
    roots = [plain_root(LEAVES[:n]) for n in range(101)]
    for second in range(101):
        for first in range(second + 1):
            proof = consistency(first, second)
            assert tree.verify_consistency(first, roots[first], second, roots[second], proof), (first, second)
            if 0 < first < second:
                assert not tree.verify_consistency(first, roots[first - 1], second, roots[second], proof)
                assert not tree.verify_consistency(first, roots[first], second, roots[second - 1], proof)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_proof_with_any_one_bit_changed_is_refused() -> None:
    size, index, first = 77, 42, 35
    root, before = plain_root(LEAVES[:size]), plain_root(LEAVES[:first])
    one, two = b"".join(inclusion(index, size)), b"".join(consistency(first, size))

    def cut(data: bytes) -> list[bytes]:
        return [data[i : i + HASH] for i in range(0, len(data), HASH)]

    assert tree.verify_inclusion(LEAVES[index], index, size, cut(one), root)
    assert tree.verify_consistency(first, before, size, root, cut(two))
    for bit in range(len(one) * 8):
        assert not tree.verify_inclusion(LEAVES[index], index, size, cut(flipped(one, bit)), root)
    for bit in range(len(two) * 8):
        assert not tree.verify_consistency(first, before, size, root, cut(flipped(two, bit)))
    for bit in range(HASH * 8):
        assert not tree.verify_inclusion(flipped(LEAVES[index], bit), index, size, cut(one), root)
        assert not tree.verify_inclusion(LEAVES[index], index, size, cut(one), flipped(root, bit))
        assert not tree.verify_consistency(first, flipped(before, bit), size, root, cut(two))
        assert not tree.verify_consistency(first, before, size, flipped(root, bit), cut(two))


@pytest.mark.parametrize("sizes", [(-1, 5), (6, 5), (0, -1)])
def test_what_no_tree_can_be_is_refused(sizes: tuple[int, int]) -> None:
    first, second = sizes
    assert not tree.verify_consistency(first, bytes(HASH), second, bytes(HASH), [])
    assert not tree.verify_inclusion(bytes(HASH), max(first, second), second, [], bytes(HASH))
    with pytest.raises(ValueError, match="begin"):
        tree.consistency_path(first, second)
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion_path(second, second)


def test_trees_that_need_no_proof_take_none() -> None:
    root = plain_root(LEAVES[:9])
    assert tree.verify_consistency(9, root, 9, root, [])
    assert tree.verify_consistency(0, EMPTY, 9, root, [])
    assert not tree.verify_consistency(9, root, 9, root, [root])
    assert not tree.verify_consistency(0, EMPTY, 9, root, [root])
    assert not tree.verify_consistency(0, root, 9, root, [])
    assert not tree.verify_consistency(9, plain_root(LEAVES[:8]), 9, root, [])
    assert not tree.verify_consistency(3, plain_root(LEAVES[:3]), 9, root, [])


def test_a_proof_that_stops_below_the_root_is_refused() -> None:
    """The hashes agree, and the tree is said to be larger than they reach."""
    two, three = plain_root(LEAVES[:2]), plain_root(LEAVES[:3])
    assert tree.verify_consistency(2, two, 3, three, consistency(2, 3))
    assert not tree.verify_consistency(2, two, 8, three, consistency(2, 3))
    assert not tree.verify_inclusion(LEAVES[0], 0, 8, inclusion(0, 3), three)


def test_hashes_of_another_length_are_refused() -> None:
    proof, root = inclusion(3, 8), plain_root(LEAVES[:8])
    assert not tree.verify_inclusion(LEAVES[3], 3, 8, [proof[0][:-1], *proof[1:]], root)
    assert not tree.verify_consistency(3, root, 8, root, [b""])


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_proof_is_short_however_long_the_journal(one: int, other: int) -> None:
    first, second = sorted((one, other + 1))
    assert len(tree.inclusion_path(min(first, second - 1), second)) <= 41
    assert len(tree.consistency_path(first, second)) <= 42


@given(st.data())
def test_the_spans_of_a_path_and_its_leaf_make_up_the_whole_tree(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 5_000))
    index = data.draw(st.integers(0, size - 1))
    spans = sorted([*tree.inclusion_path(index, size), (index, index + 1)])
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == size


def tiles() -> dict[tuple[int, int], bytes]:
    """The tiles of all leaves: level 0, and of level 1 the roots of its full tiles."""
    found = {(0, n): b"".join(LEAVES[n * TILE : (n + 1) * TILE]) for n in range(3)}
    found[1, 0] = b"".join(full_tree(Node(8, n)) for n in range(len(LEAVES) // TILE))
    return found


def test_every_node_of_a_proof_is_found_in_the_tiles() -> None:
    held, chosen = tiles(), random.Random(7)

    def from_tiles(node: Node) -> bytes:
        where = tree.place(node)
        return tree.full_root(held[where.level, where.tile], where.start, where.width)

    for _ in range(300):
        second = chosen.randint(1, len(LEAVES))
        first = chosen.randint(0, second)
        index = chosen.randrange(second)
        assert tree.prove(tree.inclusion_path(index, second), from_tiles) == inclusion(index, second)
        assert tree.prove(tree.consistency_path(first, second), from_tiles) == consistency(first, second)


def test_a_tile_that_is_too_short_is_said_to_be() -> None:
    with pytest.raises(ValueError, match="has none up to 4"):
        tree.full_root(bytes(3 * HASH), 0, 4)
