"""The door: bytes that are what was declared, and only kinds of file that are known."""

import pytest
from sqlalchemy import create_engine, insert, inspect, select

from media import intake
from media.durable import MIB
from media.errors import (
    DigestMismatch,
    EmptyFile,
    NotAnAttachment,
    NotAnImage,
    SizeMismatch,
    TooLargeForType,
)
from media.intake import ATTACHED, AUDIO, IMAGES, largest, rest, signature, verify
from media.tables import blobs, metadata
from tests.media.sender import sha256

# An EBML head as ffmpeg and browsers write it.
WEBM = bytes.fromhex("1a45dfa3 9f 428681 01 42f781 01 42f281 04 42f381 08") + b"\x42\x82\x84webm"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        *((b"\0\0\0\x18ftyp" + b, "image/heic")
          for b in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")),
        *((b"\0\0\0\x20ftyp" + b, "video/mp4")
          for b in (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV",
                    b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"dash")),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (WEBM, "video/webm"),
        (WEBM.replace(b"\x84webm", b"\x88matroska"), "video/x-matroska"),
        (WEBM.replace(b"webm", b"wobm"), None),
        (WEBM[:5], None),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 60, None),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82", None),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\n%PDF-1.7\n", None),
        (b"<html>%PDF-1.7", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"<?xml version='1.0'?><svg>", None),
        (b"PK\x03\x04", None),
        (b"\0\0\0\x18ftypavif", None),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"GIF89a", None),
        (b"<html>", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)  # fmt: skip
def test_the_first_bytes_say_what_a_file_is(head, mime):
    assert signature(head) == mime


def test_a_declared_photo_passes_and_rests_once(file_of, store, photo):
    path = file_of(photo)
    verified = verify(path, sha256=sha256(photo), size=len(photo))
    assert (verified.mime, verified.size) == ("image/jpeg", len(photo))
    assert rest(store, "project:p", path, verified)
    assert not rest(store, "project:p", path, verified)


def test_what_was_not_declared_is_refused(file_of, store, photo):
    other = file_of(photo)
    with pytest.raises(DigestMismatch):
        rest(store, "project:p", other, verify(other, sha256=sha256(b"other"), size=len(photo)))
    with pytest.raises(SizeMismatch):
        verify(file_of(photo), sha256=sha256(photo), size=len(photo) + 1)
    with pytest.raises(EmptyFile):
        verify(file_of(b""), sha256=sha256(b""), size=0)
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_what_is_no_photograph_is_refused_where_one_was_promised(file_of):
    for data in (b"%PDF-1.7 no photograph", MP4, WEBM, b"text"):
        for declared in (None, "image/jpeg", "text/html", ""):
            with pytest.raises(NotAnImage):
                verify(file_of(data), sha256=sha256(data), declared=declared)


def test_an_attachment_is_a_video_or_a_paper_and_never_a_photograph_or_a_page(file_of, photo):
    for data, mime in ((b"%PDF-1.7", "application/pdf"), (MP4, "video/mp4"), (WEBM, "video/webm")):
        for declared in set(ATTACHED) - set(AUDIO):  # phones call every video MP4; the bytes say what it is
            assert verify(file_of(data), sha256=sha256(data), declared=declared).mime == mime
    for data in (photo, b"<html><script>alert(1)</script>", b"<svg onload='alert(1)'>", b"GIF89a"):
        with pytest.raises(NotAnAttachment):
            verify(file_of(data), sha256=sha256(data), declared="video/mp4")


def test_a_recording_is_a_container_whose_sender_says_that_it_is_only_heard(file_of, photo):
    for data, container, heard in ((MP4, "video/mp4", "audio/mp4"), (WEBM, "video/webm", "audio/webm")):
        assert verify(file_of(data), sha256=sha256(data), declared=heard).mime == heard
        for other in set(AUDIO) - {heard}:
            assert verify(file_of(data), sha256=sha256(data), declared=other).mime == container
    for data in (photo, b"ID3 some music", b"OggS"):
        with pytest.raises(NotAnAttachment):
            verify(file_of(data), sha256=sha256(data), declared="audio/webm")
    assert {largest(mime) for mime in AUDIO} == {16 * MIB}


def test_damaged_bytes_are_called_damaged_whatever_they_look_like(file_of):
    for declared in ("image/jpeg", "video/mp4"):
        with pytest.raises(DigestMismatch):
            verify(file_of(b"damaged"), sha256=sha256(b"whole"), declared=declared)


def test_each_type_has_its_own_limit():
    assert {largest(mime) for mime in IMAGES} == {64 * MIB} == {largest("application/pdf")}
    assert {largest(mime) for mime in ATTACHED if mime.startswith("video/")} == {2048 * MIB}
    assert largest(None) == largest("") == largest("text/html") == 64 * MIB


def test_a_paper_that_was_called_a_video_is_held_to_a_paper_s_limit(file_of, monkeypatch):
    monkeypatch.setattr(intake, "ATTACHED", {"video/mp4": 100, "application/pdf": 10})
    data = b"%PDF-1.7 more than ten"
    with pytest.raises(TooLargeForType) as refused:
        verify(file_of(data), sha256=sha256(data), declared="video/mp4")
    assert refused.value.final and refused.value.details == {"limit": 10}


def test_bytes_that_change_between_the_door_and_the_shelf_are_refused(file_of, store, photo):
    path = file_of(photo)
    verified = verify(path, sha256=sha256(photo))
    path.write_bytes(photo[:-1] + b"!")
    with pytest.raises(DigestMismatch):
        rest(store, "project:p", path, verified)


def test_other_bytes_than_those_at_rest_are_refused_though_the_right_ones_are_there(file_of, store, photo):
    path = file_of(photo)
    rest(store, "project:p", path, verify(path, sha256=sha256(photo)))
    path.write_bytes(photo[:-1] + b"!")
    with pytest.raises(DigestMismatch):
        rest(store, "project:p", path, verify(path, sha256=sha256(photo)))


def test_a_blob_is_one_line_for_each_dossier_and_digest(clock):
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    line = {"sha256": sha256(b"x"), "size": 5 << 30, "mime": "image/jpeg", "stored_at": clock.now}
    with engine.begin() as connection:
        connection.execute(insert(blobs), [{"dossier": f"project:{n}", **line} for n in "ab"])
        assert connection.execute(select(blobs.c.picture, blobs.c.size)).all() == [(None, 5 << 30)] * 2
        assert inspect(connection).get_pk_constraint("blobs")["constrained_columns"] == [
            "dossier", "sha256"
        ]  # fmt: skip
