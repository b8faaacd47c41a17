"""The one-file verifier: it takes what the house signed, and refuses every changed bit of it."""

import ast
import hashlib
import os
import random
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import verifier
from sync.notes import Signer

from .forge import DOSSIER, HOUSE, Forge, introduction

PROGRAM = Path(verifier.__file__)


def judged(where: Path, key: str | None = None) -> tuple[int, str]:
    code, lines = verifier.judged(lambda: verifier.Given(where), key)
    return code, "\n".join(lines)


@pytest.fixture
def case(tmp_path: Path) -> tuple[Forge, Path]:
    forge, data = Forge(), b"a photograph"
    digest = hashlib.sha256(data).hexdigest()
    forge.enter(6)
    forge.enter(1, kind="photo", after={"sha256": digest})
    return forge, forge.case(tmp_path / "case", {f"{digest}.jpg": data})


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Forge, Path]:
    forge = Forge()
    forge.enter(20)
    return forge, forge.archive(tmp_path / "archive", tile=8)


def test_it_is_one_file_of_400_lines_and_imports_nothing_of_ours() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    names = {
        (n.names[0].name if isinstance(n, ast.Import) else n.module or "").split(".")[0]
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Import | ast.ImportFrom)
    }
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_case_is_accepted_as_a_folder_and_as_a_zip(case: tuple[Forge, Path]) -> None:
    _, folder = case
    packed = Path(shutil.make_archive(str(folder), "zip", folder))
    for where in (folder, packed):
        code, said = judged(where)
        assert code == 0, said
        assert "7 条目 entries" in said and "1 原件 originals" in said and "OK" in said


def test_every_changed_bit_of_a_case_is_refused(case: tuple[Forge, Path]) -> None:
    """Every byte of the small files, 60 of each larger one, a random bit each."""
    _, folder = case
    rnd = random.Random(7)
    for file in (p for p in folder.rglob("*") if p.is_file()):
        whole = file.read_bytes()
        places = range(len(whole)) if len(whole) < 60 else rnd.sample(range(len(whole)), 60)
        for at in places:
            flipped = bytes([whole[at] ^ (1 << rnd.randrange(8))])
            file.write_bytes(whole[:at] + flipped + whole[at + 1 :])
            code, said = judged(folder)
            assert code == 1, (file.name, at, said)
        file.write_bytes(whole)
    assert judged(folder)[0] == 0


def test_what_is_missing_or_too_much_is_named(case: tuple[Forge, Path]) -> None:
    _, folder = case
    (folder / "note.txt").write_text("added later")
    assert judged(folder)[1].startswith("不通过 FAILED: not in the manifest: note.txt")
    (folder / "note.txt").unlink()
    (folder / "index.html").unlink()
    assert "missing or changed: index.html" in judged(folder)[1]


def test_a_case_without_its_manifest_is_no_empty_archive(case: tuple[Forge, Path]) -> None:
    """Found by flipping bits of a ZIP's list of names: it passed as an archive without journals."""
    _, folder = case
    (folder / "manifest.note").rename(folder / "majifest.note")
    assert judged(folder)[0] == 1
    (folder / "manifest.json").rename(folder / "majifest.json")
    assert judged(folder)[0] == 1


def test_who_packs_a_case_anew_with_another_key_is_found_by_the_key_that_one_has(
    case: tuple[Forge, Path], tmp_path: Path
) -> None:
    forge, folder = case
    assert judged(folder, forge.signer.verifier.text)[0] == 0
    other = Forge()
    other.enter(3)
    forged = other.case(tmp_path / "forged")
    assert judged(forged)[0] == 0  # it agrees with itself: that is why the key is compared
    code, said = judged(forged, forge.signer.verifier.text)
    assert code == 1 and "none of this house's" in said


def test_a_key_that_was_not_introduced_by_the_one_before_is_refused(case: tuple[Forge, Path]) -> None:
    forge, folder = case
    second = Signer(HOUSE, Ed25519PrivateKey.generate())
    right, alone = introduction(second, 2, forge.signer), introduction(second, 2)
    files = {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.startswith("manifest")
    }
    for note, code in ((right, 0), (alone, 1)):
        forge.seal(folder, files | {"keys/0002.note": note.encode()}, signer=second)
        assert judged(folder)[0] == code


def test_an_entry_of_another_tree_is_refused_although_the_manifest_is_signed(tmp_path: Path) -> None:
    """The house itself errs, or a thief holds its key but not its old checkpoints."""
    forge, other = Forge(), Forge()
    forge.enter(5)
    other.signer = forge.signer
    other.enter(4)
    other.enter(1, after={"title": "别的"})
    folder = forge.case(tmp_path / "case")
    files = {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.startswith("manifest")
    }
    forge.seal(folder, files | {"checkpoint.note": other.checkpoint().encode()})
    code, said = judged(folder)
    assert code == 1 and "entry 1: it is not under the checkpoint" in said


