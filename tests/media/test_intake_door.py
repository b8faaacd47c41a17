"""The door: bytes that are what was declared, and only photographs."""

import pytest
from sqlalchemy import create_engine, insert, inspect, select

from media.errors import DigestMismatch, EmptyFile, NotAnImage, SizeMismatch
from media.intake import rest, signature, verify
from media.tables import blobs, metadata
from tests.media.sender import sha256


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        *((b"\0\0\0\x18ftyp" + b, "image/heic")
          for b in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")),
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


def test_what_was_not_declared_is_refused(file_of, photo):
    with pytest.raises(DigestMismatch):
        verify(file_of(photo), sha256=sha256(b"other"), size=len(photo))
    with pytest.raises(SizeMismatch):
        verify(file_of(photo), sha256=sha256(photo), size=len(photo) + 1)
    with pytest.raises(EmptyFile):
        verify(file_of(b""), sha256=sha256(b""), size=0)


def test_what_is_no_photograph_is_refused_where_one_was_promised(file_of):
    text = b"%PDF-1.7 not a photograph"
    with pytest.raises(NotAnImage):
        verify(file_of(text), sha256=sha256(text))
    assert verify(file_of(text), sha256=sha256(text), photo=False).mime.endswith("octet-stream")


def test_bytes_that_change_between_the_door_and_the_shelf_are_refused(file_of, store, photo):
    path = file_of(photo)
    verified = verify(path, sha256=sha256(photo))
    path.write_bytes(photo[:-1] + b"!")
    with pytest.raises(DigestMismatch):
        rest(store, "project:p", path, verified)


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
