"""Bytes in a folder: read-only, durable by name, and nothing of a crash in their way."""

import os
from pathlib import Path

import pytest

from media.errors import StoreUnavailable
from tests.media.test_resting_bytes import DATA, DIGEST, KEY, names_in


def test_bytes_at_rest_are_read_only(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    assert (store.root / KEY).stat().st_mode & 0o777 == 0o440


def test_leftovers_of_a_crash_do_not_stand_in_the_way(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    store.drop(KEY)
    (store.root / KEY).parent.joinpath(".incoming-0").write_bytes(b"torn")
    assert store.put(KEY, file_of(DATA), sha256=DIGEST)


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


def test_a_folder_stands_where_s3_would_list_its_keys(store, file_of):
    for key in ("a/b/1", "a/b-c", "a/b0"):  # "-" < "/" < "0"
        store.put(key, file_of(DATA), sha256=DIGEST)
    (store.root / "a" / ".incoming-1").write_bytes(b"torn")
    assert [one.key for one in store.walk("a")] == ["a/b-c", "a/b/1", "a/b0"]


def test_a_disk_that_refuses_is_a_store_that_is_away(store, file_of, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable):
        store.put(KEY, file_of(DATA), sha256=DIGEST)
    monkeypatch.undo()
    assert names_in(store) == []
