"""Bytes at rest: created once, verified on the way, and never outside the store's root."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media.errors import BadKey, BlobUnknown, BytesDiffer, DigestMismatch, StoreUnavailable
from media.files import FileStore
from media.store import original_key, rendition_key
from tests.media.sender import sha256

DATA = b"evidence " * 300_000  # 2.7 MB, so that a copy takes more than one block
DIGEST = sha256(DATA)
KEY = original_key("project:p1", DIGEST)


def files_under(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_of_sixteen_racing_writers_one_creates_and_all_find_the_bytes_at_rest(store, file_of):
    source = file_of(DATA)
    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(lambda _: store.put(KEY, source, sha256=DIGEST), range(16)))
    assert sorted(created) == [False] * 15 + [True]
    assert store.open(KEY).read() == DATA
    assert files_under(store.root) == [KEY]  # no temporary file stays behind


def test_bytes_at_rest_are_read_only_and_have_their_own_life(store, file_of):
    source = file_of(DATA)
    store.put(KEY, source, sha256=DIGEST)
    assert (store.root / KEY).stat().st_mode & 0o777 == 0o440
    source.write_bytes(b"changed in staging")
    assert store.open(KEY).read() == DATA


def test_a_wrong_digest_is_refused_and_leaves_nothing(store, file_of):
    with pytest.raises(DigestMismatch) as refusal:
        store.put(KEY, file_of(DATA[:-1] + b"!"), sha256=DIGEST)
    assert refusal.value.remedy == "retry" and refusal.value.final
    assert store.has(KEY) is None
    assert files_under(store.root) == []


def test_other_bytes_under_a_taken_key_are_refused_and_the_first_ones_stay(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    with pytest.raises(BytesDiffer):
        store.put(KEY, file_of(b"short"), sha256=sha256(b"short"))
    assert store.has(KEY) == len(DATA)


def test_leftovers_of_a_crash_do_not_stand_in_the_way(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    store.drop(KEY)
    (store.root / KEY).parent.joinpath(".incoming-0").write_bytes(b"torn")
    assert store.put(KEY, file_of(DATA), sha256=DIGEST)


def test_a_range_is_read_and_nothing_beyond_it(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    with store.open(KEY, 5, 15) as part:
        assert part.read() == DATA[5:15]
    with store.open(KEY, len(DATA) - 3) as tail:
        assert tail.read(100) == DATA[-3:]
    with store.open(KEY, 10, 5) as nothing:
        assert nothing.read() == b""


def test_what_is_not_there_is_said_to_be_unknown_and_may_be_dropped_twice(store):
    assert store.has(KEY) is None
    with pytest.raises(BlobUnknown):
        store.open(KEY)
    store.drop(KEY)
    store.drop(KEY)


def test_every_new_name_on_the_way_to_the_file_is_synced(store, file_of, monkeypatch):
    synced = set()
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.add(Path(f"/proc/self/fd/{fd}").readlink())
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    above = (store.root / KEY).parents
    assert {above[depth] for depth in range(6)} <= synced  # from the file's folder to the root's


def test_a_disk_that_refuses_is_a_store_that_is_away(store, file_of, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable):
        store.put(KEY, file_of(DATA), sha256=DIGEST)
    monkeypatch.undo()
    assert files_under(store.root) == []


@pytest.mark.parametrize(
    "dossier",
    ["", "project", "project:", "Project:p", "project:..", "project:a..b", "project:a/b",
     "project:a\n", "../x:y", "project:" + "a" * 81, "project:图"],
)  # fmt: skip
def test_a_hostile_dossier_makes_no_key(dossier):
    with pytest.raises(BadKey):
        original_key(dossier, DIGEST)


@pytest.mark.parametrize("digest", ["", DIGEST.upper(), DIGEST[:-1], DIGEST + "\n", "../" + DIGEST])
def test_a_hostile_digest_makes_no_key(digest):
    with pytest.raises(BadKey):
        original_key("project:p1", digest)
    with pytest.raises(BadKey):
        rendition_key("project:p1", digest, "320", "jpg")


@pytest.mark.parametrize(("profile", "ext"), [("..", "jpg"), ("a/b", "jpg"), ("320", "../x")])
def test_a_hostile_profile_makes_no_key(profile, ext):
    with pytest.raises(BadKey):
        rendition_key("project:p1", DIGEST, profile, ext)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../out", "media/../../out", "a//b", "a/.hidden", "a\0b", "a/b/"]
)
def test_no_key_leaves_the_root_whatever_verb_it_comes_with(store: FileStore, file_of, key):
    source = file_of(DATA)
    for verb in (store.has, store.open, store.drop, lambda k: store.put(k, source, sha256=DIGEST)):
        with pytest.raises(BadKey):
            verb(key)


def test_keys_are_named_by_content_inside_their_dossier():
    assert f"media/project:p1/o/{DIGEST[:2]}/{DIGEST}" == KEY
    assert rendition_key("project:p1", DIGEST, "320", "jpg") == (f"media/project:p1/r/{DIGEST}/320.jpg")
