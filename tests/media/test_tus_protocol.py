"""The tus 1.0 protocol as a table: what is asked, what is answered, and with which headers."""

import base64
import hashlib
import os
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from media.errors import BadMetadata, DigestMismatch, MediaError, NotAnImage, StoreUnavailable
from media.intake import rest, verify
from media.staging import Upload
from media.tus import Answer, Tus, format_metadata, parse_metadata
from tests.media.sender import DEVICE, Body, sha256

SIZE = 100_000
DATA = os.urandom(SIZE)
OCTETS = {"Content-Type": "application/offset+octet-stream"}


@dataclass
class Client:
    """Speaks to a Tus without a network; refusals come back as answers, as a server sends them."""

    tus: Tus
    finished: list[Upload] = field(default_factory=list)
    refusal: MediaError | None = None
    owner: str = DEVICE

    def finish(self, upload: Upload) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.finished.append(upload)

    def __call__(self, method, upload_id=None, body=b"", *, chunked=False, cut=False, **headers):
        sent = {"tus-resumable": "1.0.0"}
        if not chunked:
            sent["Content-Length"] = str(len(body))
        else:
            sent["Transfer-Encoding"] = "chunked"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        try:
            return self.tus.answer(method, upload_id, sent, Body(body, cut=cut), self.owner, self.finish)
        except MediaError as refusal:
            return Answer(refusal.status, refusal.headers)

    def create(self, length=SIZE, **headers) -> str:
        answer = self("POST", Upload_Length=str(length), **headers)
        assert answer.status == 201, answer
        return answer.location_id

    def patch(self, upload_id, offset, body, **headers):
        named = {"Upload_Offset": str(offset), "Content_Type": OCTETS["Content-Type"]}
        return self("PATCH", upload_id, body, **named | headers)


@pytest.fixture
def client(uploads) -> Client:
    return Client(Tus(uploads))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_options_tells_what_is_spoken_to_a_client_of_any_version(client):
    answer = client("OPTIONS", tus_resumable=None)
    assert answer.status == 204
    assert answer.headers == {
        "Tus-Resumable": "1.0.0",
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,creation-with-upload,creation-defer-length,"
        "checksum,termination,expiration",
        "Tus-Max-Size": str(64 << 20),
        "Tus-Checksum-Algorithm": "sha1,sha256",
        "Cache-Control": "no-store",
    }


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("version", [None, "0.2.2", "1.0"])
def test_another_version_is_refused_with_the_one_that_is_spoken(client, method, version):
    answer = client(method, tus_resumable=version)
    assert answer.status == 412
    assert answer.headers["Tus-Version"] == "1.0.0"


def test_an_upload_is_created_asked_for_continued_and_finished(client, clock):
    upload_id = client.create(Upload_Metadata="filename " + b64("图 1.jpg".encode()))
    head = client("HEAD", upload_id)
    assert head.status == 200
    assert head.headers["Upload-Offset"] == "0"
    assert head.headers["Upload-Length"] == str(len(DATA))
    assert head.headers["Cache-Control"] == "no-store"
    assert parse_metadata(head.headers["Upload-Metadata"]) == {"filename": "图 1.jpg"}
    assert (parsedate_to_datetime(head.headers["Upload-Expires"]) - clock.now).days == 7
    assert client.patch(upload_id, 0, DATA[:60_000]).headers["Upload-Offset"] == "60000"
    assert client("HEAD", upload_id).headers["Upload-Offset"] == "60000"
    assert client.finished == []
    last = client.patch(upload_id, 60_000, DATA[60_000:])
    assert (last.status, last.headers["Upload-Offset"]) == (204, str(len(DATA)))
    assert [u.id for u in client.finished] == [upload_id]
    after = client("HEAD", upload_id)
    assert (after.status, after.headers["Upload-Offset"]) == (200, str(len(DATA)))
    assert len(client.finished) == 1


def test_a_creation_may_carry_bytes_in_whole_or_in_part(client):
    whole = client("POST", None, DATA, Upload_Length=str(len(DATA)), **OCTETS)
    assert (whole.status, whole.headers["Upload-Offset"]) == (201, str(len(DATA)))
    assert len(client.finished) == 1
    part = client("POST", None, DATA[:7], chunked=True, Upload_Length=str(len(DATA)), **OCTETS)
    assert (part.status, part.headers["Upload-Offset"]) == (201, "7")


