"""An upload in pieces: what is acknowledged stays, what is not proven does not count."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import media
from media.errors import (
    ChecksumMismatch,
    ExcessBytes,
    OffsetMismatch,
    StagingFull,
    StoreUnavailable,
    TooManyUploads,
    UploadUnknown,
)
from media.uploads import Checksum
from tests.media.sender import DEVICE, Body, sha256

MIB = 1 << 20
DATA = os.urandom(3 * MIB + 12_345)
NAMED = {"dossier": "project:p1", "record": "r1", "sha256": sha256(DATA), "filename": "图 1.jpg"}
ROOT = str(Path(media.__file__).parents[1])


def begun(uploads, data=DATA, **metadata):
    return uploads.create(DEVICE, len(data), metadata)


def staged(upload) -> bytes:
    return upload.path.read_bytes()


# -- beginning -----------------------------------------------------------------------------------


def test_the_same_file_begun_again_is_the_same_upload_where_it_stands(uploads, make_uploads):
    first = begun(uploads, **NAMED)
    uploads.append(first.id, DEVICE, 0, Body(DATA[:MIB]))
    again = begun(make_uploads(), **NAMED)
    assert (again.id, again.offset) == (first.id, MIB)
    assert again.metadata == NAMED


@pytest.mark.parametrize("key", ["dossier", "record", "sha256"])
def test_another_dossier_record_or_digest_is_another_upload(uploads, key):
    ids = {begun(uploads, **NAMED).id, begun(uploads, **{**NAMED, key: "other"}).id}
    assert len(ids) == 2


def test_an_upload_that_names_no_file_is_new_each_time(uploads):
    assert begun(uploads).id != begun(uploads).id


def test_sixteen_creations_of_one_file_make_one_upload(uploads):
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda _: begun(uploads, **NAMED).id, range(16)))
    assert len(ids) == 1
    assert len(uploads.open_uploads(DEVICE)) == 1


def test_a_corrected_length_begins_the_file_anew(uploads):
    uploads.create(DEVICE, 10, NAMED)
    corrected = begun(uploads, **NAMED)
    assert (corrected.length, corrected.offset) == (len(DATA), 0)


def test_a_stranger_finds_nothing_and_changes_nothing(uploads):
    upload = begun(uploads, **NAMED)
    for act in (
        lambda: uploads.find(upload.id, "device-2"),
        lambda: uploads.append(upload.id, "device-2", 0, Body(DATA)),
        lambda: uploads.terminate(upload.id, "device-2"),
    ):
        with pytest.raises(UploadUnknown):
            act()
    assert uploads.find(upload.id, DEVICE).offset == 0
    assert uploads.create("device-2", len(DATA), NAMED).id != upload.id


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 32 + "\n"])
def test_a_name_that_is_no_id_never_reaches_the_disk(uploads, name):
    with pytest.raises(UploadUnknown):
        uploads.find(name, DEVICE)


def test_a_path_in_place_of_an_id_does_not_lead_to_a_strangers_upload(uploads):
    upload = begun(uploads)
    uploads.create("device-2", 1, {})
    with pytest.raises(UploadUnknown):
        uploads.find(f"../{upload.path.parent.name}/{upload.id}", "device-2")


def test_creations_that_race_do_not_pass_the_limit_together(make_uploads, monkeypatch):
    uploads, real = make_uploads(max_open_per_owner=3), os.fsync

    def slow(fd: int) -> None:
        time.sleep(0.01)
        real(fd)

    def begin(_: int) -> bool:
        try:
            return bool(begun(uploads))
        except TooManyUploads:
            return False

    monkeypatch.setattr(os, "fsync", slow)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(8))) == 3


# -- receiving -----------------------------------------------------------------------------------


def test_a_file_arrives_in_pieces_and_is_whole(uploads):
    upload = begun(uploads)
    for start in range(0, len(DATA), 700_000):
        upload = uploads.append(upload.id, DEVICE, start, Body(DATA[start : start + 700_000], step=65_536))
    assert upload.complete
    assert staged(upload) == DATA


def test_a_wrong_offset_changes_nothing_and_names_the_right_one(uploads):
    upload = begun(uploads)
    uploads.append(upload.id, DEVICE, 0, Body(DATA[:1000]))
    for wrong in (0, 999, 1001, len(DATA)):
        with pytest.raises(OffsetMismatch) as refusal:
            uploads.append(upload.id, DEVICE, wrong, Body(b"x"))
        assert refusal.value.details == {"offset": 1000}
    assert staged(upload) == DATA[:1000]


@pytest.mark.parametrize("checked", [False, True])
def test_of_two_senders_at_one_offset_one_wins_and_one_is_told(uploads, checked, monkeypatch):
    upload = begun(uploads)
    meet, real = threading.Barrier(2), os.write

    def slow(fd: int, data: bytes) -> int:
        time.sleep(0.05)  # the disk dwells between a sender's look at the offset and its write
        return real(fd, data)

    monkeypatch.setattr(os, "write", slow)

    def send(letter: bytes) -> str:
        body = Body(letter * MIB)
        checksum = Checksum("sha256", hashlib.sha256(letter * MIB).digest()) if checked else None

        def read(size: int) -> bytes:
            data = body(size)
            if data:
                meet.wait()  # both have passed the first look at the offset by now
            return data

        try:
            uploads.append(upload.id, DEVICE, 0, read, checksum=checksum)
        except OffsetMismatch:
            return "told"
        return "won"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, [b"a", b"b"])) == ["told", "won"]
    assert staged(upload) in (b"a" * MIB, b"b" * MIB)


def test_a_cut_in_the_middle_keeps_every_block_before_it(uploads):
    upload = begun(uploads)
    with pytest.raises(ConnectionResetError):
        uploads.append(upload.id, DEVICE, 0, Body(DATA[: 2 * MIB + 17], cut=True, step=2 * MIB))
    found = uploads.find(upload.id, DEVICE)
    assert found.offset >= 2 * MIB
    uploads.append(upload.id, DEVICE, found.offset, Body(DATA[found.offset :]))
    assert staged(upload) == DATA


def test_a_client_that_is_waited_for_holds_no_lock(uploads):
    upload = begun(uploads)
    waiting, go = threading.Event(), threading.Event()

    def half_open(size: int) -> bytes:
        waiting.set()
        go.wait(5)
        raise ConnectionResetError

    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(uploads.append, upload.id, DEVICE, 0, half_open)
        waiting.wait(5)
        assert uploads.append(upload.id, DEVICE, 0, Body(DATA)).complete
        go.set()
        assert isinstance(stuck.exception(), ConnectionResetError)


@pytest.mark.parametrize("announced", [None, len(DATA) + 1])
def test_more_than_was_declared_is_refused_and_never_written(uploads, announced):
    upload = begun(uploads)
    with pytest.raises(ExcessBytes):
        uploads.append(upload.id, DEVICE, 0, Body(DATA + b"!"), announced=announced)
    assert len(staged(upload)) <= len(DATA)
    at = uploads.find(upload.id, DEVICE).offset
    assert uploads.append(upload.id, DEVICE, at, Body(DATA[at:])).complete


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_proven_piece_counts_and_a_damaged_one_does_not(uploads, algorithm):
    upload = begun(uploads)
    checksum = Checksum(algorithm, hashlib.new(algorithm, DATA).digest())
    with pytest.raises(ChecksumMismatch) as refusal:
        uploads.append(upload.id, DEVICE, 0, Body(DATA[:-1] + b"!"), checksum=checksum)
    assert refusal.value.details == {"offset": 0}
    assert staged(upload) == b""
    uploads.append(upload.id, DEVICE, 0, Body(DATA), checksum=checksum)
    assert staged(upload) == DATA


def test_a_checked_piece_that_is_cut_or_too_long_does_not_count(uploads):
    upload = begun(uploads)
    checksum = Checksum("sha256", hashlib.sha256(DATA).digest())
    with pytest.raises(ConnectionResetError):
        uploads.append(upload.id, DEVICE, 0, Body(DATA, cut=True), checksum=checksum)
    with pytest.raises(ExcessBytes):
        uploads.append(upload.id, DEVICE, 0, Body(DATA + b"!"), checksum=checksum)
    assert staged(upload) == b""
    assert {p.suffix for p in upload.path.parent.iterdir()} == {".json", ".part", ""}


@pytest.mark.parametrize("fault", ["write", "fsync"])
@pytest.mark.parametrize("checked", [False, True])
def test_a_full_disk_tears_nothing_and_the_upload_goes_on_later(uploads, monkeypatch, fault, checked):
    upload = begun(uploads)
    uploads.append(upload.id, DEVICE, 0, Body(DATA[:MIB]))
    rest = DATA[MIB:]
    checksum = Checksum("sha1", hashlib.sha1(rest).digest()) if checked else None
    real, written = getattr(os, fault), []

    def full(fd: int, *data: bytes) -> int:
        if not str(Path(f"/proc/self/fd/{fd}").readlink()).endswith(".part"):
            return real(fd, *data)
        written.append(fd)
        if fault == "write" and len(written) == 1:
            return real(fd, data[0][:1000])  # the block is torn before the disk is full
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, fault, full)
    with pytest.raises(StagingFull) as refusal:
        uploads.append(upload.id, DEVICE, MIB, Body(rest), checksum=checksum)
    monkeypatch.undo()
    assert refusal.value.status == 507
    assert staged(upload) == DATA[:MIB]
    assert uploads.append(upload.id, DEVICE, MIB, Body(rest), checksum=checksum).complete
    assert staged(upload) == DATA


def test_a_real_file_size_limit_is_met_with_507_on_whole_blocks(tmp_path):
    script = f"""
        import resource, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from media.errors import StagingFull
        from media.uploads import Uploads
        uploads = Uploads(Path({str(tmp_path)!r}), lambda: datetime.now(UTC))
        upload = uploads.create("d", 4 << 20, {{}})
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))
        try:
            uploads.append(upload.id, "d", 0, lambda size: b"x" * min(size, 1 << 20))
        except StagingFull:
            print(uploads.find(upload.id, "d").offset)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout.strip() == str(2 * MIB), run.stderr