def test_an_archive_links_and_every_checkpoint_is_of_it(archive: tuple[Forge, Path]) -> None:
    _, folder = archive
    code, said = judged(folder)
    assert code == 0 and "20 entries link, 20 已封存 sealed" in said


TAMPERING: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "edit": lambda e: [e[0].replace(b"issue", b"ussie"), *e[1:]],
    "delete": lambda e: [e[0], *e[2:]],
    "insert": lambda e: [e[0], e[0], *e[1:]],
    "swap": lambda e: [e[1], e[0], *e[2:]],
    "cut": lambda e: e[:-1],
}


@pytest.mark.parametrize("act", TAMPERING)
@pytest.mark.parametrize("bundle", [0, 1, 2])
def test_a_bundle_that_was_tampered_with_is_named(archive: tuple[Forge, Path], act: str, bundle: int) -> None:
    _, folder = archive
    file = sorted((folder / "journals" / DOSSIER / "0001" / "entries").iterdir())[bundle]
    file.write_bytes(b"".join(e + b"\n" for e in TAMPERING[act](file.read_bytes().splitlines())))
    code, said = judged(folder)
    assert code == 1 and DOSSIER in said


def test_a_history_that_was_rebuilt_whole_contradicts_the_checkpoint_that_is_kept(
    archive: tuple[Forge, Path], tmp_path: Path
) -> None:
    """All hashes anew: the chain links, but what was signed before does not agree."""
    forge, folder = archive
    forged = Forge(forge.signer)
    forged.enter(3)
    forged.enter(1, after={"title": "改过"})
    forged.enter(16)
    other = forged.archive(tmp_path / "rebuilt", tile=8)
    home = Path("journals") / DOSSIER / "0001"
    for kept in (folder / home).glob("*.ckpt"):
        shutil.copy(kept, other / home / kept.name)
    code, said = judged(other)
    assert code == 1 and "not those that were signed" in said


def test_a_bundle_that_grew_stands_beside_the_shorter_one(archive: tuple[Forge, Path]) -> None:
    forge, folder = archive
    entries = folder / "journals" / DOSSIER / "0001" / "entries"
    (entries / "000000000016-002.ndjson").write_bytes(b"".join(e + b"\n" for e in forge.entries[16:18]))
    assert judged(folder)[0] == 0


def test_it_runs_on_an_empty_machine(case: tuple[Forge, Path], tmp_path: Path) -> None:
    """A8: a bare Python, an empty folder, the file alone; nothing of ours, and no `cryptography`."""
    _, folder = case
    venv.create(tmp_path / "bare", with_pip=False)
    shutil.copy(PROGRAM, tmp_path / "verify.py")
    line = [str(tmp_path / "bare" / "bin" / "python"), "-I", "verify.py", str(folder)]
    probe = subprocess.run(
        [line[0], "-I", "-c", "import cryptography"], capture_output=True, cwd=tmp_path, check=False
    )
    assert probe.returncode == 1, "the bare Python is not bare"
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    assert (done.returncode, "OK" in done.stdout) == (0, True), done
    file = folder / "checkpoint.note"
    file.write_bytes(file.read_bytes()[:-10] + b"A" + file.read_bytes()[-9:])
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    assert (done.returncode, "FAILED" in done.stdout) == (1, True), done


def test_nothing_to_check_is_said_and_is_no_pass(tmp_path: Path) -> None:
    assert judged(tmp_path)[0] == 2
    (tmp_path / "x.zip").write_bytes(b"PK")
    assert judged(tmp_path / "x.zip")[0] == 1
    assert judged(tmp_path / "absent")[0] == 2


def test_its_own_arithmetic_agrees_with_the_library() -> None:
    """RFC 8032 §7.1's first vectors, and 20 keys against `cryptography`, right and wrong."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert verifier._ed25519_plain(public, signature, b"")
    for n in range(20):
        key, text = Ed25519PrivateKey.generate(), os.urandom(7 * n)
        own, made = key.public_key().public_bytes_raw(), key.sign(text)
        at, bit = n % 64, 1 << (n % 8)
        wrong = made[:at] + bytes([made[at] ^ bit]) + made[at + 1 :]
        for said, right in ((made, True), (wrong, False)):
            assert verifier._ed25519_plain(own, said, text) is right
            assert verifier.ed25519(own, said, text) is right
        assert not verifier._ed25519_plain(own, made, text + b"x")
