"""Notes are read strictly: what one letter has changed nobody takes for signed."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import notes, tree
from sync.canonical import entry_hash
from sync.notes import Checkpoint, NotANote, NotTrusted, Proof, Signer, Verifier

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "notes.json").read_text())
ORIGIN = "xunjian.example/project:wj-01/1"
OURS = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THEIRS = Signer("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
LEAVES = [entry_hash(b"%d" % n) for n in range(21)]
CHECKPOINT = Checkpoint(ORIGIN, 21, tree.root_of(LEAVES))


def signed() -> str:
    return CHECKPOINT.sign(OURS)


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda c: c["name"])
def test_notes_of_others_are_read(case: dict) -> None:
    key = notes.verifier(case["key"])
    assert key.text == case["key"]
    assert notes.verified(case["note"], [key]).text == case["text"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda c: c["name"])
def test_notes_that_are_none_or_not_by_the_key_are_refused(case: dict) -> None:
    with pytest.raises((NotANote, NotTrusted)):
        notes.verified_checkpoint(case["note"], case["origin"], [notes.verifier(case["key"])])


def test_the_same_checkpoint_is_signed_in_the_same_bytes_everywhere() -> None:
    made = VECTORS["made"]
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(made["private"]))
    told = Checkpoint(made["origin"], made["size"], bytes.fromhex(made["root"]))
    assert told.sign(Signer("any name", private)) == made["note"]
    key = notes.verifier(made["key"])
    assert notes.verified_checkpoint(made["note"], made["origin"], [key]) == told
    told_of = made["proof"]
    path = tuple(notes.hashes(told_of["hashes"]))
    assert Proof(told_of["index"], path, made["note"], bytes.fromhex(told_of["extra"])).text == made["file"]


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    assert notes.verified_checkpoint(signed(), ORIGIN, [OURS.verifier]) == CHECKPOINT


def test_a_checkpoint_with_any_one_bit_changed_is_refused() -> None:
    whole = signed().encode()
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            text = changed.decode()
        except UnicodeDecodeError:
            continue
        with pytest.raises((NotANote, NotTrusted)):
            notes.verified_checkpoint(text, ORIGIN, [OURS.verifier])


def test_another_journals_checkpoint_does_not_pass_for_this_ones() -> None:
    other = Checkpoint("xunjian.example/project:x9/1", 21, CHECKPOINT.root).sign(OURS)
    with pytest.raises(NotTrusted):
        notes.verified_checkpoint(other, ORIGIN, [OURS.verifier])
    disguised = notes.sign(Checkpoint("xunjian.example/project:x9/1", 21, CHECKPOINT.root).text, [OURS])
    with pytest.raises(NotTrusted, match="x9"):
        notes.verified_checkpoint(disguised, ORIGIN, [OURS.verifier])


def test_signatures_of_others_are_passed_over_and_prove_nothing() -> None:
    both = notes.sign(CHECKPOINT.text, [THEIRS, OURS])
    assert notes.verified_checkpoint(both, ORIGIN, [OURS.verifier]) == CHECKPOINT
    alone = notes.sign(CHECKPOINT.text, [THEIRS])
    with pytest.raises(NotTrusted, match="no key that is trusted"):
        notes.verified(alone, [OURS.verifier])


def test_a_wrong_signature_by_a_trusted_key_spoils_the_note() -> None:
    both = notes.sign(CHECKPOINT.text, [OURS, THEIRS])
    wrong = notes.sign("another text\n", [THEIRS]).split("\n")[-2]
    spoiled = both.replace(both.split("\n")[-2], wrong)
    with pytest.raises(NotTrusted, match=r"witness\.example is wrong"):
        notes.verified(spoiled, [OURS.verifier, THEIRS.verifier])


def test_an_algorithm_that_is_not_known_verifies_nothing() -> None:
    unknown = Verifier(ORIGIN, OURS.verifier.public, algorithm=6)
    assert notes.verifier(unknown.text) == unknown
    assert not unknown.verifies(bytes(64), b"text\n")
    assert unknown.id != OURS.verifier.id


@pytest.mark.parametrize(
    "line",
    [
        "name",
        "name+00000000",
        f"{ORIGIN}+00000000+{notes.spelled([b'x' * 33])[0]}",
        OURS.verifier.text.replace("+A", "+B", 1),
        OURS.verifier.text + "=",
        "a b+00000000+AA==",
    ],
)
def test_a_keys_line_that_contradicts_itself_is_refused(line: str) -> None:
    with pytest.raises(NotANote):
        notes.verifier(line)


@pytest.mark.parametrize("text", ["no newline", "", "bell\x07\n", "tab\t\n", "half \ud800\n"])
def test_what_is_no_text_of_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(NotANote):
        notes.sign(text, [OURS])


def test_a_note_has_a_signer_whose_name_can_stand_in_it() -> None:
    with pytest.raises(NotANote, match="signed by somebody"):
        notes.sign("text\n", [])
    for name in ("", "a b", "a+b", "a\u3000b"):
        with pytest.raises(NotANote, match="name"):
            notes.sign("text\n", [OURS.renamed(name)])


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n21\n",
        f"{ORIGIN}\n021\n{notes.spelled([bytes(32)])[0]}\n",
        f"{ORIGIN}\n-1\n{notes.spelled([bytes(32)])[0]}\n",
        f"{ORIGIN}\n２１\n{notes.spelled([bytes(32)])[0]}\n",
        f"{ORIGIN}\n21\n{notes.spelled([bytes(31)])[0]}\n",
        f"{ORIGIN}\n21\n{notes.spelled([bytes(32)])[0]}\nmore\n",
        f"\n21\n{notes.spelled([bytes(32)])[0]}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        notes.checkpoint(text)


def test_a_note_of_too_many_signatures_or_letters_is_not_read() -> None:
    with pytest.raises(NotANote, match="16 signatures"):
        notes.parse(notes.sign("text\n", [OURS] * 17))
    assert len(notes.parse(notes.sign("text\n", [OURS] * 16)).signatures) == 16
    with pytest.raises(NotANote, match="characters"):
        notes.parse(notes.sign("x" * notes.NOTE_BYTES + "\n", [OURS]))


def proven() -> Proof:
    whole = {n: LEAVES[n] for n in range(21)}

    def full(node: tree.Node) -> bytes:
        width = 1 << node.height
        return tree.root_of(whole[i] for i in range(node.number * width, (node.number + 1) * width))

    path = tuple(tree.prove(tree.inclusion_path(17, 21), full))
    return Proof(17, path, signed(), b"17")


def test_a_proof_leads_from_an_entrys_bytes_to_the_checkpoint() -> None:
    read = notes.proof(proven().text)
    assert read == proven()
    told = notes.verified_checkpoint(read.checkpoint, ORIGIN, [OURS.verifier])
    assert tree.verify_inclusion(entry_hash(read.extra), read.index, told.size, read.hashes, told.root)


def test_a_proof_without_the_entry_is_as_good_to_who_has_it() -> None:
    bare = Proof(17, proven().hashes, signed())
    assert notes.proof(bare.text) == bare
    assert "extra" not in bare.text


def holds(text: str) -> bool:
    """What a verifier does with a proof's file, and nothing else."""
    try:
        read = notes.proof(text)
        told = notes.verified_checkpoint(read.checkpoint, ORIGIN, [OURS.verifier])
    except (NotANote, NotTrusted):
        return False
    return tree.verify_inclusion(entry_hash(read.extra), read.index, told.size, read.hashes, told.root)


def test_a_proof_with_any_one_bit_changed_is_refused() -> None:
    whole = proven().text.encode()
    assert holds(whole.decode())
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            text = changed.decode()
        except UnicodeDecodeError:
            continue
        assert not holds(text), bit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 1\n\n",
        f"{notes.PROOF_HEADER}\n\n",
        f"{notes.PROOF_HEADER}\nindex 01\n\n{signed()}",
        f"{notes.PROOF_HEADER}\nindex 1\nAAAA\n\n{signed()}",
        f"{notes.PROOF_HEADER}\nextra !\nindex 1\n\n{signed()}",
        f"{notes.PROOF_HEADER}\nindex 1\n\nno checkpoint\n",
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        notes.proof(text)