def test_a_repeated_creation_answers_where_the_file_stands_and_adds_nothing(client):
    names = {"dossier": "project:p", "record": "r", "sha256": sha256(DATA)}
    asked = {"Upload_Length": str(len(DATA)), "Upload_Metadata": format_metadata(names), **OCTETS}
    first = client("POST", None, DATA[:500], **asked)
    again = client("POST", None, DATA[:500], **asked)
    assert first.location_id == again.location_id
    assert again.headers["Upload-Offset"] == "500"


def test_a_length_may_come_later(client):
    upload_id = client("POST", Upload_Defer_Length="1").location_id
    head = client("HEAD", upload_id)
    assert head.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in head.headers
    client.patch(upload_id, 0, DATA[:10])
    client.patch(upload_id, 10, DATA[10:], Upload_Length=str(len(DATA)))
    assert len(client.finished) == 1


def test_an_empty_file_is_complete_at_once(client):
    client.create(0)
    assert client.finished[0].offset == 0


@pytest.mark.parametrize("header", [None, "", "is_confidential", "a ,b Yg=="])
def test_metadata_may_be_absent_empty_or_without_a_value(client, header):
    client.create(Upload_Metadata=header)


@pytest.mark.parametrize("header", ["a !!", "a Yg", "a /w==", "a b c", "a Yg==,a Yg==", "ä Yg=="])
def test_metadata_that_cannot_be_read_is_refused(header):
    with pytest.raises(BadMetadata):
        parse_metadata(header)


def test_a_proven_piece_counts_and_a_damaged_one_answers_460(client):
    upload_id = client.create()
    wrong = "sha1 " + b64(hashlib.sha1(b"other").digest())
    refused = client.patch(upload_id, 0, DATA, Upload_Checksum=wrong)
    assert (refused.status, refused.headers["Upload-Offset"]) == (460, "0")
    assert client("HEAD", upload_id).headers["Upload-Offset"] == "0"
    right = "sha256 " + b64(hashlib.sha256(DATA).digest())
    assert client.patch(upload_id, 0, DATA, Upload_Checksum=right).status == 204


def test_a_method_may_be_overridden(client):
    upload_id = client.create()
    named = {"Upload_Offset": "0", "X_HTTP_Method_Override": "PATCH"}
    assert client("POST", upload_id, DATA, **named, **OCTETS).status == 204
    assert client("POST", upload_id, X_HTTP_Method_Override="DELETE").status == 204


def test_a_terminated_upload_is_gone_and_an_expired_one_says_so(client, clock):
    first, second = client.create(), client.create()
    assert client("DELETE", first).status == 204
    assert client("HEAD", first).status == 404
    clock.passes(days=7)
    assert client("HEAD", second).status == 410
    assert client.patch(second, 0, DATA).status == 410


@pytest.mark.parametrize(
    ("status", "method", "known", "headers"),
    [
        (400, "POST", False, {}),
        (400, "POST", False, {"Upload_Length": "-1"}),
        (400, "POST", False, {"Upload_Length": "1_0"}),
        (400, "POST", False, {"Upload_Length": "٣"}),
        (400, "POST", False, {"Upload_Length": "1" * 30}),
        (400, "POST", False, {"Upload_Length": "1", "Upload_Defer_Length": "1"}),
        (400, "POST", False, {"Upload_Defer_Length": "2"}),
        (413, "POST", False, {"Upload_Length": str((64 << 20) + 1)}),
        (415, "POST", False, {"Upload_Length": "5", "Content_Length": "5"}),
        (404, "HEAD", False, {}),
        (405, "GET", True, {}),
        (405, "POST", True, {"Upload_Length": "5"}),
        (415, "PATCH", True, {"Upload_Offset": "0"}),
        (415, "PATCH", True, {"Upload_Offset": "0", "Content_Type": "text/plain"}),
        (400, "PATCH", True, OCTETS),
        (400, "PATCH", True, {"Upload_Offset": "-1", **OCTETS}),
        (409, "PATCH", True, {"Upload_Offset": "5", **OCTETS}),
        (413, "PATCH", True, {"Upload_Offset": "0", "Content_Length": "100001", **OCTETS}),
        (400, "PATCH", True, {"Upload_Offset": "0", "Upload_Checksum": "md5 Yg==", **OCTETS}),
        (400, "PATCH", True, {"Upload_Offset": "0", "Upload_Checksum": "sha1 !", **OCTETS}),
        (400, "PATCH", True, {"Upload_Offset": "0", "Upload_Length": "5", **OCTETS}),
    ],
)
def test_what_is_wrong_is_answered_by_its_status_and_changes_nothing(client, status, method, known, headers):
    upload_id = client.create()
    answer = client(method, upload_id if known else None, **headers)
    assert answer.status == status
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert client("HEAD", upload_id).headers["Upload-Offset"] == "0"