def test_another_fault_of_the_disk_is_not_the_phones(uploads, monkeypatch):
    upload = begun(uploads)

    def broken(fd: int, *data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(StoreUnavailable):
        uploads.append(upload.id, DEVICE, 0, Body(DATA))


def test_a_killed_process_leaves_an_equal_prefix_that_another_one_continues(tmp_path, clock):
    from media.uploads import Uploads

    data = bytes(range(256)) * 4096 * 40  # 40 MiB
    script = f"""
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from media.uploads import Uploads
        data = bytes(range(256)) * 4096 * 40
        uploads = Uploads(Path({str(tmp_path)!r}), lambda: datetime(2026, 5, 4, 8, tzinfo=UTC))
        upload = uploads.create("d", len(data), {{"dossier": "a:b", "record": "r", "sha256": "s"}})
        sent = upload.offset
        def read(size):
            global sent
            print(sent, flush=True)  # reading on means: everything before is acknowledged
            block = data[sent : sent + size]
            sent += len(block)
            return block
        uploads.append(upload.id, "d", upload.offset, read)
    """
    acknowledged = 0
    for blocks in (3, 5):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(blocks):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        child.wait()
        child.stdout.close()
        upload = Uploads(tmp_path, clock).open_uploads("d")[0]
        assert upload.offset >= acknowledged > 0
        assert staged(upload) == data[: upload.offset]
    rest = Body(data[upload.offset :])
    upload = Uploads(tmp_path, clock).append(upload.id, "d", upload.offset, rest)
    assert sha256(staged(upload)) == sha256(data)
