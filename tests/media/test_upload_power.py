"""A power cut takes what the disk was not asked to keep, and that is never what a sender was promised."""

import os
from pathlib import Path

import pytest

from media.errors import DigestMismatch, StoreUnavailable, UploadUnknown
from media.tus import CONTENT_TYPE, VERSION, Tus, format_metadata
from tests.media.sender import DEVICE, Body, sha256

DATA = os.urandom(600_000)  # a photograph of one block
HALF = 300_000
NAMED = {"dossier": "project:p1", "record": "r1", "sha256": sha256(DATA)}


class Disk:
    """Which files it was asked to keep; at a `cut` all others in the folder lose what they say: they are
    empty, or `zeros` in their full length, for some file systems keep the size.
    """

    def __init__(self, monkeypatch):
        self.kept, self.asked = set(), 0
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _fsync(self, fd):
        self.asked += 1
        self.kept.add(os.fstat(fd).st_ino)
        self._sync(fd)

    def cut(self, folder: Path, *, zeros: bool = False) -> None:
        for path in folder.rglob("*.*"):
            if path.is_file() and path.stat().st_ino not in self.kept:
                size = path.stat().st_size | 1 if zeros else 0
                os.truncate(path, 0)
                os.truncate(path, size)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def ask(uploads):
    """One request: `away` says that the store cannot be reached while it is answered."""
    tus = Tus(uploads)

    def asked(method, upload_id=None, data=None, *, offset=None, away=False, cut=False, size=True):
        def rest(_upload):
            if away:
                raise StoreUnavailable

        headers = {"Tus-Resumable": VERSION}
        if method == "POST":
            headers |= {"Upload-Length": str(len(DATA)), "Upload-Metadata": format_metadata(NAMED)}
        if data is not None:
            told = {"Content-Length": str(len(data))} if size else {"Transfer-Encoding": "chunked"}
            headers |= {"Content-Type": CONTENT_TYPE} | told
        if offset is not None:
            headers["Upload-Offset"] = str(offset)
        return tus.answer(method, upload_id, headers, Body(data or b"", cut=cut), DEVICE, rest)

    return asked


def promises(answer) -> tuple[str, int]:
    return answer.location_id, int(answer.headers["Upload-Offset"])


def killed_before_its_answer(ask, disk, monkeypatch, data) -> str:
    """A creation whose process dies with the first bytes in its hands; its upload's id."""
    with monkeypatch.context() as dying:
        dying.setattr("media.uploads.Uploads._keep", lambda _self, upload: upload)
        return ask("POST", data=data).location_id


@pytest.mark.parametrize("data", [None, b"", DATA[:HALF]])
def test_what_a_creation_answers_outlasts_a_power_cut_with_its_bytes(uploads, ask, disk, tmp_path, data):
    upload, offset = promises(ask("POST", data=data, size=bool(data)))
    disk.cut(tmp_path)
    assert uploads.find(upload, DEVICE).offset == offset == len(data or b"")


def test_what_arrived_before_a_cut_line_outlasts_a_power_cut(uploads, ask, disk, tmp_path):
    with pytest.raises(ConnectionResetError):
        ask("POST", data=DATA[:HALF], cut=True)
    disk.cut(tmp_path)
    assert [u.offset for u in uploads.open_uploads(DEVICE)] == [HALF]


def test_a_photograph_that_is_here_while_the_store_is_away_outlasts_a_power_cut(uploads, ask, disk, tmp_path):
    with pytest.raises(StoreUnavailable) as told:
        ask("POST", data=DATA, away=True)
    assert told.value.headers["Upload-Offset"] == str(len(DATA))
    disk.cut(tmp_path)
    assert [u.offset for u in uploads.waiting()] == [len(DATA)]


@pytest.mark.parametrize("question", ["HEAD", "POST", "PATCH"])
def test_whoever_asks_after_a_killed_process_is_promised_what_lasts(
    uploads, ask, disk, tmp_path, monkeypatch, question
):
    upload = killed_before_its_answer(ask, disk, monkeypatch, DATA[:HALF])
    more = DATA[HALF : HALF + 9] if question == "PATCH" else b""
    if more:
        answer = ask("PATCH", upload, more, offset=HALF)
    else:
        answer = ask(question, None if question == "POST" else upload)
    disk.cut(tmp_path)
    assert uploads.find(upload, DEVICE).offset == int(answer.headers["Upload-Offset"]) == HALF + len(more)


@pytest.mark.parametrize("zeros", [False, True])
def test_what_nobody_was_promised_may_go_and_is_begun_anew(
    uploads, ask, disk, tmp_path, clock, monkeypatch, zeros
):
    upload = killed_before_its_answer(ask, disk, monkeypatch, DATA[:HALF])
    disk.cut(tmp_path, zeros=zeros)
    with pytest.raises(UploadUnknown):
        uploads.find(upload, DEVICE)
    uploads.sweep(clock.now)
    assert [path.name for path in uploads._staging.folder(DEVICE).iterdir()] == [".lock"]
    assert promises(ask("POST", data=DATA)) == (upload, len(DATA))


def test_a_photograph_in_one_request_waits_for_the_disk_once(uploads, ask, disk):
    ask("POST", data=DATA[:9])  # its sender's folder is new, which is made to last once
    uploads.terminate(uploads.open_uploads(DEVICE)[0].id, DEVICE)
    before = disk.asked
    answer = ask("POST", data=DATA)
    assert uploads.find(answer.location_id, DEVICE).done
    assert disk.asked - before == 1


def test_a_tombstone_that_a_power_cut_took_is_an_upload_that_begins_anew(uploads, ask, disk, tmp_path, clock):
    first = ask("POST", data=DATA)
    disk.cut(tmp_path)
    with pytest.raises(UploadUnknown):
        uploads.find(first.location_id, DEVICE)
    assert promises(ask("POST", data=DATA)) == promises(first)
    with pytest.raises(DigestMismatch):  # and is judged anew
        uploads.terminate(first.location_id, DEVICE)
        again = uploads.append(uploads.create(DEVICE, 3, NAMED).id, DEVICE, 0, Body(b"abc"))
        uploads.finish(again, refused)


def refused(_upload):
    raise DigestMismatch(declared="a", arrived="b")
