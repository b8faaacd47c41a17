"""An upload's bounds and its end: how much, how long, who brings it to rest, who forgets it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from media.errors import (
    BadUpload,
    DigestMismatch,
    ExcessBytes,
    OffsetMismatch,
    SizeMismatch,
    StoreUnavailable,
    TooManyUploads,
    UploadExpired,
    UploadTooLarge,
    UploadUnknown,
)
from tests.media.sender import DEVICE, Body, sha256

MIB = 1 << 20
DATA = os.urandom(3 * MIB + 12_345)
NAMED = {"dossier": "project:p1", "record": "r1", "sha256": sha256(DATA), "filename": "图 1.jpg"}


def begun(uploads, data=DATA, **metadata):
    return uploads.create(DEVICE, len(data), metadata)


def staged(upload) -> bytes:
    return upload.path.read_bytes()


# -- limits and length ---------------------------------------------------------------------------


def test_a_file_above_the_limit_is_refused_with_or_without_a_declared_length(make_uploads):
    uploads = make_uploads(max_size=1000)
    with pytest.raises(UploadTooLarge) as refusal:
        uploads.create(DEVICE, 1001, {})
    assert refusal.value.details == {"limit": 1000}
    deferred = uploads.create(DEVICE, None, {})
    with pytest.raises(UploadTooLarge):
        uploads.append(deferred.id, DEVICE, 0, Body(b"x" * 1001))
    with pytest.raises(UploadTooLarge):
        uploads.append(deferred.id, DEVICE, 0, Body(b""), length=1001)


def test_the_open_uploads_of_one_sender_are_counted_and_finished_ones_are_not(make_uploads, clock):
    uploads = make_uploads(max_open_per_owner=3)
    ids = [begun(uploads, b"x").id for _ in range(3)]
    with pytest.raises(TooManyUploads):
        begun(uploads, b"x")
    uploads.create("device-2", 1, {})
    done = uploads.append(ids[0], DEVICE, 0, Body(b"x"))
    uploads.finish(done, lambda _: None)
    begun(uploads, b"x")
    uploads.terminate(ids[1], DEVICE)
    begun(uploads, b"x")
    with pytest.raises(TooManyUploads):
        begun(uploads, b"x")
    clock.passes(days=8)
    begun(uploads, b"x")


def test_a_length_left_open_is_declared_once(uploads):
    upload = uploads.create(DEVICE, None, {})
    upload = uploads.append(upload.id, DEVICE, 0, Body(DATA))
    assert not upload.complete
    with pytest.raises(BadUpload):
        uploads.append(upload.id, DEVICE, len(DATA), Body(b""), length=5)
    upload = uploads.append(upload.id, DEVICE, len(DATA), Body(b""), length=len(DATA))
    assert upload.complete
    with pytest.raises(BadUpload):
        uploads.append(upload.id, DEVICE, len(DATA), Body(b""), length=len(DATA) + 1)


def test_a_length_declared_while_a_block_is_read_binds_that_block_too(uploads):
    upload = uploads.create(DEVICE, None, {})
    body = Body(DATA)

    def read(size: int) -> bytes:
        if uploads.find(upload.id, DEVICE).length is None:
            uploads.append(upload.id, DEVICE, 0, Body(b""), length=10)
        return body(size)

    with pytest.raises(ExcessBytes):
        uploads.append(upload.id, DEVICE, 0, read)
    assert staged(upload) == b""


# -- ending --------------------------------------------------------------------------------------


def test_an_upload_expires_is_swept_and_may_be_begun_anew(uploads, clock):
    upload = begun(uploads, **NAMED)
    uploads.append(upload.id, DEVICE, 0, Body(DATA[:10]))
    clock.passes(days=6, hours=23)
    assert uploads.sweep(clock.now) == 0
    assert uploads.find(upload.id, DEVICE).offset == 10
    clock.passes(hours=1)
    with pytest.raises(UploadExpired):
        uploads.find(upload.id, DEVICE)
    anew = begun(uploads, **NAMED)
    assert (anew.id, anew.offset) == (upload.id, 0)
    clock.passes(days=7)
    assert uploads.sweep(clock.now) == 1
    with pytest.raises(UploadUnknown):
        uploads.find(upload.id, DEVICE)
    assert [p.name for p in upload.path.parent.iterdir()] == [".lock"]


def test_what_arrived_whole_waits_for_a_dead_store_however_long(uploads, clock):
    """Its bytes are acknowledged, and its sender may have freed them."""
    complete = uploads.append(begun(uploads, **NAMED).id, DEVICE, 0, Body(DATA))

    def away(_):
        raise StoreUnavailable

    clock.passes(days=30)
    assert uploads.sweep(clock.now) == 0
    assert staged(complete) == DATA
    assert [u.id for u in uploads.waiting()] == [complete.id] == [u.id for u in uploads.open_uploads(DEVICE)]
    assert uploads.find(complete.id, DEVICE).offset == len(DATA)  # the phone asks and sends nothing again
    with pytest.raises(StoreUnavailable):
        uploads.finish(complete, away)
    assert begun(uploads, **NAMED).offset == len(DATA)
    uploads.finish(complete, lambda u: None)
    assert list(uploads.waiting()) == []
    assert uploads.sweep(clock.now) == 1  # its tombstone expires as ever


def test_a_sweep_clears_what_crashes_left_and_nothing_else(uploads, clock):
    upload = begun(uploads, **NAMED)
    folder = upload.path.parent
    for name in (".incoming-1", "0" * 32 + ".part", "1" * 32 + ".json"):
        (folder / name).write_bytes(b"{}")
    (folder / ("1" * 32 + ".json")).write_bytes((folder / f"{upload.id}.json").read_bytes())
    uploads.sweep(clock.now)
    assert sorted(p.name for p in folder.iterdir()) == [
        ".lock", *sorted([f"{upload.id}.json", f"{upload.id}.part"])
    ]  # fmt: skip


def test_a_finished_upload_answers_until_it_expires_and_its_bytes_are_freed(uploads, clock):
    upload = begun(uploads, **NAMED)
    complete = uploads.append(upload.id, DEVICE, 0, Body(DATA))
    seen = []
    uploads.finish(complete, lambda u: seen.append(staged(u)))
    assert seen == [DATA]
    assert not upload.path.exists()
    found = uploads.find(upload.id, DEVICE)
    assert found.done and found.complete and found.offset == len(DATA)
    assert begun(uploads, **NAMED).done
    with pytest.raises(SizeMismatch):
        uploads.create(DEVICE, 5, NAMED)
    with pytest.raises(OffsetMismatch):
        uploads.append(upload.id, DEVICE, 0, Body(DATA))
    clock.passes(days=7)
    assert uploads.sweep(clock.now) == 1


def test_eight_who_finish_one_upload_bring_it_to_rest_once(uploads):
    complete = uploads.append(begun(uploads, **NAMED).id, DEVICE, 0, Body(DATA))
    rested = []
    with ThreadPoolExecutor(8) as pool:
        all_done = list(pool.map(lambda _: uploads.finish(complete, rested.append), range(8)))
    assert len(rested) == 1
    assert all(u.done for u in all_done)


def test_a_store_that_is_away_keeps_the_bytes_and_wrong_bytes_are_let_go(uploads):
    complete = uploads.append(begun(uploads, **NAMED).id, DEVICE, 0, Body(DATA))

    def away(_):
        raise StoreUnavailable

    def wrong(_):
        raise DigestMismatch(declared="a", arrived="b")

    with pytest.raises(StoreUnavailable):
        uploads.finish(complete, away)
    assert staged(complete) == DATA
    with pytest.raises(DigestMismatch):
        uploads.finish(complete, wrong)
    assert not complete.path.exists()
    assert begun(uploads, **NAMED).offset == 0


def test_an_incomplete_upload_is_not_finished(uploads):
    upload = uploads.append(begun(uploads, **NAMED).id, DEVICE, 0, Body(DATA[:5]))
    with pytest.raises(OffsetMismatch):
        uploads.finish(upload, lambda _: pytest.fail("five bytes are no photograph"))


def test_a_sender_whose_upload_makes_way_for_another_writes_nothing_into_that_one(uploads, clock):
    upload = begun(uploads, **NAMED)
    body = Body(DATA)

    def read(size: int) -> bytes:
        uploads.discard(upload)
        clock.passes(seconds=1)
        begun(uploads, **NAMED)
        return body(size)

    with pytest.raises(UploadUnknown):
        uploads.append(upload.id, DEVICE, 0, read)
    assert uploads.find(upload.id, DEVICE).offset == 0


def test_a_sender_who_waited_for_an_upload_that_was_replaced_is_not_acknowledged(uploads):
    upload = begun(uploads, **NAMED)
    with ThreadPoolExecutor(1) as pool:
        with uploads._staging.locked_part(upload):
            waiting = pool.submit(uploads.append, upload.id, DEVICE, 0, Body(DATA))
            time.sleep(0.1)
            uploads._forget(upload)
            begun(uploads, **NAMED)  # under the same id and in the same instant
        assert isinstance(waiting.exception(), UploadUnknown)
    assert uploads.find(upload.id, DEVICE).offset == 0