def test_a_stranger_is_answered_as_if_there_were_nothing(client):
    upload_id = client.create()
    client.owner = "device-2"
    assert client("HEAD", upload_id).status == 404
    assert client.patch(upload_id, 0, DATA).status == 404
    assert client("DELETE", upload_id).status == 404


def test_the_servers_own_rules_for_metadata_stop_a_creation_before_it_begins(uploads):
    def validate(metadata, length):
        if "dossier" not in metadata:
            raise BadMetadata("dossier")

    client = Client(Tus(uploads, validate))
    assert client("POST", Upload_Length="5").status == 400
    assert uploads.open_uploads(DEVICE) == []


@pytest.mark.parametrize("asking", ["HEAD", "PATCH", "POST"])
def test_a_file_whose_finish_failed_is_finished_when_it_is_next_asked_for(client, asking):
    names = {"dossier": "project:p", "record": "r", "sha256": sha256(DATA)}
    asked = {"Upload_Length": str(len(DATA)), "Upload_Metadata": format_metadata(names)}
    upload_id = client("POST", **asked).location_id
    client.refusal = StoreUnavailable()
    failed = client.patch(upload_id, 0, DATA)
    assert (failed.status, failed.headers["Upload-Offset"]) == (503, str(len(DATA)))
    client.refusal = None
    if asking == "HEAD":
        answer = client("HEAD", upload_id)
    elif asking == "PATCH":
        answer = client.patch(upload_id, len(DATA), b"")
    else:
        answer = client("POST", **asked)
    assert answer.headers["Upload-Offset"] == str(len(DATA))
    assert len(client.finished) == 1


def test_a_connection_cut_after_the_last_byte_costs_nothing(client):
    upload_id = client.create()
    with pytest.raises(ConnectionResetError):
        client("PATCH", upload_id, DATA, chunked=True, cut=True, Upload_Offset="0", **OCTETS)
    assert client.finished == []
    assert client("HEAD", upload_id).headers["Upload-Offset"] == str(len(DATA))
    assert len(client.finished) == 1


@pytest.mark.parametrize("refusal", [DigestMismatch(declared="a", arrived="b"), NotAnImage()])
def test_bytes_that_can_never_be_accepted_are_let_go(client, refusal):
    upload_id = client.create()
    client.refusal = refusal
    assert client.patch(upload_id, 0, DATA).status == refusal.status
    assert client("HEAD", upload_id).status == 404


def test_a_photo_goes_the_whole_way_from_the_wire_to_its_rest(uploads, store, photo):
    digest = sha256(photo)

    def finish(upload: Upload) -> None:
        verified = verify(upload.path, sha256=upload.metadata["sha256"], size=upload.length)
        rest(store, upload.metadata["dossier"], upload.path, verified)

    client = Client(Tus(uploads))
    client.finish = finish  # type: ignore[method-assign]
    names = {"dossier": "project:p", "record": "r", "sha256": digest}
    upload_id = client.create(len(photo), Upload_Metadata=format_metadata(names))
    assert client.patch(upload_id, 0, photo).status == 204
    assert store.open(f"media/project:p/o/{digest[:2]}/{digest}").read() == photo
    assert not any(Path(uploads.find(upload_id, DEVICE).path.parent).glob("*.part"))
