"""tuspy, and what no client sends of its own accord, against the house and against the tus front alone."""

import base64
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.clients.conftest import PIECE, Camera
from tests.clients.node import tus_js
from tests.support.live import LiveServer

pytestmark = pytest.mark.journey
LIFETIME_S = 2.0
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The tus front without an office: its address, and the folder of what arrived."""
    folder = tmp_path_factory.mktemp("front")
    command = [
        *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8"),
        *("--bind", "{bind}", "--no-control-socket", "tests.clients.bare:site"),
    ]
    env = {"ROOT": str(folder), "LIFETIME_S": str(LIFETIME_S)}
    with LiveServer(env, command, folder=folder) as server:
        yield f"{server.url}/files", folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "图 1.jpg"
    path.write_bytes(bytes(range(256)) * 800)
    return path


def arrived(front: tuple[str, Path], url: str) -> bytes:
    return (front[1] / url.rpartition("/")[2]).read_bytes()


def raw(method: str, url: str, headers: dict[str, str], content: bytes = b"") -> httpx.Response:
    return httpx.request(method, url, headers=headers, content=content, trust_env=False)


def begun(front: tuple[str, Path], length: int | None = None, **more: str) -> str:
    said = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return raw("POST", front[0], TUS | said | more).headers["Location"]


def patch(url: str, offset: int, content: bytes, **more: str) -> httpx.Response:
    return raw("PATCH", url, OCTETS | {"Upload-Offset": str(offset)} | more, content)


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("metadata", [{}, {"name": "图 1.jpg"}])
def test_tuspy_sends_in_pieces_and_resumes_with_and_without_metadata(
    front: tuple[str, Path], file: Path, checked: bool, metadata: dict[str, str]
) -> None:
    client = TusClient(front[0])
    said: dict[str, Any] = {"chunk_size": PIECE, "metadata": metadata, "upload_checksum": checked}
    first = client.uploader(str(file), **said)
    first.upload(stop_at=2 * PIECE)
    second = client.uploader(str(file), url=first.url, **said)
    assert second.offset == 2 * PIECE
    second.upload()
    assert arrived(front, first.url) == file.read_bytes()


@pytest.mark.parametrize("checked", [False, True])
def test_tuspy_brings_a_photograph_to_rest_in_the_house_and_goes_on_where_it_stood(
    camera: Camera, checked: bool
) -> None:
    path, said = camera.take()
    client = TusClient(camera.where["endpoint"], headers=camera.where["headers"])
    how: dict[str, Any] = {"chunk_size": PIECE, "metadata": said, "upload_checksum": checked}
    first = client.uploader(str(path), **how)
    first.upload(stop_at=2 * PIECE)
    second = client.uploader(str(path), url=first.url, **how)
    assert second.offset == 2 * PIECE and not camera.rests(path)
    second.upload()
    assert camera.rests(path)
    # Begun once more, it stands at its end: nothing is sent again.
    third = client.uploader(str(path), **how)
    third.set_url(third.create_url())
    assert third.url == first.url and third.get_offset() == path.stat().st_size


def test_the_house_tells_tuspy_that_a_file_must_say_whose_it_is(camera: Camera) -> None:
    path, _said = camera.take()
    client = TusClient(camera.where["endpoint"], headers=camera.where["headers"])
    with pytest.raises(TusCommunicationError) as told:
        client.uploader(str(path)).upload()
    assert told.value.status_code == 400 and b"bad-metadata" in told.value.response_content


def test_both_clients_send_an_empty_file_that_says_nothing_of_itself(
    front: tuple[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "empty"
    file.write_bytes(b"")
    uploader = TusClient(front[0]).uploader(str(file))
    uploader.upload()
    assert arrived(front, uploader.url) == b""
    report = tus_js(file, endpoint=front[0])
    assert (report["asked"], report["error"]) == ([["POST", 201]], None)
    assert arrived(front, report["url"]) == b""


def test_both_clients_are_told_that_an_upload_has_expired(front: tuple[str, Path], file: Path) -> None:
    first = TusClient(front[0]).uploader(str(file), chunk_size=PIECE)
    first.upload_chunk()
    half = tus_js(file, endpoint=front[0], chunkSize=PIECE, stopAfter=PIECE)
    time.sleep(LIFETIME_S)
    with pytest.raises(TusUploadFailed) as gone:
        first.upload_chunk()
    assert gone.value.status_code == 410
    with pytest.raises(TusCommunicationError) as told:
        TusClient(front[0]).uploader(str(file), url=first.url)
    assert told.value.status_code == 410
    report = tus_js(file, endpoint=front[0], uploadUrl=half["url"])
    assert report["asked"][:2] == [["HEAD", 410], ["POST", 201]]
    assert arrived(front, report["url"]) == file.read_bytes()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_wrong_checksum_changes_nothing_and_the_right_one_goes_on(
    front: tuple[str, Path], algorithm: str
) -> None:
    data = bytes(range(256)) * 4096
    url = begun(front, len(data))

    def said(of: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, of).digest()).decode()}"

    wrong = patch(url, 0, data, **{"Upload-Checksum": said(data[1:])})
    assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (460, "0")
    assert raw("HEAD", url, TUS).headers["Upload-Offset"] == "0"
    assert patch(url, 0, data, **{"Upload-Checksum": said(data)}).status_code == 204
    assert arrived(front, url) == data


def test_what_the_clients_do_not_say_by_themselves_is_understood(front: tuple[str, Path]) -> None:
    both = raw("POST", front[0], OCTETS | {"Upload-Length": "10"}, b"01234")
    assert (both.status_code, both.headers["Upload-Offset"]) == (201, "5")
    url = both.headers["Location"]
    override = OCTETS | {"Upload-Offset": "5", "X-HTTP-Method-Override": "PATCH"}
    assert raw("POST", url, override, b"56789").status_code == 204
    assert arrived(front, url) == b"0123456789"
    late = begun(front)
    assert raw("HEAD", late, TUS).headers["Upload-Defer-Length"] == "1"
    assert patch(late, 0, b"abc").headers["Upload-Offset"] == "3"
    assert patch(late, 3, b"de", **{"Upload-Length": "5"}).status_code == 204
    assert arrived(front, late) == b"abcde"
    ended = begun(front, 3)
    assert raw("DELETE", ended, TUS).status_code == 204
    assert raw("HEAD", ended, TUS).status_code == 404
    assert json.dumps(raw("OPTIONS", front[0], {}).headers["Tus-Extension"]).count(",") == 5
